# SPDX-License-Identifier: Apache-2.0
"""Descriptors: how they come in, that they go out unchanged, and that none is ever lost."""

from __future__ import annotations

import fcntl
import os
import pathlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import cargo as cargos
from harness import wire
from harness.cargo import Cargo
from harness.client import Client
from harness.clock import sleep_until
from harness.lines import no_error
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

NOT_RECEIVED = "warning: scache_save_endp_service: unable to receive file descriptor: "


def begin_save(client: Client, label: str = "e", properties: str = "p", ttl: int = 100) -> None:
    """A save up to where its descriptor is due."""
    client.send(wire.save_endp(label, properties, ttl))
    client.expect(wire.DUMMY)


def flags_of(descriptor: int) -> int:
    """The flags that all holders of a file share."""
    return fcntl.fcntl(descriptor, fcntl.F_GETFL)


@pytest.mark.parametrize("kind", [cargos.unix, cargos.tcp, cargos.pipe])
@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_connection_of_each_kind_comes_back_unchanged(
    server: Server, load: Load, kind: Callable[[], Cargo], blocking: bool
) -> None:
    client, cargo = server.client(), load(kind)
    os.set_blocking(cargo.fd, blocking)
    flags = flags_of(cargo.fd)
    assert client.save_endp("e", "p", cargo) == wire.status(0)
    server.comes_to_hold(2)
    found = client.find_endp("e")
    assert found.reply == wire.endp_found("p")
    assert found.fd is not None
    assert found.identity == cargo.identity
    assert flags_of(found.fd) == flags
    server.comes_to_hold(1)


@pytest.mark.difference("kinds")
def test_what_is_no_connection(
    server: Server, load: Load, tmp_path: pathlib.Path, expect: dict[str, Any]
) -> None:
    client = server.client()
    for kind in (cargos.null, cargos.datagrams, lambda: cargos.file(tmp_path / "file")):
        cargo = load(kind)
        assert client.save_endp("e", "p", cargo) == wire.status(expect["status"])
        server.log.expect(*expect["log"])
        found = client.find_endp("e")
        assert (found.fd is not None) == expect["handed_out"]
        if found.fd is not None:
            assert found.identity == cargo.identity


@pytest.mark.parametrize("kind", [cargos.unix, cargos.tcp])
@pytest.mark.difference("input")
def test_no_byte_is_read_from_a_connection(
    server: Server, load: Load, kind: Callable[[], Cargo], expect: dict[str, Any]
) -> None:
    client, cargo = server.client(), load(kind)
    peer = cargo.peer
    assert isinstance(peer, socket.socket)
    peer.send(b"before ")
    copy = os.dup(cargo.fd)
    client.save_endp("e", "p", cargo)
    peer.send(b"while cached")
    found = client.find_endp("e")
    assert (found.fd is not None) == expect["handed_out"]
    with socket.socket(fileno=copy) as mine:
        mine.settimeout(5)
        got = b""
        while len(got) < len(b"before while cached"):
            got += mine.recv(100)
        assert got == b"before while cached"
        mine.send(b"answer")
        assert peer.recv(100) == b"answer"


@pytest.mark.parametrize("kind", [cargos.unix, cargos.tcp])
@pytest.mark.difference("dead-connections")
def test_a_connection_whose_peer_has_left(
    server: Server, load: Load, kind: Callable[[], Cargo], expect: dict[str, Any]
) -> None:
    client, dead, living = server.client(), load(kind), load(kind)
    client.save_endp("e", "dead", dead)
    client.save_endp("e", "living", living)
    assert isinstance(dead.peer, socket.socket)
    dead.peer.send(b"421 bye\r\n")
    dead.peer.close()
    if expect["handed_out"]:
        found = client.find_endp("e")
        assert found.fd is not None
        assert found.identity == dead.identity
        assert os.read(found.fd, 100) == b"421 bye\r\n"
        assert os.read(found.fd, 100) == b""
    assert client.find_endp("e").identity == living.identity
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


def test_the_byte_with_the_descriptor_may_be_any(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    begin_save(client)
    client.send(b"x", [cargo.fd])
    client.expect(wire.status(0))
    assert client.find_endp("e").identity == cargo.identity


def test_bytes_after_that_byte_belong_to_the_next_request(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    begin_save(client)
    client.send(b"xyz", [cargo.fd])
    client.expect(wire.status(0))
    client.send(wire.find_endp("L"))
    server.log.expect(
        "warning: unexpected attribute yzrequest from scache socket (expecting: request)",
        "warning: unexpected attribute find_endp from scache socket (expecting: request)",
        "warning: unexpected attribute label from scache socket (expecting: request)",
        "warning: unexpected attribute L from scache socket (expecting: request)",
        "warning: missing attribute request in input from scache socket",
    )
    assert client.find_endp("e").identity == cargo.identity


@pytest.mark.difference("left-over-error")
def test_a_byte_without_a_descriptor_is_refused(server: Server) -> None:
    client, other = server.client(), server.client()
    begin_save(client)
    client.send(b"\0")
    client.expect(b"status\x002\0\0")
    server.log.expect_one_of(NOT_RECEIVED, no_error())
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    assert other.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("left-over-error")
def test_text_in_the_place_of_the_descriptor(server: Server) -> None:
    client = server.client()
    begin_save(client)
    client.send(b"hello")
    client.expect(b"status\x002\0\0")
    server.log.expect_one_of(NOT_RECEIVED, no_error())
    client.send(wire.find_endp("L"))
    server.log.expect(
        "warning: unexpected attribute ellorequest from scache socket (expecting: request)",
        "warning: unexpected attribute find_endp from scache socket (expecting: request)",
        "warning: unexpected attribute label from scache socket (expecting: request)",
        "warning: unexpected attribute L from scache socket (expecting: request)",
        "warning: missing attribute request in input from scache socket",
    )
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("surplus-descriptors")
@pytest.mark.parametrize("count", [2, 3, 253])
def test_more_descriptors_than_one_are_refused(
    server: Server, load: Load, expect: dict[str, Any], count: int
) -> None:
    client, cargo = server.client(), load()
    begin_save(client)
    client.send(b"\0", [cargo.fd] * count)
    client.expect(b"status\x002\0\0")
    server.log.expect_one_of(NOT_RECEIVED, no_error())
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.remaining = expect["leaked"]
    server.comes_to_hold(1 + server.remaining)


@pytest.mark.difference("surplus-descriptors")
def test_surplus_descriptors_do_not_add_up(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, cargo, times = server.client(), load(), 50
    for _ in range(times):
        begin_save(client)
        client.send(b"\0", [cargo.fd, cargo.fd])
        client.expect(wire.status(2))
        server.log.expect_one_of(NOT_RECEIVED, no_error())
    server.remaining = times * expect["leaked"]
    server.comes_to_hold(1 + server.remaining)


@pytest.mark.parametrize("count", [1, 2, 253])
def test_descriptors_with_a_request_that_wants_none_are_closed(
    server: Server, load: Load, count: int
) -> None:
    client, cargo = server.client(), load()
    for request, reply in (
        (wire.find_endp("a"), wire.FIND_ENDP_MISS),
        (wire.find_dest("a"), wire.FIND_DEST_MISS),
        (wire.save_dest("d", "p", "e"), wire.status(0)),
    ):
        client.send(request, [cargo.fd] * count)
        client.expect(reply)
    server.comes_to_hold(1)
    cargo.give_away()
    cargo.closed_by()


def test_descriptors_with_the_dummies_of_a_lookup_are_closed(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    assert client.ask(wire.find_endp("e")) == wire.endp_found("p")
    surplus = load()
    client.send(wire.DUMMY, [surplus.fd])
    client.descriptor()
    client.send(wire.DUMMY, [surplus.fd])
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.comes_to_hold(1)


@pytest.mark.difference("own-stream")
@pytest.mark.parametrize("whose", ["its own", "another client's"])
def test_a_client_that_saves_a_stream_to_this_server(
    server: Server, expect: dict[str, Any], whose: str
) -> None:
    client, second = server.client(), server.client()
    saved = client if whose == "its own" else second
    begin_save(client)
    client.send(b"\0", [saved.socket.fileno()])
    client.expect(wire.status(expect["status"]))
    server.log.expect(*expect["log"])
    if expect["status"] == 0:
        assert client.find_endp("e").fd is not None
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.leave(client, second)
    server.comes_to_hold(0)


@pytest.mark.difference("lingering-close")
def test_a_lingering_connection_is_closed_without_waiting(
    start: Start, load: Load, expect: dict[str, Any]
) -> None:
    server = start()
    client, linger = server.client(), 2
    lingering = load(cargos.lingering_tcp, linger)
    witness = load()
    begun = time.monotonic()
    client.save_endp("lingering", "p", lingering, 1)
    client.save_endp("witness", "p", witness, 1)
    sleep_until(begun + 1.05)
    assert client.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    answered = time.monotonic() - begun
    assert (answered > linger) == expect["waits"]
    witness.closed_by()
