# SPDX-License-Identifier: Apache-2.0
"""Real servers: what they log of a connection that leaves the cache, and how they answer probes."""

from __future__ import annotations

import re
import socket

import pytest

from harness import ctl
from harness.cargo import Cargo
from harness.scached import Scached
from harness.waiting import PATIENCE, until
from lab import receivers

pytestmark = [pytest.mark.only("ours"), pytest.mark.root]


@pytest.mark.parametrize("name", sorted(receivers.KINDS))
def test_a_server_sees_a_client_that_leaves(scached: Scached, name: str) -> None:
    with receivers.receiver(name) as receiver:
        kind = receiver.kind
        scached.configure(f'[[goodbye]]\nendpoint = "polite"\nprotocol = "{kind.protocol}"\n')
        scached.start_here()
        client = scached.client()
        for endpoint, seen, other in (
            ("polite", kind.polite, kind.lost),
            ("abrupt", kind.lost, kind.polite),
        ):
            before = len(receiver.log)
            stream = receiver.connect()
            local = stream.getsockname()
            client.save_endp(endpoint, "p", Cargo(stream.detach()), 1)

            def said(since: int = before) -> str:
                return receiver.log[since:]

            until(lambda at=local: _is_gone(at), "the connection to end", PATIENCE)
            if seen:
                until(lambda want=seen: re.search(want, said()), lambda: f"{seen}: {said()}")
            # The server has closed the connection, too, and so has logged what it has to log.
            assert not (other and re.search(other, said())), said()


@pytest.mark.parametrize("name", sorted(receivers.KINDS))
def test_a_server_answers_probes(scached: Scached, name: str) -> None:
    with receivers.receiver(name) as receiver:
        kind = receiver.kind
        scached.configure(
            f'[[probe]]\nendpoint = "e"\nprotocol = "{kind.protocol}"\nidle = "100ms"\n'
        )
        scached.start_here()
        client = scached.client()
        client.save_endp("e", "p", Cargo(receiver.connect().detach()), 1000)

        def told() -> dict[str, int]:
            numbers: dict[str, int] = ctl.told(scached.path, "stats")
            return numbers

        until(lambda: told()["probes_passed"] >= 2, lambda: f"probes: {told()}")
        # A lookup at the moment of a probe finds nothing.
        until(lambda: client.find_endp("e").fd is not None, "the connection")
        assert (told()["probes_failed"], told()["dead"]) == (0, 0)


def _is_gone(address: tuple[str, int]) -> bool:
    """Whether the port of a client is in use by no connection that is open."""
    wanted = f"0100007F:{address[1]:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        states = [line.split()[3] for line in table if line.split()[1] == wanted]
    # All that may be left is TIME_WAIT.
    return all(state == "06" for state in states)
