# SPDX-License-Identifier: Apache-2.0
"""Clients that go away in the middle of an exchange."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.client import Client
from harness.lines import broken_off, no_error
from harness.server import Server

Load = Callable[..., Cargo]

NOT_RECEIVED = "warning: scache_save_endp_service: unable to receive file descriptor: "
NOT_SENT = "warning: scache_find_endp_service: cannot send file descriptor: "
NOT_SENT_DEST = "warning: scache_find_dest_service: cannot send file descriptor: "


def lookups_in_statistics(server: Server, kind: str) -> str:
    """The line on lookups, which a server logs when the status channel ends."""
    assert server.hang_up() == 0
    lines = [line for line in server.log.rest() if line.startswith(f"statistics: {kind} lookup")]
    assert len(lines) == 1
    return lines[0].partition("lookup ")[2]


def ask_and_leave_before_the_dummy(server: Server, request: bytes, reply: bytes) -> None:
    """A lookup that hits, by a client that does not wait for the descriptor."""
    client = server.client()
    assert client.ask(request) == reply
    server.leave(client)


def ask_and_be_deaf(server: Server, request: bytes, reply: bytes) -> Client:
    """A lookup that hits, by a client to which nothing can be sent when it sends its dummy."""
    client = server.client()
    assert client.ask(request) == reply
    client.socket.shutdown(socket.SHUT_RD)
    client.send(wire.DUMMY)
    return client


def test_in_silence(server: Server) -> None:
    clients = [server.client() for _ in range(20)]
    server.comes_to_hold(20)
    server.leave(*clients)
    server.comes_to_hold(0)


def test_before_the_greeting_is_read(server: Server) -> None:
    for _ in range(20):
        server.leave(server.connect())
    assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


def test_after_a_request_without_reading_the_reply(server: Server) -> None:
    for _ in range(20):
        client = server.client()
        client.send(wire.find_endp("e"))
        server.leave(client)
    assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.parametrize(
    "request_", [wire.save_endp("e", "p"), wire.find_dest("d")], ids=["save_endp", "find_dest"]
)
def test_within_a_request(server: Server, request_: bytes) -> None:
    other = server.client()
    for length in range(1, len(request_)):
        client = server.client()
        client.send(request_[:length])
        server.leave(client)
        server.log.expect(*broken_off(request_[:length], "premature end-of-input"))
    assert other.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.comes_to_hold(1)


@pytest.mark.difference("left-over-error")
def test_before_the_descriptor_of_a_save(server: Server) -> None:
    client, other = server.client(), server.client()
    client.send(wire.save_endp("e", "p"))
    client.expect(wire.DUMMY)
    server.leave(client)
    server.log.expect_one_of(NOT_RECEIVED, no_error())
    assert other.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("unconfirmed-save")
def test_after_the_descriptor_of_a_save_before_the_reply(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, other, cargo = server.client(), server.client(), load()
    client.send(wire.save_endp("e", "p"))
    client.expect(wire.DUMMY)
    with server.child.stopped():
        client.send(b"\0", [cargo.fd])
        server.leave(client)
    server.comes_to_hold(2 if expect["kept"] else 1)
    assert other.find_endp("e").identity == (cargo.identity if expect["kept"] else None)


@pytest.mark.difference("undelivered")
def test_before_the_first_dummy_of_a_lookup(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    other, cargo = server.client(), load()
    other.save_endp("e", "p", cargo)
    ask_and_leave_before_the_dummy(server, wire.find_endp("e"), wire.endp_found("p"))
    server.log.expect_one_of(NOT_SENT, no_error())
    assert other.find_endp("e").identity == (cargo.identity if expect["stays"] else None)


@pytest.mark.difference("undelivered")
def test_before_the_first_dummy_of_a_lookup_by_destination(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    other, cargo = server.client(), load()
    other.save_dest("d", "dp", "e")
    other.save_endp("e", "ep", cargo)
    ask_and_leave_before_the_dummy(server, wire.find_dest("d"), wire.dest_found("dp", "ep"))
    server.log.expect_one_of(NOT_SENT_DEST, no_error())
    assert other.find_dest("d").identity == (cargo.identity if expect["stays"] else None)


@pytest.mark.difference("undelivered")
def test_when_the_descriptor_cannot_be_sent(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    other, cargo = server.client(), load()
    other.save_endp("e", "p", cargo)
    client = ask_and_be_deaf(server, wire.find_endp("e"), wire.endp_found("p"))
    server.log.expect(NOT_SENT + "Broken pipe")
    server.leave(client)
    assert other.find_endp("e").identity == (cargo.identity if expect["stays"] else None)


@pytest.mark.difference("undelivered")
def test_an_undelivered_connection_keeps_its_place(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    other = server.client()
    for text in ("first", "second"):
        other.save_endp("e", text, load())
    ask_and_leave_before_the_dummy(server, wire.find_endp("e"), wire.endp_found("first"))
    server.log.expect_one_of(NOT_SENT, no_error())
    if expect["stays"]:
        assert other.find_endp("e").reply == wire.endp_found("first")
    assert other.find_endp("e").reply == wire.endp_found("second")
    assert other.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("undelivered")
def test_an_undelivered_connection_in_the_statistics(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    other = server.client()
    other.save_endp("e", "p", load())
    ask_and_leave_before_the_dummy(server, wire.find_endp("e"), wire.endp_found("p"))
    server.log.expect_one_of(NOT_SENT, no_error())
    if expect["stays"]:
        ask_and_be_deaf(server, wire.find_endp("e"), wire.endp_found("p"))
        server.log.expect(NOT_SENT + "Broken pipe")
    other.find_endp("nothing")
    assert lookups_in_statistics(server, "address") == expect["counted"]


@pytest.mark.difference("left-over-error")
def test_after_the_descriptor_without_the_last_dummy(
    server: Server, load: Load
) -> None:
    client, other, cargo = server.client(), server.client(), load()
    client.save_endp("e", "p", cargo)
    assert client.ask(wire.find_endp("e")) == wire.endp_found("p")
    client.send(wire.DUMMY)
    client.descriptor()
    server.leave(client)
    server.log.expect_one_of(NOT_SENT, no_error())
    assert other.find_endp("e").reply == wire.FIND_ENDP_MISS
    cargo.closed_by()
