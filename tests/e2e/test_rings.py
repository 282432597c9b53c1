# SPDX-License-Identifier: Apache-2.0
"""Sockets in flight in each other: the server hands them out whole, and gives back all of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from harness import census, rings, wire
from harness.cargo import Cargo
from harness.client import Client
from harness.lines import broken_off
from harness.rings import Ring
from harness.scached import Scached
from harness.server import Server
from harness.talkers import WAYS, Direct, OfPostfix, Talker, serves
from harness.wire import Kind, Tag

pytestmark = pytest.mark.only("ours")

Start = Callable[..., Server]

LENGTH = 300
COUNT = 100
WIDTH = 10
# So many rings at once.
RINGS = 10

SHAPES = [
    pytest.param(lambda: rings.chain(COUNT), id="chain"),
    pytest.param(lambda: rings.knot(WIDTH), id="knot"),
]


@pytest.fixture
def ring() -> Iterator[Callable[[Callable[[], Ring]], Ring]]:
    """Makes rings, and lets go of what is left of them."""
    made: list[Ring] = []

    def make(shape: Callable[[], Ring]) -> Ring:
        made.append(shape())
        return made[-1]

    yield make
    for each in made:
        each.close()


Tie = Callable[[Callable[[], Ring]], Ring]


def save(talker: Talker, ring: Ring, endpoint: str = "e") -> None:
    """Gives it to the server."""
    assert talker.save("p", Cargo(ring.end.detach()), endpoint)
    assert ring.is_there()


def expect_unread(server: Server) -> None:
    """The log has a warning for each ring: what is in flight in a socket is input."""
    lines = [line for line in server.log.rest() if "saved with unread input" in line]
    assert len(lines) == RINGS


@pytest.mark.parametrize("come", WAYS)
def test_a_ring_comes_back_whole(scached: Scached, ring: Tie, come: type[Talker]) -> None:
    # What is in flight in a socket is input.
    scached.configure("[[hand_out]]\nendpoint = '*'\nallow_input = true\n")
    server = scached.start_here()
    server.warm_up()
    made, talker = ring(lambda: rings.chain(LENGTH)), come(server)
    first = census.identity(made.end.fileno())
    save(talker, made)
    serves(server)
    hit = talker.look_up("e")
    assert hit is not None and hit[0].fd is not None
    passed = 0
    with socket.socket(fileno=os.dup(hit[0].fd)) as end:
        server.leave(talker.client)
        at = end
        for at in rings.walk(end):
            passed += 1
            if census.identity(at.fileno()) == first:
                break
        at.close()
    assert passed == LENGTH
    made.goes()
    server.comes_to_hold(0)


@pytest.mark.parametrize("shape", SHAPES)
def test_rings_that_are_dropped(server: Server, ring: Tie, shape: Callable[[], Ring]) -> None:
    talker = Direct(server)
    made = [ring(shape) for _ in range(RINGS)]
    for each in made:
        save(talker, each)
    serves(server)
    talker.client.send(wire.frame(Kind.DROP, wire.field(Tag.ENDPOINT, b"e")))
    serves(server)
    assert talker.client.frame().reply[4] == Kind.DROPPED
    for each in made:
        each.goes()
    server.comes_to_hold(1)
    expect_unread(server)


@pytest.mark.parametrize("shape", SHAPES)
def test_rings_that_expire(server: Server, ring: Tie, shape: Callable[[], Ring]) -> None:
    client = server.client()
    made = [ring(shape) for _ in range(RINGS)]
    for each in made:
        item = Cargo(each.end.detach())
        assert client.save_endp("e", "p", item, 1) == wire.status(0)
    serves(server)
    for each in made:
        each.goes()
    server.comes_to_hold(1)


@pytest.mark.parametrize("come", WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_rings_that_are_too_many(
    server: Server, ring: Tie, come: type[Talker], shape: Callable[[], Ring]
) -> None:
    talker = come(server)
    made = [ring(shape) for _ in range(RINGS)]
    talker.overload([each.end.fileno() for each in made])
    for each in made:
        each.end.close()
        each.goes()
    serves(server)
    server.comes_to_hold(1)
    assert len(server.log.rest()) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_rings_of_clients_that_are_gone(
    server: Server, ring: Tie, shape: Callable[[], Ring]
) -> None:
    made = [ring(shape) for _ in range(RINGS)]
    clients = [Direct(server).client for _ in made]
    frame = wire.frame(Kind.SAVE, wire.field(Tag.ENDPOINT, b"e"), with_descriptor=True)
    with server.child.stopped():
        for client, each in zip(clients, made, strict=True):
            client.send(frame, [each.end.fileno()])
            each.end.close()
            assert each.is_there()
        server.leave(*clients)
    for each in made:
        each.goes()
    serves(server)
    server.comes_to_hold(0)
    assert OfPostfix(server).find("e") is None
    expect_unread(server)


def tie(clients: list[Client]) -> None:
    """Sends each client's end of its stream over the stream of the next."""
    for client, following in zip(clients, clients[1:] + clients[:1], strict=True):
        following.send(wire.find_endp("e"), [client.socket.fileno()])


@pytest.mark.parametrize("count", [1, 2, 30])
def test_streams_in_each_other(server: Server, count: int) -> None:
    with server.child.stopped():
        clients = [server.connect() for _ in range(count)]
        tie(clients)
        server.leave(*clients)
    serves(server)
    server.comes_to_hold(0)


@pytest.mark.parametrize("count", [1, 30])
def test_streams_in_each_other_that_are_not_read(start: Start, count: int) -> None:
    """The server leaves requests unread while their client leaves its replies unread. So it has to
    close streams that no process can reach any more."""
    server = start("-o", "ipc_timeout=2s")
    clients = [server.client() for _ in range(count)]
    for client in clients:
        client.send(wire.find_endp("e") * 1_500)
    tie(clients)
    serves(server)
    assert not any(client.is_heard() for client in clients)
    server.leave(*clients)
    serves(server)
    server.comes_to_hold(0)
    lines = broken_off(b"request\0find_endp\0l", "")
    assert set(server.log.rest(count * len(lines))) <= set(lines)
