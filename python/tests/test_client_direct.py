# SPDX-License-Identifier: Apache-2.0
"""The requests and replies of the direct protocol."""

from __future__ import annotations

import os
import socket

import pytest

import scache
from common import FOUND, Pair, Serve
from fake import Peer
from harness.waiting import PATIENCE
from scache import frames
from scache.deadline import Deadline
from scache.frames import Fields, Kind, Tag


def same(one: int, other: int) -> bool:
    """Whether both descriptors are the same socket."""
    return os.fstat(one).st_ino == os.fstat(other).st_ino


def test_a_found_connection_is_a_socket(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert (request.kind, request.fields) == (Kind.FIND, Fields([(Tag.DESTINATION, b"d\0")]))
        peer.answer(request, Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        found = cache.find(destination=b"d\0")
    assert found is not None
    with found:
        assert same(found.fileno(), pair[0].fileno())
        assert not os.get_inheritable(found.fileno())
        assert (found.socket.family, found.socket.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
        assert found.endpoint == b"e"
        assert (found.endpoint_properties, found.destination_properties) == (b"p", b"dp")
        assert (found.id, found.uses, found.idle) == (77, 3, 1.5)
        assert found.age is not None and 90 <= found.age < 100
    assert found.fileno() == -1


def test_a_found_tcp_connection_says_so(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mine = socket.create_connection(listener.getsockname())
        other = listener.accept()[0]

    def script(peer: Peer) -> None:
        peer.accept()
        peer.answer(peer.frame(), Kind.FOUND, *FOUND, descriptor=mine.fileno())

    with mine, other:
        mine.settimeout(1)  # Sets O_NONBLOCK for the next user.
        with scache.Client(serve(script).path) as cache:
            found = cache.find(endpoint="e")
        assert found is not None
        with found:
            assert found.socket.family == socket.AF_INET
            assert found.socket.getpeername() == mine.getpeername()
            assert os.get_blocking(found.fileno())
            assert found.socket.gettimeout() is None


def test_nothing_is_found(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.answer(peer.frame(), Kind.FOUND)

    with scache.Client(serve(script).path) as cache:
        assert cache.find(endpoint="e") is None


def test_a_save_gives_the_socket_away(serve: Serve, pair: Pair) -> None:
    mine, other = pair
    bindings = [scache.Binding("d", b"dp", 5), scache.Binding(b"d2")]

    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert request.kind == Kind.SAVE and request.descriptor
        assert request.fields == Fields(
            [
                (Tag.ENDPOINT, "é".encode()),
                (Tag.ENDPOINT_PROPERTIES, b"p"),
                (Tag.TTL, 1),
                (
                    Tag.BINDING,
                    Fields(
                        [
                            (Tag.DESTINATION, b"d"),
                            (Tag.DESTINATION_PROPERTIES, b"dp"),
                            (Tag.TTL, 5_000),
                        ]
                    ),
                ),
                (Tag.BINDING, Fields([(Tag.DESTINATION, b"d2")])),
            ]
        )
        assert len(peer.descriptors) == 1 and same(peer.descriptors[0], mine.fileno())
        peer.answer(request, Kind.SAVED, (Tag.CONNECTION, 5), (Tag.BINDINGS, 2))
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        saved = cache.save(mine, "é", b"p", 0.0001, bindings=bindings)
    assert saved == scache.Saved(id=5, bindings=2)
    assert mine.fileno() == -1
    assert other.recv(1) == b""


def test_a_connection_that_is_given_back_keeps_its_history(serve: Serve, pair: Pair) -> None:
    ages = []

    def script(peer: Peer) -> None:
        peer.accept()
        peer.answer(peer.frame(), Kind.FOUND, *FOUND, descriptor=pair[0].fileno())
        request = peer.frame()
        assert (request.fields.number(Tag.CONNECTION), request.fields.number(Tag.USES)) == (77, 3)
        assert request.fields.octets(Tag.ENDPOINT) == b"e"
        assert request.fields.octets(Tag.ENDPOINT_PROPERTIES) == b"p"
        ages.append(request.fields.number(Tag.AGE))
        peer.answer(request, Kind.SAVED, (Tag.CONNECTION, 77), (Tag.BINDINGS, 0))

    with scache.Client(serve(script).path) as cache:
        found = cache.find(endpoint="e")
        assert found
        found._found -= 10  # As if ten seconds had passed.
        assert cache.save(found).id == 77
    assert found.fileno() == -1
    assert 100_000 <= ages[0] < 110_000


def test_a_save_can_allow_input(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert request.fields == Fields([(Tag.ENDPOINT, b"e"), (Tag.ALLOW_INPUT, 1)])
        peer.answer(request, Kind.SAVED, (Tag.CONNECTION, 5), (Tag.BINDINGS, 0))
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        assert cache.save(pair[0], "e", allow_input=True).id == 5


def test_a_refused_save_leaves_the_socket_and_the_stream(serve: Serve, pair: Pair) -> None:
    mine, other = pair

    def script(peer: Peer) -> None:
        peer.accept()
        for code, text in ((3, b"no room"), (99, b"")):
            peer.answer(peer.frame(), Kind.ERROR, (Tag.CODE, code), (Tag.TEXT, text))
        peer.pong()

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Refused, match="full: no room") as refused:
            cache.save(mine, "e")
        assert refused.value.code == scache.Code.FULL and not refused.value.in_doubt
        with pytest.raises(scache.Refused, match="error 99"):
            cache.save(mine, "e")
        assert cache.ping() == "fake 1"
    mine.send(b"x")
    assert other.recv(9) == b"x"


def test_bind(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        for renewed in (0, 1):
            request = peer.frame()
            assert request.kind == Kind.BIND
            assert dict(request.fields.pairs) == {
                Tag.DESTINATION: b"d",
                Tag.ENDPOINT: b"e",
                Tag.DESTINATION_PROPERTIES: b"dp",
                Tag.TTL: 30_000,
            }
            peer.answer(request, Kind.BOUND, (Tag.RENEWED, renewed))

    with scache.Client(serve(script).path) as cache:
        assert cache.bind("d", "e", "dp", 30) is False
        assert cache.bind("d", "e", "dp", 30) is True


@pytest.mark.parametrize("by", ["endpoint", "destination", "prefix"])
def test_drop(serve: Serve, by: str) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert (request.kind, request.fields) == (Kind.DROP, Fields([(Tag[by.upper()], b"")]))
        peer.answer(request, Kind.DROPPED, (Tag.CONNECTIONS, 3), (Tag.BINDINGS, 2**63))

    with scache.Client(serve(script).path) as cache:
        assert cache.drop(**{by: b""}) == (3, 2**63)


def test_a_list_goes_on_to_its_last_page(serve: Serve) -> None:
    connection = Fields(
        [
            (Tag.ENDPOINT, b"e"),
            (Tag.ENDPOINT_PROPERTIES, b"p"),
            (Tag.TTL, 1_999),
            (Tag.CONNECTION, 1),
            (Tag.USES, 2),
            (Tag.AGE, 3_000),
            (Tag.IDLE, 4),
            (Tag.OWNER, 1000),
        ]
    )
    binding = Fields([(Tag.DESTINATION, b"d"), (Tag.ENDPOINT, b"e"), (Tag.TTL, 29_000)])

    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert request.fields.number(Tag.WHAT) == 3
        assert request.fields.octets(Tag.PREFIX) == b"smtp:"
        assert Tag.CURSOR not in request.fields
        peer.answer(request, Kind.PAGE, (Tag.ENTRY, connection), (Tag.CURSOR, b"\0one"))
        request = peer.frame()
        assert request.fields.octets(Tag.CURSOR) == b"\0one"
        peer.answer(request, Kind.PAGE, (Tag.CURSOR, b""))
        request = peer.frame()
        assert Tag.CURSOR in request.fields
        peer.answer(request, Kind.PAGE, (Tag.ENTRY, binding))

    with scache.Client(serve(script).path) as cache:
        assert list(cache.list("smtp:")) == [
            scache.CachedConnection(b"e", b"p", 1.999, 1, 2, 3.0, 0.004, 1000),
            scache.CachedBinding(b"d", b"e", b"", 29.0),
        ]


def test_statistics(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        told = [(b"connections", 19_000), (b"uptime_ms", 2**63)]
        entries = [Fields([(Tag.NAME, name), (Tag.VALUE, value)]) for name, value in told]
        peer.answer(
            peer.frame(), Kind.STATISTICS_TOLD, *((Tag.STATISTIC, entry) for entry in entries)
        )

    with scache.Client(serve(script).path) as cache:
        assert cache.stats() == {"connections": 19_000, "uptime_ms": 2**63}


def test_what_the_server_does_not_know_is_not_asked(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept("save find new ping")
        peer.pong()

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Unsupported):
            cache.stats()
        with pytest.raises(scache.Unsupported):
            cache.drop(prefix="")
        assert cache.ping() == "fake 1"


def test_what_was_found_and_is_no_socket_is_closed(serve: Serve) -> None:
    reading, writing = os.pipe()

    def script(peer: Peer) -> None:
        peer.accept()
        peer.answer(peer.frame(), Kind.FOUND, *FOUND, descriptor=writing)
        os.close(writing)
        peer.pong()

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Unsupported, match="not a socket"):
            cache.find(endpoint="e")
        assert cache.ping() == "fake 1"
    assert os.read(reading, 1) == b""
    os.close(reading)


LONGEST = frames.MAX_SIZE - frames.HEADER_SIZE - 8


def test_the_largest_request_is_sent(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert len(request.fields.octets(Tag.ENDPOINT)) == LONGEST
        peer.answer(request, Kind.ERROR, (Tag.CODE, 5))

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Refused, match="too_large"):
            cache.find(endpoint=b"n" * LONGEST)


def test_a_frame_that_is_sent_in_parts_brings_its_descriptor_once(serve: Serve, pair: Pair) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert len(request.fields.octets(Tag.ENDPOINT_PROPERTIES)) == 260_000
        assert len(peer.descriptors) == 1
        peer.answer(request, Kind.SAVED, (Tag.CONNECTION, 5), (Tag.BINDINGS, 0))

    with scache.Client(serve(script).path) as cache:
        # The smallest buffer: the kernel takes such a frame in many parts.
        session = cache._pool.take(Deadline(PATIENCE), fresh=False)
        session.stream._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        cache._pool.give_back(session)
        assert cache.save(pair[0], "e", b"p" * 260_000).id == 5


def test_a_larger_request_is_not_sent(serve: Serve) -> None:
    """The server would close the stream."""

    def script(peer: Peer) -> None:
        peer.accept()
        peer.pong()

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.Refused, match="too_large"):
            cache.find(endpoint=b"n" * (LONGEST + 1))
        assert cache.ping() == "fake 1"


@pytest.mark.parametrize("ttl", [0, -1.0, float("nan")])
def test_a_ttl_of_nothing_is_the_callers_mistake(pair: Pair, ttl: float) -> None:
    cache = scache.Client("/nowhere")
    with pytest.raises(ValueError):
        cache.save(pair[0], "e", b"", ttl)
    with pytest.raises(ValueError):
        cache.bind("d", "e", b"", ttl)
    with pytest.raises(ValueError):
        cache.save(pair[0], "e", bindings=[scache.Binding("d", b"", ttl)])


def test_a_ttl_for_ever_is_a_long_one(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        assert request.fields.number(Tag.TTL) > 10**14
        peer.answer(request, Kind.BOUND, (Tag.RENEWED, 0))

    with scache.Client(serve(script).path) as cache:
        cache.bind("d", "e", ttl=float("inf"))
