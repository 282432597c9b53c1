# SPDX-License-Identifier: Apache-2.0
"""Restarts and signals, again and again, while clients save and find.

`./dev attack` does the same for longer, and measures what clients wait."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from harness.cargo import Cargo
from harness.scached import Scached
from harness.server import Server
from harness.sharing import all_succeed, sharing
from harness.storm import HARMLESS
from harness.talkers import Direct, OfPostfix

pytestmark = pytest.mark.only("ours")

Load = Callable[..., Cargo]

RESTARTS = 20
SHARERS = 3

BURSTS, BURST = 20, 50


@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="SIGKILL"),
        pytest.param(signal.SIGTERM, 0, id="SIGTERM"),
        pytest.param(signal.SIGINT, 0, id="SIGINT"),
    ],
)
def test_restarts(scached: Scached, number: int, status: int) -> None:
    """Clients hear that the server is missing, or find nothing; then they are served again."""
    scached.start_here()
    with sharing(scached.path, SHARERS, restarts=True) as sharers:
        for _ in range(RESTARTS):
            all_succeed(sharers)
            scached.signal(number)
            assert scached.end() == status
            scached.start_here()
    assert scached.stop() == 0


def storm(numbers: tuple[int, ...], pid: int) -> Iterator[None]:
    """Bursts of all the signals. After each one comes what the caller has to do."""
    for _ in range(BURSTS):
        for _ in range(BURST):
            for number in numbers:
                os.kill(pid, number)
        yield


def test_signals(scached: Scached, load: Load) -> None:
    """SIGHUP is among them: the configuration is read again and again."""
    scached.configure("[ttl]\ndefault = '5s'\n")
    scached.start_here()
    scached.warm_up()
    talker, kept = Direct(scached), [load() for _ in range(50)]
    for item in kept:
        assert talker.save("p", item)
    with sharing(scached.path, SHARERS) as sharers:
        for _ in storm((signal.SIGHUP, *HARMLESS), scached.pid):
            all_succeed(sharers)
    scached.reload()
    for item in kept:
        assert talker.find("e") == ("p", item.identity)
    scached.leave(talker.client)
    scached.comes_to_hold(0)
    assert scached.stop() == 0


def test_signals_to_the_service_of_postfix(server: Server, load: Load) -> None:
    talker, kept = OfPostfix(server), [load() for _ in range(50)]
    for item in kept:
        assert talker.save("p", item)
    with sharing(server.scratch.socket, SHARERS) as sharers:
        for _ in storm(HARMLESS, server.pid):
            all_succeed(sharers)
    for item in kept:
        assert talker.find("e") == ("p", item.identity)
    server.leave(talker.client)
    server.comes_to_hold(0)
