# SPDX-License-Identifier: Apache-2.0
"""Bad requests: the reply and the log lines, and a stream that goes on afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.lines import no_error
from harness.server import Server
from harness.wire import attributes

Load = Callable[..., Cargo]

BAD_STATUS = b"status\x001\0\0"
BAD_FIND_ENDP = b"status\x001\0property\0\0\0"
BAD_FIND_DEST = b"status\x001\0property\0\0property\0\0\0"

SOURCE = "from scache socket"


def unexpected(name: str, wanted: str) -> str:
    """The log line on an attribute that is not the one wanted."""
    return f"warning: unexpected attribute {name} {SOURCE} (expecting: {wanted})"


def missing(name: str) -> str:
    """The log line on a list that ends too early."""
    return f"warning: missing attribute {name} in input {SOURCE}"


def bad(service: str) -> str:
    """The log line on a request that is not whole."""
    return f"warning: scache_{service}_service: bad or missing request parameter"


@dataclasses.dataclass(frozen=True)
class Case:
    """What is sent in one piece, the reply if there is one, and the log lines."""

    name: str
    sent: bytes
    reply: bytes | None
    log: list[str]


FIND_ENDP = ("request", "find_endp")
FIND_DEST = ("request", "find_dest")
SAVE_ENDP = ("request", "save_endp")
SAVE_DEST = ("request", "save_dest")

CASES = [
    Case(
        "unknown request",
        attributes(("request", "frob")),
        BAD_STATUS,
        ['warning: unrecognized request: "frob", ignored'],
    ),
    Case(
        "unknown request with attributes",
        attributes(("request", "frob"), ("a", "b"), ("c", "d")),
        BAD_STATUS,
        ['warning: unrecognized request: "frob", ignored'],
    ),
    Case(
        "empty request",
        attributes(("request", "")),
        BAD_STATUS,
        ['warning: unrecognized request: "", ignored'],
    ),
    Case(
        "request in capitals",
        attributes(("request", "FIND_ENDP"), ("label", "a")),
        BAD_STATUS,
        ['warning: unrecognized request: "FIND_ENDP", ignored'],
    ),
    Case(
        "request with control characters",
        attributes(("request", "a\nb\x7fc%s")),
        BAD_STATUS,
        ['warning: unrecognized request: "a?b?c%s", ignored'],
    ),
    Case("empty list", b"\0", None, [missing("request")]),
    Case("three empty lists", b"\0\0\0", None, [missing("request")] * 3),
    Case(
        "no request",
        attributes(("label", "a")),
        None,
        [unexpected("label", "request"), unexpected("a", "request"), missing("request")],
    ),
    Case(
        "request not first",
        attributes(("foo", "bar"), FIND_ENDP, ("label", "a")),
        wire.FIND_ENDP_MISS,
        [unexpected("foo", "request"), unexpected("bar", "request")],
    ),
    Case(
        "Request in capitals",
        attributes(("REQUEST", "x")),
        None,
        [unexpected("REQUEST", "request"), unexpected("x", "request"), missing("request")],
    ),
    Case(
        "a request after a lonely string",
        b"foo\0" + attributes(("request", "find_endp"), ("x", "y")),
        BAD_FIND_ENDP,
        [unexpected("foo", "request"), unexpected("x", "label"), bad("find_endp")],
    ),
    Case(
        "find_endp without label",
        attributes(FIND_ENDP),
        BAD_FIND_ENDP,
        [missing("label"), bad("find_endp")],
    ),
    Case(
        "find_endp with an attribute after the label",
        attributes(FIND_ENDP, ("label", "a"), ("foo", "bar")),
        wire.FIND_ENDP_MISS,
        [unexpected("foo", "(list terminator)")],
    ),
    Case(
        "find_endp with two attributes after the label",
        attributes(FIND_ENDP, ("label", "a"), ("foo", "bar"), ("baz", "")),
        wire.FIND_ENDP_MISS,
        [unexpected("foo", "(list terminator)")],
    ),
    Case(
        "find_endp with an attribute before the label",
        attributes(FIND_ENDP, ("foo", "bar"), ("label", "a")),
        BAD_FIND_ENDP,
        [unexpected("foo", "label"), bad("find_endp")],
    ),
    Case(
        "find_endp with two labels",
        attributes(FIND_ENDP, ("label", "a"), ("label", "b")),
        wire.FIND_ENDP_MISS,
        [unexpected("label", "(list terminator)")],
    ),
    Case(
        "find_endp with two requests",
        attributes(FIND_ENDP, FIND_ENDP),
        BAD_FIND_ENDP,
        [unexpected("request", "label"), bad("find_endp")],
    ),
    Case(
        "find_dest without label",
        attributes(FIND_DEST),
        BAD_FIND_DEST,
        [missing("label"), bad("find_dest")],
    ),
    Case(
        "find_dest with an attribute after the label",
        attributes(FIND_DEST, ("label", "a"), ("foo", "bar")),
        wire.FIND_DEST_MISS,
        [unexpected("foo", "(list terminator)")],
    ),
    Case(
        "save_endp with nothing",
        attributes(SAVE_ENDP),
        BAD_STATUS,
        [missing("ttl"), bad("save_endp")],
    ),
    Case(
        "save_endp without ttl",
        attributes(SAVE_ENDP, ("label", "a"), ("property", "p")),
        BAD_STATUS,
        [unexpected("label", "ttl"), bad("save_endp")],
    ),
    Case(
        "save_endp without label",
        attributes(SAVE_ENDP, ("ttl", 5), ("property", "p")),
        BAD_STATUS,
        [unexpected("property", "label"), bad("save_endp")],
    ),
    Case(
        "save_endp without property",
        attributes(SAVE_ENDP, ("ttl", 5), ("label", "a")),
        BAD_STATUS,
        [missing("property"), bad("save_endp")],
    ),
    Case(
        "save_endp in another order",
        attributes(SAVE_ENDP, ("label", "a"), ("ttl", 5), ("property", "p")),
        BAD_STATUS,
        [unexpected("label", "ttl"), bad("save_endp")],
    ),
    Case(
        "save_dest with nothing",
        attributes(SAVE_DEST),
        BAD_STATUS,
        [missing("ttl"), bad("save_dest")],
    ),
    Case(
        "save_dest without endpoint",
        attributes(SAVE_DEST, ("ttl", 5), ("label", "a"), ("property", "p")),
        BAD_STATUS,
        [missing("label"), bad("save_dest")],
    ),
    Case(
        "save_dest in another order",
        attributes(SAVE_DEST, ("ttl", 5), ("property", "p"), ("label", "a"), ("label", "b")),
        BAD_STATUS,
        [unexpected("property", "label"), bad("save_dest")],
    ),
    Case(
        "save_dest with an attribute after",
        attributes(
            SAVE_DEST, ("ttl", 5), ("label", "a"), ("property", "p"), ("label", "b"), ("foo", "bar")
        ),
        wire.status(0),
        [unexpected("foo", "(list terminator)")],
    ),
    Case(
        "high bytes",
        b"\xff" * 20 + b"\0\0",
        None,
        [unexpected("?" * 20, "request"), missing("request")],
    ),
    Case(
        "UTF-8",
        "Grüße".encode() + b"\0\0",
        None,
        [unexpected("Gr\xc3\xbc\xc3\x9fe", "request"), missing("request")],
    ),
    Case(
        "a dummy nobody waits for",
        wire.DUMMY,
        None,
        [unexpected("dummy", "request"), missing("request"), missing("request")],
    ),
    Case(
        "another server's greeting",
        wire.GREETING,
        None,
        [
            unexpected("protocol", "request"),
            unexpected("connection_cache_protocol", "request"),
            missing("request"),
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers_and_goes_on(server: Server, case: Case) -> None:
    client, other = server.client(), server.client()
    client.send(case.sent)
    if case.reply is not None:
        client.expect(case.reply)
    server.log.expect(*case.log)
    assert other.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS
    assert client.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS
    server.comes_to_hold(2)


def test_a_save_with_an_attribute_too_many_is_taken(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.send(
        attributes(SAVE_ENDP, ("ttl", 5), ("label", "a"), ("property", "p"), ("foo", "bar"))
    )
    client.expect(wire.DUMMY)
    server.log.expect(unexpected("foo", "(list terminator)"))
    client.send(b"\0", [cargo.fd])
    client.expect(wire.status(0))
    assert client.find_endp("a").identity == cargo.identity


@pytest.mark.difference("undelivered")
def test_a_wrong_word_in_the_place_of_the_dummy(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, other = server.client(), server.client()
    client.save_endp("a", "p", load())
    assert client.ask(wire.find_endp("a")) == wire.endp_found("p")
    client.send(attributes(("nonsense", "")))
    server.log.expect(unexpected("nonsense", "dummy"))
    server.log.expect_one_of(
        "warning: scache_find_endp_service: cannot send file descriptor: ", no_error()
    )
    server.log.expect(missing("request"), missing("request"))
    assert client.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS
    assert (other.find_endp("a").fd is not None) == expect["stays"]
    assert other.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", "name", id="another protocol"),
        pytest.param(b"request", "name", id="a name"),
        pytest.param(b"request\0find_endp", "value", id="a value"),
    ],
)
def test_text_that_ends_without_a_terminator(server: Server, text: bytes, part: str) -> None:
    client, other = server.client(), server.client()
    client.send(text)
    server.leave(client)
    server.log.expect(
        f"warning: unexpected end-of-input {SOURCE} while reading input attribute {part}"
    )
    assert other.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS
    server.comes_to_hold(1)
