# SPDX-License-Identifier: Apache-2.0
"""Clients without free descriptors, and programs without poll(): no connection is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import select
import socket
import threading
from collections.abc import Iterator

import pytest

import scache
from common import FOUND, Pair, Serve, ping_once
from fake import Peer
from harness import wire
from harness.waiting import PATIENCE
from scache.frames import Kind


@contextlib.contextmanager
def room_for(descriptors: int) -> Iterator[None]:
    """Limits the number of descriptors that can be opened."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + descriptors, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_without_room_nothing_is_asked(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        ping_once(peer)
        peer.pong()
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        cache.ping()
        with room_for(0), pytest.raises(scache.SystemFailure) as error:
            cache.find(endpoint="e")
        assert error.value.errno == errno.EMFILE and not error.value.in_doubt
        assert cache.ping() == "fake 1"


def test_without_room_there_is_no_stream(serve: Serve) -> None:
    fake = serve()
    with room_for(1), pytest.raises(scache.SystemFailure) as error:
        scache.Client(fake.path).find(endpoint="e")
    assert error.value.errno == errno.EMFILE
    fake.finish()


@pytest.mark.parametrize("way", ["direct", "postfix"])
def test_room_for_one_is_enough(serve: Serve, pair: Pair, way: str) -> None:
    """No descriptor is free between request and answer except the reserved one."""

    def direct(peer: Peer) -> None:
        ping_once(peer)
        request = peer.frame()
        peer.answer(request, Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        peer.pong()

    def postfix(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(wire.endp_found(""))
        peer.expect(wire.DUMMY)
        peer.send(b"\0", pair[0].fileno())
        peer.expect(wire.DUMMY)

    with scache.Client(serve(direct if way == "direct" else postfix).path) as cache:
        cache.ping()
        with room_for(1):
            found = cache.find(endpoint="e")
        assert found
        with found:
            assert os.fstat(found.fileno()).st_ino == os.fstat(pair[0].fileno()).st_ino
        if way == "direct":
            assert cache.ping() == "fake 1"


@pytest.mark.parametrize("comes_back", [True, False])
def test_room_that_others_take_is_waited_for(
    serve: Serve, pair: Pair, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    """Another thread opens what was reserved as soon as it is closed."""

    def script(peer: Peer) -> None:
        ping_once(peer)
        request = peer.frame()
        peer.answer(request, Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        with contextlib.suppress(ConnectionResetError):
            peer.ends()

    def taken(*_: object) -> None:
        if not thieves:
            thieves.append(os.dup(0))
        elif comes_back:
            os.close(thieves.pop())
        pause(*_)  # type: ignore[arg-type]

    thieves: list[int] = []
    pause = scache.deadline.Deadline.pause
    monkeypatch.setattr(scache.deadline.Deadline, "pause", taken)
    with scache.Client(serve(script).path, timeout=PATIENCE if comes_back else 0.1) as cache:
        cache.ping()
        with room_for(1):
            if comes_back:
                found = cache.find(endpoint="e")
                assert found
                found.close()
            else:
                with pytest.raises(scache.SystemFailure) as error:
                    cache.find(endpoint="e")
                assert error.value.errno == errno.EMFILE
    while thieves:
        os.close(thieves.pop())


def test_descriptors_that_nobody_has_asked_for(serve: Serve, pair: Pair) -> None:
    """Also without a free descriptor."""

    def script(peer: Peer) -> None:
        ping_once(peer)
        peer.frame()
        peer.send(b"x", pair[0].fileno())
        with contextlib.suppress(ConnectionResetError):
            peer.ends()

    with scache.Client(serve(script).path) as cache:
        cache.ping()
        with room_for(0), pytest.raises(scache.ProtocolError):
            cache.ping()


# eventlet and others remove poll().


@pytest.mark.parametrize("number", ["low", "high"])
def test_without_poll(
    serve: Serve, pair: Pair, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """select() does not support large descriptor numbers."""

    def script(peer: Peer) -> None:
        ping_once(peer)
        request = peer.frame()
        peer.answer(request, Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        peer.ends()

    def refuses(*_: object) -> None:
        raise ValueError("filedescriptor out of range in select()")

    monkeypatch.delattr(select, "poll")
    if number == "high":
        monkeypatch.setattr(select, "select", refuses)
    with scache.Client(serve(script).path) as cache:
        assert cache.ping() == "fake 1"
        found = cache.find(endpoint="e")
        assert found
        found.close()


def test_without_poll_and_without_an_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(select, "poll")
    with scache.Client(serve(Peer.ends).path, timeout=0.1) as cache:
        with pytest.raises(scache.Timeout):
            cache.ping()


def test_sockets_of_another_class(
    serve: Serve, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With eventlet and gevent a found socket is of their class, and can be saved."""
    class Green:
        def __init__(self, *arguments: int, fileno: int) -> None:
            self.real = plain(*arguments, fileno=fileno)

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

    def script(peer: Peer) -> None:
        ping_once(peer)
        ready.wait(PATIENCE)
        peer.answer(peer.frame(), Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        request = peer.frame()
        peer.answer(
            request, Kind.SAVED, (scache.frames.Tag.CONNECTION, 1), (scache.frames.Tag.BINDINGS, 0)
        )

    plain = socket.socket
    ready = threading.Event()
    with scache.Client(serve(script).path) as cache:
        cache.ping()
        monkeypatch.setattr(socket, "socket", Green)
        ready.set()
        found = cache.find(endpoint="e")
        assert found and isinstance(found.socket, Green) and found.socket.family == socket.AF_UNIX
        cache.save(found)
        assert found.fileno() == -1
