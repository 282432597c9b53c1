# SPDX-License-Identifier: Apache-2.0
"""The process: status messages, its ends, and what is left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.server import Server
from harness.status import AVAIL, TAKEN

Load = Callable[..., Cargo]
Start = Callable[..., Server]

# GENERATION is octal.
GENERATION_NUMBER = 0o10


def first_words(server: Server) -> list[str]:
    """The log's rest, which must be statistics."""
    lines = server.log.rest()
    assert all(line.startswith("statistics: ") for line in lines)
    return lines


@pytest.mark.difference("status-messages")
def test_says_to_master_that_it_serves(server: Server, expect: dict[str, Any]) -> None:
    clients = [server.client(), server.client()]
    assert server.status.messages() == []
    for client in clients * 2:
        client.find_endp("nothing")
    count = expect["pairs_after_four_requests"]
    assert server.status.wait_for(2 * count) == [TAKEN, AVAIL] * count
    server.leave(*clients)
    server.comes_to_hold(0)
    assert server.status.messages() == [
        (server.pid, GENERATION_NUMBER, status) for status in [TAKEN, AVAIL] * count
    ]


def test_says_nothing_of_clients_that_come_and_go(server: Server) -> None:
    for _ in range(10):
        server.leave(server.client())
    server.comes_to_hold(0)
    assert server.status.messages() == []


def test_a_bad_first_request_counts_too(server: Server) -> None:
    server.client().ask(wire.attributes(("request", "frob")))
    server.log.expect('warning: unrecognized request: "frob", ignored')
    assert server.status.wait_for(2) == [TAKEN, AVAIL]


def test_the_generation_is_octal(start: Start) -> None:
    server = start(environment={"GENERATION": "17777777777"})
    server.client().find_endp("nothing")
    server.status.wait_for(2)
    assert server.status.messages()[0] == (server.pid, 0o17777777777, TAKEN)


def test_ends_when_master_hangs_up(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_dest("d", "p", "e")
    client.save_endp("e", "p", cargo)
    begun = time.monotonic()
    assert server.hang_up() == 0
    assert time.monotonic() - begun < 2
    client.ends()
    cargo.closed_by()
    lines = first_words(server)
    assert len(lines) == 2
    assert lines[0].startswith("statistics: start interval ")
    assert lines[1] == "statistics: max simultaneous domains=1 addresses=1 connection=1"


def test_ends_without_a_word_when_there_was_nothing_to_count(start: Start) -> None:
    server = start(warm=False)
    server.client()
    assert server.hang_up() == 0
    assert server.log.rest() == []


def test_ends_after_max_idle_without_clients(start: Start) -> None:
    server = start("-o", "max_idle=1s", warm=False)
    begun = time.monotonic()
    assert server.child.wait() == 0
    assert 0.5 < time.monotonic() - begun < 3
    assert server.status.messages() == []


def test_max_idle_counts_from_the_last_client_that_leaves(start: Start, load: Load) -> None:
    server = start("-o", "max_idle=1s")
    first, last, cargo = server.client(), server.client(), load()
    first.save_endp("e", "p", cargo, 100)
    time.sleep(0.7)
    server.leave(first)
    time.sleep(1.4)
    assert last.is_open()
    assert last.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    server.leave(last)
    begun = time.monotonic()
    assert server.child.wait() == 0
    assert 0.5 < time.monotonic() - begun < 3
    cargo.closed_by()
    assert len(first_words(server)) == 3


def test_a_new_client_puts_max_idle_off(start: Start) -> None:
    server = start("-o", "max_idle=2s")
    begun = time.monotonic()
    while time.monotonic() - begun < 2.6:
        server.leave(server.client())
        time.sleep(0.4)
    assert server.child.alive()


@pytest.mark.parametrize(
    "number", [signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL]
)
def test_other_signals_end_it_at_once(server: Server, load: Load, number: int) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    server.child.kill(number)
    assert server.child.wait() == -number
    client.ends()
    cargo.closed_by()


@pytest.mark.difference("sigterm")
def test_sigterm_ends_it(server: Server, load: Load, expect: dict[str, Any]) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    client.find_endp("nothing")
    server.child.kill(signal.SIGTERM)
    assert server.child.wait() == expect["status"]
    client.ends()
    cargo.closed_by()
    lines = first_words(server)
    assert [line.partition(" interval ")[0] for line in lines] == expect["lines"]


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGCONT])
def test_some_signals_do_nothing(server: Server, number: int) -> None:
    client = server.client()
    server.child.kill(number)
    assert client.find_endp("nothing").reply == wire.FIND_ENDP_MISS


def test_goes_on_after_it_was_stopped(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    with server.child.stopped():
        client.send(wire.find_endp("e"))
        assert client.says_nothing(0.2)
    client.expect(wire.endp_found("p"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY)
