# SPDX-License-Identifier: Apache-2.0
"""Clients that stop in the middle of an exchange, and what that costs the others."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.client import Client
from harness.clock import sleep_until
from harness.lines import broken_off
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

IPC_TIMEOUT = 1.0
PROMPT = IPC_TIMEOUT / 2
TIMED_OUT = "file descriptor: Connection timed out"


def waited_for_an_answer(client: Client) -> float:
    """How long a lookup takes."""
    begun = time.monotonic()
    assert client.ask(wire.find_endp("nothing")) == wire.FIND_ENDP_MISS
    return time.monotonic() - begun


def half_a_list(client: Client) -> None:
    client.send(b"request\0find_endp")


def no_terminator(client: Client) -> None:
    client.send(wire.save_endp("e", "p")[:-1])


def other_text(client: Client) -> None:
    client.send(b"GET / HTTP/1.0\r\n\r\n")


def no_descriptor(client: Client) -> None:
    client.send(wire.save_endp("e", "p"))
    client.expect(wire.DUMMY)


def no_first_dummy(client: Client) -> None:
    client.send(wire.find_endp("cached"))
    client.expect(wire.endp_found("p"))


def half_a_dummy(client: Client) -> None:
    no_first_dummy(client)
    client.send(wire.DUMMY[:3])


def no_last_dummy(client: Client) -> None:
    no_first_dummy(client)
    client.send(wire.DUMMY)
    client.descriptor()


@dataclasses.dataclass(frozen=True)
class Stop:
    """How a client stops; what is logged then, what it is told, whether its find was in vain."""

    act: Callable[[Client], None]
    log: list[str]
    told: bytes = b""
    undelivered: bool = False


STOPS = [
    Stop(half_a_list, broken_off(b"request\0find_endp", "timeout")),
    Stop(no_terminator, broken_off(wire.save_endp("e", "p")[:-1], "timeout")),
    Stop(other_text, broken_off(b"GET / HTTP/1.0\r\n\r\n", "timeout")),
    Stop(
        no_descriptor,
        [f"warning: scache_save_endp_service: unable to receive {TIMED_OUT}"],
        told=wire.status(2),
    ),
    Stop(
        no_first_dummy,
        [f"warning: scache_find_endp_service: cannot send {TIMED_OUT}"],
        undelivered=True,
    ),
    Stop(
        half_a_dummy,
        [
            *broken_off(wire.DUMMY[:3], "timeout"),
            f"warning: scache_find_endp_service: cannot send {TIMED_OUT}",
        ],
        undelivered=True,
    ),
    Stop(no_last_dummy, [f"warning: scache_find_endp_service: cannot send {TIMED_OUT}"]),
]


@pytest.mark.difference("stalls")
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.act.__name__)
def test_a_client_that_stops(
    start: Start, load: Load, expect: dict[str, Any], stop: Stop
) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    client, other, cargo = server.client(), server.client(), load()
    other.save_endp("cached", "p", cargo)
    stop.act(client)
    client.wait_until_heard()
    waits = waited_for_an_answer(other) > PROMPT
    assert waits == expect["others_wait"]
    server.log.expect(*stop.log)
    client.expect(stop.told)
    if expect["dropped"]:
        client.ends()
    else:
        assert client.says_nothing(0.1)
    back = stop.undelivered and expect["undelivered_comes_back"]
    untouched = stop.act.__name__ not in ("no_first_dummy", "half_a_dummy", "no_last_dummy")
    identity = cargo.identity if back or untouched else None
    assert server.client().find_endp("cached").identity == identity


@pytest.mark.difference("stalls")
def test_many_clients_that_stop_at_once(start: Start, expect: dict[str, Any]) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    other = server.client()
    stopped = [server.client() for _ in range(2)]
    for client in stopped:
        half_a_list(client)
    stopped[0].wait_until_heard()
    begun = time.monotonic()
    for _ in range(3):
        waited_for_an_answer(other)
    assert (time.monotonic() - begun > PROMPT) == expect["others_wait"]
    for client in stopped:
        server.log.expect(*broken_off(b"request\0find_endp", "timeout"))
        if expect["dropped"]:
            client.ends()


@pytest.mark.difference("dripping")
def test_one_more_byte_does_not_give_more_time(start: Start, expect: dict[str, Any]) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    client = server.client()
    begun = time.monotonic()
    client.send(wire.find_endp("x" * 100)[:-20])
    for number in range(1, 6):
        sleep_until(begun + number * 0.3)
        if not client.is_open():
            break
        client.socket.send(b"x", socket.MSG_NOSIGNAL)
    dropped = not client.is_open()
    assert dropped == expect["dropped"]
    if dropped:
        server.log.expect(*broken_off(b"request\0find_endp\0label\0x", "timeout"))
    else:
        server.leave(client)
        server.log.expect(*broken_off(b"request\0find_endp\0label\0x", "premature end-of-input"))


def test_an_idle_client_may_stay(start: Start) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    silent, spoken = server.client(), server.client()
    assert waited_for_an_answer(spoken) < PROMPT
    time.sleep(IPC_TIMEOUT * 1.4)
    assert silent.is_open()
    assert spoken.is_open()
    assert waited_for_an_answer(silent) < PROMPT
    assert waited_for_an_answer(spoken) < PROMPT


def test_each_request_has_its_whole_time(start: Start) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    client, request = server.client(), wire.find_endp("nothing")
    for _ in range(3):
        client.send(request[:20])
        time.sleep(IPC_TIMEOUT * 0.5)
        client.send(request[20:])
        client.expect(wire.FIND_ENDP_MISS)


@pytest.mark.difference("unread-replies")
def test_a_client_that_never_reads_its_replies(start: Start, expect: dict[str, Any]) -> None:
    server = start("-o", f"ipc_timeout={IPC_TIMEOUT:.0f}s")
    client, other = server.client(), server.client()
    before = server.resident()
    client.socket.settimeout(0.2)
    # The server stops reading where nobody reads its replies.
    with pytest.raises(TimeoutError):
        for _ in range(100_000):
            client.socket.send(wire.find_endp("nothing"))
    waits = waited_for_an_answer(other) > PROMPT
    assert waits == expect["others_wait"]
    assert server.resident() - before < 16 << 20
    if expect["dropped"]:
        client.socket.settimeout(5)
        begun = time.monotonic()
        while client.is_open():
            assert time.monotonic() < begun + 10
            time.sleep(0.01)
    server.leave(client)
    # What the stock server makes of requests that it got in pieces is another matter.
    server.log.rest()
    server.remaining = expect["kept"]


@pytest.mark.difference("watchdog")
def test_the_watchdog_minds_neither_idleness_nor_a_stalled_client(
    start: Start, expect: dict[str, Any]
) -> None:
    idle, stalled = start("-o", "daemon_timeout=3s"), start("-o", "daemon_timeout=3s")
    client, other = stalled.client(), idle.client()
    half_a_list(client)
    client.wait_until_heard()
    assert idle.child.lives_for(3.5)
    if expect["trips"]:
        assert stalled.child.wait() == expect["status"]
        stalled.log.expect(*expect["log"])
    else:
        assert stalled.child.alive()
        stalled.leave(client)
        stalled.log.expect(*broken_off(b"request\0find_endp", "premature end-of-input"))
    assert idle.child.alive()
    assert waited_for_an_answer(other) < PROMPT
