# SPDX-License-Identifier: Apache-2.0
"""Saves that fail: the caller owns the connection until its descriptor is sent."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable

import pytest

import scache
import scache.stream
from common import Pair, Serve
from fake import Peer
from harness import wire
from harness.waiting import PATIENCE
from scache.frames import Kind, Tag

SHORT = 0.1


class Interrupted(BaseException):
    """The exception of a signal handler."""


def silent(peer: Peer) -> None:
    """Sends no answer."""
    peer.ends()


def gone(peer: Peer) -> None:
    """Closes the stream."""


def confused(peer: Peer) -> None:
    """Sends an invalid answer."""
    peer.send(b"\xff" * 24 + b"\0\0\0")
    peer.ends()


def before_direct(peer: Peer) -> None:
    peer.send(wire.GREETING)
    peer.expect(wire.attributes(("request", "direct"), ("version", 1)))


def behind_direct(peer: Peer) -> None:
    peer.accept()
    assert peer.frame().kind == Kind.SAVE


def before_postfix(peer: Peer) -> None:
    peer.refuse()
    peer.expect(wire.save_endp("e", "", 1))


def behind_postfix(peer: Peer) -> None:
    before_postfix(peer)
    peer.send(wire.DUMMY)
    peer.expect(b"\0")


MOMENTS = {
    "before, direct": (before_direct, False),
    "behind, direct": (behind_direct, True),
    "before, postfix": (before_postfix, False),
    "behind, postfix": (behind_postfix, True),
}
# The reaction of the server, or the exception of the next recvmsg.
FAULTS: dict[str, tuple[Callable[[Peer], None] | BaseException, type[BaseException]]] = {
    "timeout": (silent, scache.Timeout),
    "disconnect": (gone, scache.ServerMissing),
    "protocol": (confused, scache.ProtocolError),
    "system": (OSError(errno.ENOMEM, "no memory"), scache.SystemFailure),
    "interruption": (Interrupted(), Interrupted),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_whose_the_connection_is(
    serve: Serve, pair: Pair, monkeypatch: pytest.MonkeyPatch, moment: str, fault: str
) -> None:
    mine, other = pair
    begin, given = MOMENTS[moment]
    then, kind = FAULTS[fault]

    def script(peer: Peer) -> None:
        begin(peer)
        if isinstance(then, BaseException):
            monkeypatch.setattr(scache.stream.Arrived, "receive", fail)
            # Wakes the client.
            peer.send(b"x")
            with contextlib.suppress(ConnectionResetError):
                peer.ends()
        else:
            then(peer)

    def fail(*_: object) -> None:
        assert isinstance(then, BaseException)
        raise type(then)(*then.args)

    path = serve(script).path
    timeout = SHORT if fault == "timeout" else PATIENCE
    with scache.Client(path, timeout=timeout) as cache, pytest.raises(kind) as error:
        cache.save(mine, "e", ttl=1)
    assert (mine.fileno() < 0) is given
    if isinstance(error.value, scache.Error):
        assert error.value.in_doubt is given
    assert bool(getattr(error.value, "__notes__", None)) is given
    if given:
        other.settimeout(PATIENCE)
        assert other.recv(1) == b""
    else:
        mine.send(b"x")
        assert other.recv(9) == b"x"


def test_what_could_not_be_sent_is_the_callers(
    serve: Serve, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel has refused the descriptor."""

    class Full:
        def __init__(self, sock: object) -> None:
            self._sock = sock

        def sendmsg(self, *_: object) -> int:
            raise OSError(errno.ETOOMANYREFS, "too many")

        def __getattr__(self, name: str) -> object:
            return getattr(self._sock, name)

    def script(peer: Peer) -> None:
        peer.accept()
        peer.pong()
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        cache.ping()
        stream = cache._pool._idle[0].stream
        stream._socket = Full(stream._socket)  # type: ignore[assignment]
        with pytest.raises(scache.SystemFailure) as error:
            cache.save(pair[0], "e")
    assert error.value.errno == errno.ETOOMANYREFS and not error.value.in_doubt
    assert pair[0].fileno() >= 0


def test_half_a_frame_with_its_descriptor_gives_it_up(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.take(1)
        assert len(peer.descriptors) == 1
        done.append(peer.socket.recv(1))

    done: list[bytes] = []
    with scache.Client(serve(script).path, timeout=SHORT) as cache:
        session = cache._pool.take(scache.client.Deadline(PATIENCE), fresh=False)
        session.stream._socket.setsockopt(1, 7, 1)  # SO_SNDBUF
        cache._pool.give_back(session)
        with pytest.raises(scache.Error) as error:
            cache.save(pair[0], "e", b"p" * 250_000)
    assert error.value.in_doubt and pair[0].fileno() < 0


def test_a_refusal_leaves_it(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.answer(peer.frame(), Kind.ERROR, (Tag.CODE, 3))

    with scache.Client(serve(script).path) as cache, pytest.raises(scache.Refused) as error:
        cache.save(pair[0], "e")
    assert not error.value.in_doubt and pair[0].fileno() >= 0


def test_a_save_that_may_have_been_done_is_not_done_twice(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.pong()
        assert peer.frame().kind == Kind.SAVE

    with scache.Client(serve(script).path) as cache:
        cache.ping()
        with pytest.raises(scache.ServerMissing) as error:
            cache.save(pair[0], "e")
    assert error.value.in_doubt and pair[0].fileno() < 0
