# SPDX-License-Identifier: Apache-2.0
"""Real servers, started as master(8) starts them: Postfix's own, and scache."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import scache
from common import ALONE, OURS, STOCK, Pair, Start, connected
from harness import program
from harness.scached import SOMEBODY
from harness.server import Server

# The warning of Postfix's server about an unknown request.
UNKNOWN = 'warning: unrecognized request: "direct", ignored'
# A program that finds a connection and uses it.
FINDER = """
import os, sys, scache
with scache.Client(sys.argv[1]) as cache, cache.find(destination="d") as found:
    found.socket.sendall(b"from %d" % os.getpid())
"""


def log_of(server: Server, kind: str) -> None:
    """Checks that only Postfix's server has logged the request for the direct protocol."""
    assert server.log.rest() == ([UNKNOWN] if kind == STOCK else [])


def test_a_connection_goes_in_and_comes_out(start: Start, kind: str, pair: Pair) -> None:
    server = start(kind)
    mine, other = pair
    number = os.fstat(mine.fileno()).st_ino
    with scache.Client(server.scratch.socket) as cache:
        assert cache.find(endpoint="e") is None
        assert cache.save(mine, "e", "p\n", 30, bindings=[scache.Binding("d", "dp", 30)])[1] == 1
        assert mine.fileno() == -1
        server.comes_to_hold(2)
        found = cache.find(destination="d")
        assert found and os.fstat(found.fileno()).st_ino == number
        assert found.endpoint_properties == b"p\n"
        assert found.destination_properties == b"dp"
        cache.save(found, "e", ttl=30)
        found = cache.find(endpoint="e")
        assert found and found.endpoint_properties == b"p\n"
        with found:
            found.socket.sendall(b"x")
            assert other.recv(9) == b"x"
        assert cache.find(endpoint="e") is None
        assert cache.find(destination="d") is None
    log_of(server, kind)


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
@pytest.mark.parametrize("reset", [False, True])
def test_that_the_peer_has_left_is_no_error_of_the_saver(
    start: Start, kind: str, family: socket.AddressFamily, reset: bool
) -> None:
    server = start(kind)
    mine, other = connected(family)
    if reset:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    with scache.Client(server.scratch.socket) as cache:
        cache.save(mine, "e", ttl=30)
        assert mine.fileno() == -1
        # Postfix's server returns connections that their peer has closed.
        assert (cache.find(endpoint="e") is None) == (kind != STOCK)
    log_of(server, kind)


def test_two_processes_share_a_connection(start: Start, kind: str, pair: Pair) -> None:
    server = start(kind)
    mine, other = pair
    with scache.Client(server.scratch.socket) as cache:
        cache.save(mine, "e", ttl=30, bindings=[scache.Binding("d", ttl=30)])
    environment = {**os.environ, "PYTHONPATH": str(program.REPOSITORY / "python")}
    words = [sys.executable, "-c", FINDER, str(server.scratch.socket)]
    finder = subprocess.Popen(words, env=environment)
    assert finder.wait() == 0
    assert other.recv(100) == b"from %d" % finder.pid
    log = [UNKNOWN] * 2 if kind == STOCK else []
    assert server.log.rest() == log


def test_a_child_is_another_client(start: Start, kind: str, pair: Pair) -> None:
    server = start(kind)
    with scache.Client(server.scratch.socket) as cache:
        cache.save(pair[0], "e", ttl=30)
        child = os.fork()
        if child == 0:
            status = 1
            with contextlib.suppress(BaseException):
                found = cache.find(endpoint="e")
                status = 0 if found else 2
            os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert cache.find(endpoint="e") is None
    log_of(server, kind)


def test_ttls_are_the_servers_where_there_are_none(start: Start, kind: str, pair: Pair) -> None:
    server = start(kind)
    with scache.Client(server.scratch.socket) as cache:
        cache.bind("d", "e")
        cache.save(pair[0], "e")
        found = cache.find(destination="d")
        assert found
        found.close()
    log_of(server, kind)


def test_a_dead_server_is_missing_and_another_is_found(start: Start, kind: str, pair: Pair) -> None:
    first = start(kind)
    path = first.scratch.socket
    with scache.Client(path) as cache:
        cache.find(endpoint="e")
        log_of(first, kind)
        assert first.hang_up() == 0
        assert all(text.startswith("statistics: ") for text in first.log.rest())
        with pytest.raises(scache.ServerMissing):
            cache.save(pair[0], "e")
        second = start(kind)
        path.unlink(missing_ok=True)
        path.symlink_to(second.scratch.socket)
        cache.save(pair[0], "e", ttl=30)
        second.comes_to_hold(2)
        found = cache.find(endpoint="e")
        assert found
        found.close()
    # The client remembers the refusal and does not ask again.
    assert second.log.rest() == []


def test_postfixs_server_cannot_do_the_rest(start: Start) -> None:
    server = start(STOCK)
    with scache.Client(server.scratch.socket) as cache:
        assert cache.ping() == ""
        for call in (cache.stats, lambda: next(cache.list())):
            with pytest.raises(scache.Unsupported):
                call()
    log_of(server, STOCK)


# The direct protocol.


@pytest.fixture(params=[OURS, ALONE])
def cache(request: pytest.FixtureRequest, start: Start) -> scache.Client:
    """A client of our servers."""
    return scache.Client(start(request.param).scratch.socket)


@contextlib.contextmanager
def as_user(user: int) -> Iterator[None]:
    """The test runs as another user for a while."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def pairs() -> Iterator[Callable[[], socket.socket]]:
    """Makes connections whose other ends stay open."""
    others: list[socket.socket] = []

    def make() -> socket.socket:
        mine, other = socket.socketpair()
        others.append(other)
        return mine

    yield make
    for other in others:
        other.close()


def test_the_server_says_who_it_is(cache: scache.Client) -> None:
    with cache:
        assert re.fullmatch(r"scached? \d+\.\d+\.\d+", cache.ping())


def test_history_survives_many_hands(cache: scache.Client, pair: Pair) -> None:
    with cache:
        saved = cache.save(pair[0], b"e\0\xff", b"\0", 30)
        assert saved.id
        for uses in (1, 2, 3):
            found = cache.find(endpoint=b"e\0\xff")
            assert found and (found.id, found.uses) == (saved.id, uses)
            assert found.endpoint == b"e\0\xff" and found.endpoint_properties == b"\0"
            assert found.age is not None and found.idle is not None
            assert 0 <= found.idle <= found.age
            assert 100 * (uses - 1) <= found.age < 100 * uses
            found._found -= 100  # As if it had been in use for 100 seconds.
            assert cache.save(found, ttl=30).id == saved.id
            assert found.fileno() == -1
        found = cache.find(endpoint=b"e\0\xff")
        assert found and found.age is not None
        with found:
            assert 300 <= found.age < 330


def test_a_binding_is_bound_and_renewed(cache: scache.Client) -> None:
    with cache:
        assert cache.bind(b"\0d", "e", "dp", 30) is False
        assert cache.bind(b"\0d", "e", "dp", 30) is True
        assert [*cache.list(what=scache.What.CONNECTIONS)] == []
        (binding,) = cache.list()
        assert isinstance(binding, scache.CachedBinding)
        assert (binding.destination, binding.endpoint, binding.properties) == (b"\0d", b"e", b"dp")
        assert 0 < binding.ttl <= 30


def test_a_long_list_comes_in_pages(
    cache: scache.Client, pairs: Callable[[], socket.socket]
) -> None:
    with cache:
        for number in range(600):
            cache.bind(f"d{number}", "e")
        for number in range(10):
            cache.save(pairs(), f"e{number}", "p", 30)
        everything = [*cache.list()]
        assert len(everything) == 610
        assert {each.destination for each in cache.list(what=scache.What.BINDINGS)} == {
            b"d%d" % number for number in range(600)
        }
        (one,) = cache.list("e7")
        assert isinstance(one, scache.CachedConnection)
        assert (one.endpoint, one.properties, one.uses) == (b"e7", b"p", 0)
        assert one.owner == os.geteuid()
        assert cache.drop(endpoint="e7") == (1, 0)
        assert cache.drop(destination="d9") == (0, 1)
        assert cache.drop(prefix="d1") == (0, 111)
        assert cache.drop(prefix="") == (9, 488)
        assert [*cache.list()] == []


def test_the_kernel_tells_whose_a_connection_is(
    start: Start, pairs: Callable[[], socket.socket]
) -> None:
    path = start(OURS).scratch.socket
    with scache.Client(path) as ours, scache.Client(path) as theirs:
        ours.save(pairs(), "ours", ttl=30)
        with as_user(SOMEBODY):
            assert list(theirs.list()) != []
        # The server knows the user that the client had when it connected.
        theirs.save(pairs(), "theirs", ttl=30)
        owners = {entry.endpoint: entry.owner for entry in ours.list()}
        assert owners == {b"ours": os.geteuid(), b"theirs": SOMEBODY}
        ours.drop(prefix="")


def test_numbers_are_told(cache: scache.Client, pair: Pair) -> None:
    with cache:
        cache.save(pair[0], "e", ttl=30)
        assert cache.stats()["connections"] == 1
        cache.drop(endpoint="e")
        assert cache.stats()["connections"] == 0


def test_what_is_over_a_limit_is_refused(start: Start, pair: Pair) -> None:
    server = start(OURS)
    with scache.Client(server.scratch.socket) as cache:
        with pytest.raises(scache.Refused) as refused:
            cache.save(pair[0], b"n" * 16_385)
        assert refused.value.code == scache.Code.TOO_LARGE
        with pytest.raises(scache.Refused) as refused:
            cache.find(endpoint=b"n" * 16_385)
        assert refused.value.code == scache.Code.TOO_LARGE
        assert cache.save(pair[0], b"n" * 16_384, b"p" * 65_536, 30).id
        found = cache.find(endpoint=b"n" * 16_384)
        assert found and len(found.endpoint_properties) == 65_536
        found.close()
    assert ["too_large" in text for text in server.log.rest()] == [True, True]
