# SPDX-License-Identifier: Apache-2.0
"""Forks from Python and from C, and threads: no process uses another's stream."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
import http.client
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

import scache
import scache.http
from common import ALONE, Serve, Start, ping_once
from fake import Peer
from harness.waiting import PATIENCE
from talker import Talker

# The second calls no hooks, like fork(2) in a C extension.
FORKS: dict[str, Callable[[], int]] = {"os": os.fork, "C": ctypes.PyDLL(None).fork}


@pytest.fixture(params=FORKS)
def fork(request: pytest.FixtureRequest) -> Callable[[], int]:
    """Each of them."""
    return FORKS[request.param]


@pytest.fixture
def talker() -> Iterator[Talker]:
    """An HTTP server."""
    server = Talker()
    yield server
    server.close()


def in_child(fork: Callable[[], int], work: Callable[[], object]) -> None:
    """Does the work in a child, which must exit with status 0."""
    child = fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            work()
            status = 0
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def sockets() -> Iterator[socket.socket]:
    """Copies of this process's sockets."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            number = os.dup(int(name))
            try:
                sock = socket.socket(fileno=number)
            except OSError:
                os.close(number)
                continue
            with sock:
                yield sock


def streams_to(path: object) -> int:
    """How many of them are connected to it."""
    count = 0
    for sock in sockets():
        with contextlib.suppress(OSError):
            count += sock.getpeername() == str(path)
    return count


def unix_sockets() -> int:
    """How many of them are for this machine, connected or not."""
    return sum(sock.family == socket.AF_UNIX for sock in sockets())


def test_a_child_has_streams_of_its_own(serve: Serve, fork: Callable[[], int]) -> None:
    """And so has its child."""

    def parents(peer: Peer) -> None:
        ping_once(peer)
        peer.pong()
        peer.ends()

    path = serve(parents, ping_once, ping_once).path

    def grandchild() -> None:
        assert cache.ping() == "fake 1"
        assert streams_to(path) == 1

    def child() -> None:
        in_child(fork, grandchild)
        grandchild()

    with scache.Client(path) as cache:
        cache.ping()
        in_child(fork, child)
        assert cache.ping() == "fake 1"


def test_a_fork_amid_a_call(serve: Serve, fork: Callable[[], int]) -> None:
    """While another thread waits for an answer, the child neither reads it nor prevents it."""

    def parents(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        asked.set()
        assert forked.wait(PATIENCE)
        peer.answer(request, scache.frames.Kind.PONG, (scache.frames.Tag.SERVER, b"parent's"))
        peer.ends()

    def child() -> None:
        assert cache.ping() == "fake 1"
        assert streams_to(path) == 1

    asked, forked = threading.Event(), threading.Event()
    path = serve(parents, ping_once).path
    heard: list[str] = []
    with scache.Client(path, timeout=PATIENCE) as cache:
        thread = threading.Thread(target=lambda: heard.append(cache.ping()))
        thread.start()
        assert asked.wait(PATIENCE)
        in_child(fork, child)
        forked.set()
        thread.join()
    assert heard == ["parent's"]


def test_a_fork_within_a_call(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a signal handler: both processes return from the call, each with its own answer."""

    def parents(peer: Peer) -> None:
        peer.accept()
        peer.pong()
        peer.ends()

    def forks_first(*arguments: object) -> None:
        monkeypatch.undo()
        children.append(os.fork())
        wait(*arguments)

    wait = scache.deadline.Deadline.wait
    children: list[int] = []
    with scache.Client(serve(parents, ping_once).path) as cache:
        cache._pool.give_back(cache._pool.take(scache.deadline.Deadline(PATIENCE), fresh=False))
        monkeypatch.setattr(scache.deadline.Deadline, "wait", forks_first)
        try:
            heard = cache.ping()
        finally:
            if children == [0]:
                os._exit(0 if heard == "fake 1" else 1)
        assert heard == "fake 1"
        assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0


def test_children_keep_no_stream_that_a_thread_was_opening(start: Start) -> None:
    """Connected or not: besides the streams there are no UNIX sockets here."""

    def open_many() -> None:
        while not enough.is_set():
            with scache.Client(path) as cache:
                cache.ping()

    def child() -> None:
        assert unix_sockets() == 0

    server = start(ALONE)
    path = server.scratch.socket
    # Sockets of earlier tests that only a cycle of references keeps.
    gc.collect()
    assert unix_sockets() == 0
    enough = threading.Event()
    threads = [threading.Thread(target=open_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            in_child(os.fork, child)
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    server.log.rest()


def test_http_in_a_child(start: Start, talker: Talker, fork: Callable[[], int]) -> None:
    """The child leaves the parent's connection and its reply alone."""

    def ask(path: str) -> None:
        connection.request("GET", path)
        assert connection.getresponse().read() == path.encode()

    def child() -> None:
        with pytest.raises(http.client.IncompleteRead):
            reply.read()
        with pytest.raises(http.client.HTTPException):
            connection.getresponse()
        ask("/child")
        ask("/child-again")

    server = start(ALONE)
    for cache in (scache.Client(server.scratch.socket), scache.Client("/nowhere")):
        connection = scache.http.HTTPConnection("127.0.0.1", talker.port, PATIENCE, cache=cache)
        ask("/first")
        connection.request("GET", "/parent")
        reply = connection.getresponse()
        in_child(fork, child)
        assert reply.read() == b"/parent"
        ask("/last")
        connection.close()
        cache.close()
    with scache.Client(server.scratch.socket) as other:
        other.drop(prefix="")
    server.log.rest()


# Threads.


def test_threads_do_not_wait_for_each_other(serve: Serve) -> None:
    def slow(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        asked.set()
        assert answered.wait(PATIENCE)
        peer.answer(request, scache.frames.Kind.PONG, (scache.frames.Tag.SERVER, b"slow"))

    asked, answered = threading.Event(), threading.Event()
    with scache.Client(serve(slow, ping_once).path, timeout=PATIENCE) as cache:
        heard: list[str] = []
        thread = threading.Thread(target=lambda: heard.append(cache.ping()))
        thread.start()
        assert asked.wait(PATIENCE)
        assert cache.ping() == "fake 1"
        answered.set()
        thread.join()
    assert heard == ["slow"]


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_so_many_streams_wait_for_the_next_calls(serve: Serve, idle: int) -> None:
    def script(peer: Peer) -> None:
        ping_once(peer)
        peer.ends()

    path = serve(script, script, script).path
    with scache.Client(path, idle_streams=idle) as cache:
        deadline = scache.deadline.Deadline(PATIENCE)
        sessions = [cache._pool.take(deadline, fresh=False) for _ in range(3)]
        while sessions:
            sessions[-1].ping(deadline)
            cache._pool.give_back(sessions.pop())
        assert streams_to(path) == idle


def test_a_stream_that_is_given_back_after_close_is_closed(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        ping_once(peer)
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        pool = cache._pool
        session = pool.take(scache.deadline.Deadline(PATIENCE), fresh=False)
        session.ping(scache.deadline.Deadline(PATIENCE))
        cache.close()
        pool.give_back(session)


# Copies.


@pytest.mark.parametrize("how", ["copy", "deepcopy", "pickle"])
def test_a_copy_is_a_client_of_its_own(serve: Serve, how: str) -> None:
    ways: dict[str, Callable[[scache.Client], scache.Client]] = {
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": lambda cache: pickle.loads(pickle.dumps(cache)),
    }

    def script(peer: Peer) -> None:
        ping_once(peer)
        peer.pong()

    with scache.Client(serve(script, ping_once).path, timeout=PATIENCE) as cache:
        cache.ping()
        with ways[how](cache) as other:
            assert (other.path, other._timeout) == (cache.path, PATIENCE)
            assert other.ping() == "fake 1"
        assert cache.ping() == "fake 1"


def test_what_has_a_socket_is_not_copied() -> None:
    mine, other = socket.socketpair()
    connection = scache.Connection(mine, b"e", (b"", b""), None)
    http_connection = scache.http.HTTPConnection("a.test", cache=scache.Client("/nowhere"))
    with other, connection:
        for each in (connection, http_connection):
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="cannot be copied"):
                    way(each)
