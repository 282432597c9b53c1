# SPDX-License-Identifier: Apache-2.0
"""Servers that violate the protocol, and unexpected descriptors."""

from __future__ import annotations

import os

import pytest

import scache
from common import FOUND, Pair, Serve, ping_once
from fake import ASKS, Peer
from harness import wire
from scache import frames
from scache.frames import Fields, Frame, Kind, Tag

PONG = Frame(Kind.PONG, 1, Fields([(Tag.SERVER, b"s")]))
GARBAGE = [
    pytest.param(b"\x10\0\0\0" + b"\0" * 12, id="too short"),
    pytest.param(b"\xff" * 24, id="too long"),
    pytest.param(frames.encode(PONG) + b"x", id="a byte too much"),
    pytest.param(frames.encode(PONG) * 2, id="two answers"),
    pytest.param(frames.encode(Frame(Kind.PONG, 2, PONG.fields)), id="another's answer"),
    pytest.param(frames.encode(Frame(Kind.FOUND, 1)), id="another kind of answer"),
    pytest.param(frames.encode(Frame(Kind.PING, 1)), id="a request"),
    pytest.param(frames.encode(Frame(Kind.PONG, 1)), id="nothing in it"),
    pytest.param(frames.encode(Frame(Kind.ERROR, 1)), id="an error without a code"),
    pytest.param(frames.encode(Frame(Kind.ERROR, 0, Fields([(Tag.CODE, 1)]))), id="nobody's error"),
    pytest.param(frames.encode(Frame(Kind.PONG, 1, PONG.fields, True)), id="a flag too much"),
]


@pytest.mark.parametrize("data", GARBAGE)
def test_a_confused_server_is_given_up(serve: Serve, data: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        peer.frame()
        peer.send(data)
        peer.ends()

    with scache.Client(serve(script, ping_once).path) as cache:
        with pytest.raises(scache.ProtocolError):
            cache.ping()
        assert cache.ping() == "fake 1"


GREETINGS = [
    b"220 mail.example.test ESMTP\r\n\0\0\0",
    wire.attributes(("protocol", "another")),
    wire.GREETING * 2,
    b"x" * 300_000,
]


@pytest.mark.parametrize("data", GREETINGS, ids=["smtp", "another", "twice", "endless"])
def test_what_is_no_connection_cache_is_a_protocol_error(serve: Serve, data: bytes) -> None:
    def script(peer: Peer) -> None:
        try:
            peer.send(data[:100_000])
            peer.socket.sendall(data[100_000:])
        except OSError:
            pass

    with pytest.raises(scache.ProtocolError):
        scache.Client(serve(script).path).ping()


HANDSHAKES = [
    wire.status(2),
    wire.attributes(("status", 0), ("version", 2), ("capabilities", "ping")),
    wire.attributes(("status", 0)),
    wire.DUMMY,
]


@pytest.mark.parametrize("data", HANDSHAKES)
def test_an_answer_that_is_neither_yes_nor_no(serve: Serve, data: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.send(wire.GREETING)
        peer.expect(ASKS)
        peer.send(data)
        peer.ends()

    with pytest.raises(scache.ProtocolError):
        scache.Client(serve(script).path).ping()


def flagged(descriptor: bool) -> bytes:
    """A found frame with this descriptor flag."""
    return frames.encode(Frame(Kind.FOUND, 1, Fields(FOUND), descriptor))


@pytest.mark.parametrize(
    ("data", "count"),
    [
        pytest.param(flagged(True), 0, id="a descriptor is missing"),
        pytest.param(flagged(False), 1, id="a descriptor without a flag"),
        pytest.param(flagged(True), 2, id="two descriptors"),
        pytest.param(flagged(True), 253, id="as many as a message can bring"),
        pytest.param(b"\xff" * 24, 3, id="garbage with descriptors"),
        pytest.param(frames.encode(Frame(Kind.FOUND, 1, Fields(), True)), 1, id="no fields"),
        pytest.param(
            frames.encode(Frame(Kind.ERROR, 1, Fields([(Tag.CODE, 3)]))), 1, id="with an error"
        ),
    ],
)
def test_descriptors_that_do_not_fit_are_closed(
    serve: Serve, pair: Pair, data: bytes, count: int
) -> None:
    """The fixture no_descriptor_leaks counts them."""

    def script(peer: Peer) -> None:
        peer.accept()
        peer.frame()
        peer.send(data, *[pair[0].fileno()] * count)
        peer.ends()

    with scache.Client(serve(script).path) as cache:
        with pytest.raises(scache.ProtocolError):
            cache.find(endpoint="e")


@pytest.mark.parametrize("count", [0, 2])
def test_postfixs_byte_has_one_descriptor(serve: Serve, pair: Pair, count: int) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(wire.endp_found(""))
        peer.expect(wire.DUMMY)
        peer.send(b"\0", *[pair[0].fileno()] * count)
        peer.ends()

    with pytest.raises(scache.ProtocolError):
        scache.Client(serve(script).path).find(endpoint="e")


POSTFIXS = [
    wire.status(2),
    wire.DUMMY,
    wire.FIND_DEST_MISS,
    wire.attributes(("status", 7), ("property", "")),
    wire.FIND_ENDP_MISS + b"x",
]


@pytest.mark.parametrize("data", POSTFIXS)
def test_an_answer_that_postfixs_way_does_not_know(serve: Serve, data: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.refuse()
        peer.expect(wire.find_endp("e"))
        peer.send(data)
        peer.ends()

    with pytest.raises(scache.ProtocolError):
        scache.Client(serve(script).path).find(endpoint="e")
