# SPDX-License-Identifier: Apache-2.0
"""Thousands of connections that are listed, dropped and abandoned at once.

`./dev attack` does the same with as many as the server takes, and measures what others wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness import cargo, wire
from harness.cargo import Cargo
from harness.client import Client
from harness.server import Server
from harness.talkers import Direct, serves
from harness.waiting import until
from harness.wire import Kind, Tag

pytestmark = pytest.mark.only("ours")

Start = Callable[..., Server]

# A page of a list has 256 entries, a slice of a drop 128.
COUNT = 2_000
FILES = 4_096
# Clients that have sent saves when they leave, and how many each; the server reads so many ahead.
SAVERS = 10
AHEAD = 50

CONNECTIONS_ONLY = wire.field(Tag.WHAT, (1).to_bytes(8, "little"))
LIST = wire.frame(Kind.LIST, CONNECTIONS_ONLY)
SAVE = wire.frame(Kind.SAVE, wire.field(Tag.ENDPOINT, b"e"), with_descriptor=True)
DROP_ALL = wire.frame(Kind.DROP, wire.field(Tag.PREFIX, b""))
DROP_ENDPOINT = wire.frame(Kind.DROP, wire.field(Tag.ENDPOINT, b"e"))


@pytest.fixture
def server(start: Start) -> Server:
    """One with room for all of them, however few files the tests may open."""
    return start(nofile=(FILES, FILES))


@pytest.fixture
def pair() -> Iterator[Cargo]:
    """A connection to be saved again and again; its other end sees when all are closed."""
    made = cargo.unix()
    yield made
    made.close()


def direct(server: Server) -> Client:
    """A client in the direct protocol."""
    return Direct(server).client


def fill(server: Server, item: Cargo, count: int = COUNT) -> None:
    """Saves it so many times."""
    client = direct(server)
    for _ in range(count):
        client.send(SAVE, [item.fd])
        assert client.frame().reply[4] == Kind.SAVED
    server.leave(client)


def connections(page: bytes) -> list[int]:
    """The ids of the connections on a page."""
    entries = (wire.fields(value, 0) for tag, value in wire.each_field(page) if tag == Tag.ENTRY)
    return [int.from_bytes(entry[Tag.CONNECTION], "little") for entry in entries]


def list_all(client: Client, between: Callable[[], None] = lambda: None) -> list[int]:
    """The ids of all connections, page by page."""
    found: list[int] = []
    request = LIST
    while True:
        client.send(request)
        page = client.frame().reply
        found += connections(page)
        cursor = wire.fields(page).get(Tag.CURSOR)
        if cursor is None:
            return found
        request = wire.frame(Kind.LIST, CONNECTIONS_ONLY, wire.field(Tag.CURSOR, cursor))
        between()


def dropped(client: Client) -> int:
    """How many connections the answer to a drop counts."""
    reply = client.frame().reply
    assert reply[4] == Kind.DROPPED
    return int.from_bytes(wire.fields(reply)[Tag.CONNECTIONS], "little")


def test_listed(server: Server, pair: Cargo) -> None:
    fill(server, pair)
    listers = [direct(server) for _ in range(3)]
    for client in listers:
        found = list_all(client, lambda: serves(server))
        assert len(found) == len(set(found)) == COUNT
    server.leave(*listers)
    server.remaining = COUNT


def test_dropped(server: Server, pair: Cargo) -> None:
    fill(server, pair)
    droppers = [direct(server) for _ in range(5)]
    with server.child.stopped():
        for client in droppers:
            client.send(DROP_ENDPOINT + DROP_ALL)
    serves(server)
    assert sum(dropped(client) for client in droppers for _ in range(2)) == COUNT
    pair.give_away()
    pair.closed_by()
    server.leave(*droppers)
    server.comes_to_hold(0)


def test_abandoned(server: Server, pair: Cargo) -> None:
    """The clients are gone before the server reads their saves."""
    clients = [direct(server) for _ in range(SAVERS)]
    with server.child.stopped():
        for client in clients:
            for _ in range(AHEAD):
                client.send(SAVE, [pair.fd])
        server.leave(*clients)
    serves(server)
    pair.give_away()
    pair.closed_by()
    server.comes_to_hold(0)


def test_a_drop_whose_client_leaves(server: Server, pair: Cargo) -> None:
    """What is left of it stays, whole, and is found."""
    fill(server, pair)
    client = direct(server)
    with server.child.stopped():
        client.send(DROP_ALL)
        server.leave(client)
    serves(server)
    lister = direct(server)
    until(
        lambda: server.holds() == 1 + len(list_all(lister)),
        "the server holds what it lists, and the stream of the client that lists it",
    )
    left = len(list_all(lister))
    assert 0 < left < COUNT
    lister.send(DROP_ALL)
    assert dropped(lister) == left
    server.leave(lister)
    server.comes_to_hold(0)


def test_all_at_once(server: Server, pair: Cargo) -> None:
    fill(server, pair)
    listers = [direct(server) for _ in range(5)]
    leaving = [direct(server) for _ in range(5)]
    droppers = [direct(server) for _ in range(3)]
    savers = [direct(server) for _ in range(SAVERS)]
    with server.child.stopped():
        for client in listers:
            client.send(LIST * 5)
        for client in leaving:
            client.send(LIST + DROP_ALL)
        for client in savers:
            for _ in range(AHEAD):
                client.send(SAVE, [pair.fd])
        for client in droppers:
            client.send(DROP_ENDPOINT)
        server.leave(*leaving, *savers)
    serves(server)
    for client in listers:
        for _ in range(5):
            assert client.frame().reply[4] == Kind.PAGE
        found = list_all(client)
        assert len(found) == len(set(found))
    assert sum(map(dropped, droppers)) <= COUNT + SAVERS * AHEAD
    until(lambda: not list_all(listers[0]), "the cache is empty")
    pair.give_away()
    pair.closed_by()
    serves(server)
    server.leave(*listers, *droppers)
    server.comes_to_hold(0)
