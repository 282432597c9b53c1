# SPDX-License-Identifier: Apache-2.0
"""The requests and replies of the Postfix protocol."""

from __future__ import annotations

import os
import socket

import pytest

import scache
from common import Pair, Serve
from fake import Peer
from harness import wire


def test_a_refusal_is_remembered(serve: Serve) -> None:
    """Postfix's server logs a warning for each attempt."""

    def first(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(wire.FIND_ENDP_MISS)

    def second(peer: Peer) -> None:
        peer.send(wire.GREETING)
        peer.expect(wire.find_dest("d"))
        peer.send(wire.FIND_DEST_MISS)

    path = serve(first, second).path
    with scache.Client(path) as cache:
        assert cache.find(endpoint="e") is None
    with scache.Client(path) as cache:
        assert cache.find(destination="d") is None


@pytest.mark.parametrize("by", ["endpoint", "destination"])
def test_a_find_takes_the_descriptor(serve: Serve, pair: Pair, by: str) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        if by == "endpoint":
            peer.expect(wire.find_endp("n"))
            peer.send(wire.endp_found("a\nb"))
        else:
            peer.expect(wire.find_dest("n"))
            peer.send(wire.dest_found("dp", "a\nb"))
        peer.expect(wire.DUMMY)
        peer.send(b"\0", pair[0].fileno())
        peer.expect(wire.DUMMY)
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        found = cache.find(**{by: "n"})
    assert found
    with found:
        assert os.fstat(found.fileno()).st_ino == os.fstat(pair[0].fileno()).st_ino
        assert not os.get_inheritable(found.fileno())
        assert found.endpoint_properties == b"a\nb"
        assert found.destination_properties == (b"" if by == "endpoint" else b"dp")
        assert found.endpoint == (b"n" if by == "endpoint" else None)
        assert (found.id, found.uses, found.age, found.idle) == (None,) * 4


def test_a_save_sends_its_bindings_first(serve: Serve, pair: Pair) -> None:
    mine, other = pair

    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.save_dest("d1", "dp", "e", 2))
        peer.send(wire.status(0))
        peer.expect(wire.save_dest("d2", "", "e", 2**31 - 1))
        peer.send(wire.status(2))
        peer.expect(wire.save_endp("e", "p", 2))
        peer.send(wire.DUMMY)
        peer.expect(b"\0")
        assert len(peer.descriptors) == 1
        peer.send(wire.status(0))

    with scache.Client(serve(script).path) as cache:
        bindings = [scache.Binding("d1", "dp", 1.1), scache.Binding("d2", ttl=1e12)]
        assert cache.save(mine, "e", "p", 1.5, bindings=bindings) == (None, 1)
    assert mine.fileno() == -1
    assert other.recv(1) == b""


def test_a_save_that_fails_leaves_the_socket(serve: Serve, pair: Pair) -> None:
    mine, other = pair

    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.save_endp("e", "", 2**31 - 1))
        peer.send(wire.status(1))
        peer.expect(wire.save_endp("e", "", 2**31 - 1))
        peer.send(wire.DUMMY)
        peer.expect(b"\0")
        peer.send(wire.status(2))

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Refused) as refused:
            cache.save(mine, "e")
        assert refused.value.code == scache.Code.MALFORMED
        with pytest.raises(scache.Refused) as refused:
            cache.save(mine, "e")
        assert refused.value.code == scache.Code.UNKNOWN
        assert not refused.value.in_doubt
    other.send(b"x")
    assert mine.recv(9) == b"x"


def test_a_found_connection_needs_a_name_where_none_was_told(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_dest("d"))
        peer.send(wire.dest_found("", ""))
        peer.expect(wire.DUMMY)
        peer.send(b"\0", pair[0].fileno())
        peer.expect(wire.DUMMY)

    with scache.Client(serve(script).path) as cache:
        found = cache.find(destination="d")
        assert found
        with found, pytest.raises(TypeError):
            cache.save(found)


def test_what_postfix_cannot_do(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.save_dest("d", "", "e", 1))
        peer.send(wire.status(0))

    with scache.Client(serve(script).path) as cache:
        for call in (
            cache.stats,
            lambda: next(cache.list()),
            lambda: cache.drop(prefix=""),
            lambda: cache.find(endpoint=b"a\0b"),
            lambda: cache.save(pair[0], "e", b"a\0b"),
        ):
            with pytest.raises(scache.Unsupported):
                call()
        assert cache.bind("d", "e", ttl=0.5) is None
    assert pair[0].fileno() >= 0


def test_what_was_found_and_is_no_socket_is_closed(serve: Serve) -> None:
    reading, writing = os.pipe()

    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(wire.endp_found(""))
        peer.expect(wire.DUMMY)
        peer.send(b"\0", writing)
        os.close(writing)
        peer.expect(wire.DUMMY)

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Unsupported):
            cache.find(endpoint="e")
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_the_server_may_go_when_it_has_handed_the_connection_over(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(wire.endp_found(""))
        peer.expect(wire.DUMMY)
        # The server has closed the stream before the next request.
        peer.socket.shutdown(socket.SHUT_RD)
        peer.send(b"\0", pair[0].fileno())

    with scache.Client(serve(script).path) as cache:
        found = cache.find(endpoint="e")
    assert found
    found.close()


def test_a_ping_is_answered_by_a_greeting(serve: Serve) -> None:
    """The protocol has no ping, so the client opens a new stream."""

    def second(peer: Peer) -> None:
        peer.send(wire.GREETING)
        peer.ends()

    with scache.Client(serve(Peer.refuse, second).path) as cache:
        assert cache.ping() == ""
        assert cache.ping() == ""
