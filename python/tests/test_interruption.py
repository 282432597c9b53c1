# SPDX-License-Identifier: Apache-2.0
"""A signal handler raises at any bytecode of a call: the next call works, and nothing leaks."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator

import pytest

import scache
import scache.http
import scache.pool
from common import ALONE, Start
from harness.waiting import PATIENCE, until
from interrupt import everywhere, interrupt
from scache.deadline import Deadline
from scache.descriptors import Offer
from scache.stream import Stream
from talker import Talker


@pytest.fixture(params=["direct", "postfix"])
def path(request: pytest.FixtureRequest, start: Start) -> Iterator[str]:
    """Clients of a server, one with each protocol."""
    server = start(ALONE)
    if request.param == "postfix":
        scache.pool._refused.add(str(server.scratch.socket))
    yield str(server.scratch.socket)

    def is_empty() -> bool:
        with scache.Client(server.scratch.socket) as other:
            other.drop(prefix="")
        return server.holds() == 0

    scache.pool._refused.clear()
    # The last save may still be in progress.
    until(is_empty, "the server has nothing")
    # It logs clients that ended during a request.
    server.log.rest()


def descriptors() -> int:
    """How many there are."""
    return len(os.listdir("/proc/self/fd"))


class Connections:
    """Connections with their peers."""

    def __init__(self) -> None:
        self.peers: list[socket.socket] = []

    def make(self) -> socket.socket:
        """One whose other end stays open."""
        mine, other = socket.socketpair()
        self.peers.append(other)
        return mine

    def close(self) -> None:
        """Closes the other ends."""
        while self.peers:
            self.peers.pop().close()


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Makes some."""
    made = Connections()
    yield made
    made.close()


def works_everywhere(cache: scache.Client, work: Callable[[], object]) -> int:
    """Returns the number of interrupted bytecodes. The next call must work each time."""
    count = 0
    most = descriptors()
    for count, _ in enumerate(everywhere(work), 1):
        assert cache.find(endpoint="nobody's") is None
        # The stream of that call.
        assert descriptors() <= most + 1
    return count


def test_a_lookup_that_finds_nothing(path: str) -> None:
    with scache.Client(path, timeout=PATIENCE) as cache:
        assert works_everywhere(cache, lambda: cache.find(endpoint="e")) > 300


def test_a_lookup_that_finds_a_connection(path: str, connections: Connections) -> None:
    """It is the caller's, or closed, or still in the cache."""

    def find() -> None:
        found = cache.find(endpoint="e")
        if found:
            found.close()

    def next_one() -> None:
        with scache.Client(path) as other:
            while found := other.find(endpoint="e"):
                found.close()
            # No process has a copy of the last one.
            for peer in connections.peers:
                peer.settimeout(PATIENCE)
                assert peer.recv(1) == b""
            connections.close()
            other.save(connections.make(), "e", ttl=PATIENCE)

    with scache.Client(path, timeout=PATIENCE) as cache:
        next_one()
        for _ in everywhere(find):
            next_one()


def test_a_save(path: str, connections: Connections) -> None:
    """The connection belongs to the caller or to the cache, never to both."""
    saved: dict[str, socket.socket] = {}

    def save() -> None:
        name = str(len(saved))
        saved[name] = connections.make()
        cache.save(saved[name], name, ttl=100, bindings=[scache.Binding("d")])

    with scache.Client(path, timeout=PATIENCE) as cache:
        for _ in everywhere(save):
            pass
        ours = [name for name, sock in saved.items() if sock.fileno() >= 0]
        assert len(ours) > 300 and not any(is_cached(path, name) for name in ours)
        for sock in saved.values():
            sock.close()
        with scache.Client(path) as other:
            while found := other.find(destination="d"):
                found.close()
        connections.close()


def is_cached(path: str, name: str) -> bool:
    """Whether another client can find it."""
    with scache.Client(path) as other:
        found = other.find(endpoint=name)
    if found:
        found.close()
    return found is not None


def test_a_save_that_fails_behind_its_descriptor(
    path: str, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption does not stop the close of the connection."""
    sent: list[socket.socket] = []
    real = Stream.send

    def send(stream: Stream, data: bytes, deadline: Deadline, offer: Offer | None = None) -> None:
        real(stream, data, deadline, offer)
        if offer:
            sent.append(offered[-1])
            raise scache.ServerMissing("the server has gone")

    def save() -> None:
        offered.append(connections.make())
        with contextlib.suppress(scache.ServerMissing):
            cache.save(offered[-1], "e")

    offered: list[socket.socket] = []
    monkeypatch.setattr(Stream, "send", send)
    with scache.Client(path, timeout=PATIENCE) as cache:
        for _ in everywhere(save):
            assert not sent or sent.pop().fileno() < 0
            offered.pop().close()
        with scache.Client(path) as other:
            while found := other.find(endpoint="e"):
                found.close()


def test_a_handshake(path: str) -> None:
    def begin() -> None:
        cache.close()
        cache.find(endpoint="e")

    with scache.Client(path, timeout=PATIENCE) as cache:
        assert works_everywhere(cache, begin) > 500


@pytest.fixture
def talker() -> Iterator[Talker]:
    """An HTTP server."""
    server = Talker()
    yield server
    server.close()


@pytest.mark.parametrize("cached", [True, False], ids=["cached", "kept"])
def test_http(start: Start, talker: Talker, cached: bool) -> None:
    """Each request gets its own answer, also after one that was interrupted."""

    def ask(path: str, method: str, body: bytes | None = None) -> None:
        connection.request(method, path, body)
        assert connection.getresponse().read() == path.encode()

    server = start(ALONE)
    cache = scache.Client(server.scratch.socket if cached else "/nowhere", timeout=PATIENCE)
    connection = scache.http.HTTPConnection("127.0.0.1", talker.port, PATIENCE, cache=cache)
    # The tests above have been everywhere within the cache's calls.
    number, step = 0, 5 if cached else 1
    ask("/first", "GET")
    while interrupt(lambda: ask(f"/before-{number}", "PUT", b"body"), number):  # noqa: B023
        ask(f"/after-{number}", "GET")
        number += step
    connection.close()
    cache.close()
    with scache.Client(server.scratch.socket) as other:
        other.drop(prefix="")
    # All streams are closed on both sides.
    until(lambda: talker.now() == 0, "the connections end")
    server.log.rest()
