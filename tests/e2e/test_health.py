# SPDX-License-Identifier: Apache-2.0
"""Cached connections that end, or say something, while nobody asks for them."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import cargo as cargos
from harness import ctl, wire
from harness.cargo import Cargo
from harness.client import Client
from harness.scached import Scached
from harness.server import Server
from harness.waiting import until

Load = Callable[..., Cargo]

# What it takes at most on a machine with nothing else to do is 100 ms; here, others compete.
SOON = 2.0


def leave(peer: socket.socket) -> None:
    """The peer closes its end."""
    peer.close()


def reset(peer: socket.socket) -> None:
    """The peer resets the connection."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def half_close(peer: socket.socket) -> None:
    """The peer will send no more."""
    peer.shutdown(socket.SHUT_WR)


def farewell(peer: socket.socket) -> None:
    """The peer says that it is about to close, and does not yet."""
    peer.send(b"421 4.4.2 mail.example Error: timeout exceeded\r\n")


ENDS = [leave, reset, half_close, farewell]


@pytest.mark.difference("dead-while-cached")
@pytest.mark.parametrize("kind", [cargos.unix, cargos.tcp])
def test_a_connection_that_ends_is_closed(
    server: Server, load: Load, kind: Callable[[], Cargo], expect: dict[str, Any]
) -> None:
    client, cargo = server.client(), load(kind)
    client.save_endp("e", "p", cargo)
    time.sleep(0.1)
    server.comes_to_hold(2)
    cargo.other.close()
    if expect["kept"]:
        time.sleep(0.3)
        assert server.holds() == 2
        assert client.find_endp("e").fd is not None
    else:
        server.comes_to_hold(1)
        assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.only("ours")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_whatever_its_end_is(
    server: Server, load: Load, end: Callable[[socket.socket], None], pause: float
) -> None:
    client, dead, alive = server.client(), load(cargos.tcp), load(cargos.tcp)
    client.save_endp("e", "dead", dead)
    client.save_endp("e", "alive", alive)
    time.sleep(pause)
    end(dead.other)
    server.comes_to_hold(2)
    found = client.find_endp("e")
    assert found.reply == wire.endp_found("alive")
    assert found.identity == alive.identity


@pytest.mark.only("ours")
@pytest.mark.parametrize("end", ENDS)
def test_a_lookup_never_comes_too_early(
    server: Server, load: Load, end: Callable[[socket.socket], None]
) -> None:
    client = server.client()
    for _ in range(50):
        cargo = load(cargos.tcp)
        client.save_endp("e", "p", cargo)
        end(cargo.other)
        assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.only("ours")
def test_a_pipe_stays_with_what_is_in_it(server: Server, load: Load) -> None:
    reading, writing = os.pipe()
    client, cargo = server.client(), load(lambda: Cargo(reading))
    os.write(writing, b"text")
    os.close(writing)
    client.save_endp("e", "p", cargo)
    time.sleep(0.2)
    found = client.find_endp("e")
    assert found.fd is not None
    assert os.read(found.fd, 10) == b"text"


@pytest.mark.only("ours")
@pytest.mark.parametrize("kind", [cargos.unix, cargos.tcp])
@pytest.mark.parametrize("end", ENDS)
def test_of_scached_too(
    scached: Scached,
    load: Load,
    kind: Callable[[], Cargo],
    end: Callable[[socket.socket], None],
) -> None:
    scached.start_here()
    client, cargo = scached.client(), load(kind)
    client.save_endp("e", "p", cargo)
    end(cargo.other)
    until(lambda: stats(scached)["dead"] == 1, "it is counted", SOON)
    assert stats(scached)["connections"] == 0
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


def stats(scached: Scached) -> dict[str, int]:
    """The statistics."""
    told: dict[str, int] = ctl.told(scached.path, "stats")
    return told


@pytest.mark.only("ours")
def test_input_is_allowed_where_that_is_wanted(scached: Scached, load: Load) -> None:
    scached.configure("[[hand_out]]\nendpoint = 'greets*'\nallow_input = true\n")
    scached.start_here()
    client = scached.client()
    greeting, mute, gone = load(cargos.tcp), load(cargos.tcp), load(cargos.tcp)
    client.save_endp("greets-1", "p", greeting)
    client.save_endp("other", "p", mute)
    client.save_endp("greets-2", "p", gone)
    for cargo in (greeting, mute, gone):
        cargo.other.send(b"220 hello\r\n")
    gone.other.close()
    until(lambda: stats(scached)["dead"] == 2, "two are over", SOON)
    found = client.find_endp("greets-1")
    assert found.fd is not None
    assert os.read(found.fd, 100) == b"220 hello\r\n"
    assert client.find_endp("other").reply == wire.FIND_ENDP_MISS
    assert client.find_endp("greets-2").reply == wire.FIND_ENDP_MISS


@pytest.mark.only("ours")
def test_a_reload_applies_to_what_is_cached(scached: Scached, load: Load) -> None:
    rule = "[[hand_out]]\nendpoint = '*'\nallow_input = {}\n"
    scached.configure(rule.format("true"))
    scached.start_here()
    client = scached.client()
    said, says = load(cargos.tcp), load(cargos.tcp)
    client.save_endp("said", "p", said)
    said.other.send(b"220 hello\r\n")
    client.save_endp("says", "p", says)
    time.sleep(0.2)
    scached.configure(rule.format("false"))
    scached.reload()
    # It was noticed when it was allowed; the lookup asks again.
    assert client.find_endp("said").reply == wire.FIND_ENDP_MISS
    says.other.send(b"220 hello\r\n")
    until(lambda: stats(scached)["dead"] == 2, "what is said now is not", SOON)


@pytest.mark.only("ours")
def test_a_descriptor_that_another_process_keeps_is_no_burden(
    scached: Scached, load: Load
) -> None:
    scached.start_here()
    client, cargo = scached.client(), load(cargos.unix)
    copy = os.dup(cargo.fd)
    try:
        client.save_endp("e", "p", cargo)
        time.sleep(0.2)
        assert client.find_endp("e").fd is not None
        spent = processor_time(scached)
        cargo.other.send(b"x")
        cargo.other.close()
        time.sleep(0.5)
        assert processor_time(scached) - spent <= 2
    finally:
        os.close(copy)


def processor_time(scached: Scached) -> int:
    """The processor time that the server has used, in ticks."""
    with open(f"/proc/{scached.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


MANY = 3_000


@pytest.mark.only("ours")
def test_many_that_end_at_once(scached: Scached) -> None:
    """They leave, none is handed out, and nobody else waits."""
    scached.start_here()
    scached.warm_up()
    client = scached.client()
    peers = fill(client, MANY)
    until(lambda: stats(scached)["connections"] == MANY, "all are saved")
    time.sleep(0.2)
    spent = processor_time(scached)
    time.sleep(0.5)
    assert processor_time(scached) - spent <= 1, "they cost nothing"
    closing = threading.Thread(target=lambda: [peer.close() for peer in peers])
    closing.start()
    handed_out = sum(client.find_endp(f"e{i % 100}").fd is not None for i in range(200))
    closing.join()
    for i in range(100):
        assert client.find_endp(f"e{i}").reply == wire.FIND_ENDP_MISS
    until(lambda: stats(scached)["dead"] == MANY - handed_out, "all are over", SOON)
    scached.comes_to_hold(1)


@pytest.mark.difference("dead-connections")
def test_what_was_closed_before_is_not_handed_out(server: Server, expect: dict[str, Any]) -> None:
    client = server.client()
    for peer in fill(client, MANY):
        peer.close()
    handed_out = 0
    for i in range(MANY):
        found = client.find_endp(f"e{i % 100}")
        if found.fd is not None:
            handed_out += 1
            client.drop_descriptors()
    assert handed_out == (MANY if expect["handed_out"] else 0)
    server.comes_to_hold(1)


def fill(client: Client, count: int) -> list[socket.socket]:
    """Saves connections to a hundred endpoints; returns their other ends."""
    peers = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        for i in range(count):
            mine = socket.create_connection(listener.getsockname())
            peers.append(listener.accept()[0])
            cargo = Cargo(mine.detach())
            assert client.save_endp(f"e{i % 100}", "p", cargo, ttl=1000) == wire.status(0)
    return peers


@pytest.mark.only("ours")
def test_closing_while_lookups_run(scached: Scached) -> None:
    """Of what is handed out, nothing was closed before its lookup began."""
    scached.start_here()
    client = scached.client()
    peers = fill(client, MANY)
    closed: dict[int, float] = {}

    def close_all() -> None:
        for peer in peers:
            number = peer.getpeername()[1]
            peer.close()
            closed[number] = time.monotonic()
            time.sleep(0.0001)

    closing = threading.Thread(target=close_all)
    closing.start()
    taken = 0
    # The other half stays: some are closed in the cache, however slow the thread is.
    while closing.is_alive() and taken < MANY // 2:
        for i in range(100):
            begun = time.monotonic()
            found = client.find_endp(f"e{i}")
            if found.fd is None:
                continue
            taken += 1
            with socket.socket(fileno=os.dup(found.fd)) as mine:
                number = mine.getsockname()[1]
            assert number not in closed or closed[number] >= begun
    closing.join()
    until(lambda: stats(scached)["dead"] > 0, "dead connections are counted")
