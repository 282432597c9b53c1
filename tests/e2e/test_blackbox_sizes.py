# SPDX-License-Identifier: Apache-2.0
"""Long names, properties and requests: what is taken, what is refused, what memory they cost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from harness import census, wire
from harness.cargo import Cargo
from harness.server import Server
from harness.wire import attributes

Load = Callable[..., Cargo]
Start = Callable[..., Server]

# Ours; the stock server has none.
MAX_NAME = 16 * 1024
MAX_PROPERTIES = 64 * 1024
MAX_REQUEST = 256 * 1024

SURPLUS = "warning: unexpected attribute pad from scache socket (expecting: (list terminator))"


def over(service: str, what: str, size: int, limit: int) -> str:
    """The log line on a text that is too long."""
    return f"warning: scache_{service}_service: {what} of {size} bytes exceeds the limit of {limit}"


@pytest.mark.parametrize("size", [1000, 4095, 4096, 4097, MAX_NAME])
def test_a_long_name_is_taken(server: Server, load: Load, size: int) -> None:
    client, cargo, name = server.client(), load(), "n" * size
    assert client.save_dest(name, "dp", name) == wire.status(0)
    assert client.save_endp(name, "ep", cargo) == wire.status(0)
    assert client.find_endp("n" * (size - 1)).reply == wire.FIND_ENDP_MISS
    found = client.find_dest(name)
    assert found.reply == wire.dest_found("dp", "ep")
    assert found.identity == cargo.identity
    assert client.find_endp(name).reply == wire.FIND_ENDP_MISS


@pytest.mark.parametrize("size", [1000, 4095, 4096, 4097, MAX_PROPERTIES])
def test_long_properties_are_taken(server: Server, load: Load, size: int) -> None:
    client, cargo, text = server.client(), load(), "p" * size
    assert client.save_dest("d", text, "e") == wire.status(0)
    assert client.save_endp("e", text, cargo) == wire.status(0)
    found = client.find_dest("d")
    assert found.reply == wire.dest_found(text, text)
    assert found.identity == cargo.identity


TOO_LONG = [
    pytest.param(
        wire.find_endp("n" * (MAX_NAME + 1)),
        wire.FIND_ENDP_MISS,
        b"status\x001\0property\0\0\0",
        over("find_endp", "label", MAX_NAME + 1, MAX_NAME),
        id="find_endp",
    ),
    pytest.param(
        wire.find_dest("n" * (MAX_NAME + 1)),
        wire.FIND_DEST_MISS,
        b"status\x001\0property\0\0property\0\0\0",
        over("find_dest", "label", MAX_NAME + 1, MAX_NAME),
        id="find_dest",
    ),
    pytest.param(
        wire.save_endp("n" * (MAX_NAME + 1), "p"),
        wire.DUMMY,
        wire.status(1),
        over("save_endp", "label", MAX_NAME + 1, MAX_NAME),
        id="save_endp, name",
    ),
    pytest.param(
        wire.save_endp("e", "p" * (MAX_PROPERTIES + 1)),
        wire.DUMMY,
        wire.status(1),
        over("save_endp", "property", MAX_PROPERTIES + 1, MAX_PROPERTIES),
        id="save_endp, properties",
    ),
    pytest.param(
        wire.save_dest("n" * (MAX_NAME + 1), "p", "e"),
        wire.status(0),
        wire.status(1),
        over("save_dest", "label", MAX_NAME + 1, MAX_NAME),
        id="save_dest, destination",
    ),
    pytest.param(
        wire.save_dest("d", "p" * (MAX_PROPERTIES + 1), "e"),
        wire.status(0),
        wire.status(1),
        over("save_dest", "property", MAX_PROPERTIES + 1, MAX_PROPERTIES),
        id="save_dest, properties",
    ),
    pytest.param(
        wire.save_dest("d", "p", "n" * (MAX_NAME + 1)),
        wire.status(0),
        wire.status(1),
        over("save_dest", "label", MAX_NAME + 1, MAX_NAME),
        id="save_dest, endpoint",
    ),
]


@pytest.mark.difference("sizes")
@pytest.mark.parametrize(("request_", "taken", "refused", "logged"), TOO_LONG)
def test_one_byte_over_the_limit(
    server: Server,
    load: Load,
    expect: dict[str, Any],
    request_: bytes,
    taken: bytes,
    refused: bytes,
    logged: str,
) -> None:
    client = server.client()
    client.send(request_)
    client.expect(taken if expect["taken"] else refused)
    if not expect["taken"]:
        server.log.expect(logged)
    elif taken == wire.DUMMY:
        client.send(b"\0", [load().fd])
        client.expect(wire.status(0))
        server.remaining = 1
    assert server.client().find_endp("other").reply == wire.FIND_ENDP_MISS
    assert client.find_endp("other").reply == wire.FIND_ENDP_MISS


def padded(size: int) -> bytes:
    """A lookup in a list of exactly that many bytes; what fills it is not looked at."""
    empty = attributes(("request", "find_endp"), ("label", "a"), ("pad", ""))
    return attributes(
        ("request", "find_endp"), ("label", "a"), ("pad", "x" * (size - len(empty)))
    )


@pytest.mark.difference("surplus-attributes")
def test_a_request_of_the_greatest_length_is_taken(
    server: Server, expect: dict[str, Any]
) -> None:
    client = server.client()
    client.send(padded(MAX_REQUEST))
    client.expect(wire.FIND_ENDP_MISS)
    server.log.expect(SURPLUS)
    for _ in range(expect["lines_on_the_rest"]):
        server.log.next_line()
    assert client.find_endp("other").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("request-size")
def test_a_request_one_byte_over_the_limit(server: Server, expect: dict[str, Any]) -> None:
    client = server.client()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send(padded(MAX_REQUEST + 1))
    if expect["answered"]:
        client.expect(wire.FIND_ENDP_MISS)
        server.log.expect(SURPLUS)
        for _ in range(expect["lines_on_the_rest"]):
            server.log.next_line()
    else:
        server.log.expect("warning: " + expect["too_long"])
        client.ends()
    assert server.client().find_endp("other").reply == wire.FIND_ENDP_MISS


@pytest.mark.only("ours")
@pytest.mark.difference("request-size")
@pytest.mark.parametrize("byte", [b"x", b"\n", b"\xff"])
def test_ten_megabytes_without_a_terminator_find_the_door(
    server: Server, byte: bytes, expect: dict[str, Any]
) -> None:
    client, other = server.client(), server.client()
    before = server.resident()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send(byte * (10 << 20))
    server.log.expect("warning: " + expect["too_long"])
    client.ends()
    assert other.find_endp("other").reply == wire.FIND_ENDP_MISS
    assert server.resident() - before < 2 << 20
    server.comes_to_hold(1)


@pytest.mark.only("ours")
@pytest.mark.difference("request-size")
def test_an_endless_row_of_names_finds_the_door(server: Server, expect: dict[str, Any]) -> None:
    client, other = server.client(), server.client()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send(b"x\0" * 100_000)
    client.ends()
    assert other.find_endp("other").reply == wire.FIND_ENDP_MISS
    lines = [server.log.next_line().text for _ in range(expect["lines_of_nonsense"])]
    assert all("unexpected attribute x" in line for line in lines[:-1])
    assert lines[-1].endswith("consecutive attributes from scache socket without a request")


@pytest.mark.difference("memory")
def test_memory_of_large_entries_is_given_back(
    start: Start, load: Load, expect: dict[str, Any]
) -> None:
    server = start()
    if census.is_sanitized(server.pid):
        pytest.skip("a sanitizer keeps what is freed")
    client = server.client()
    client.save_endp("warm", "p", load())
    client.find_endp("warm")
    before = server.resident()
    for number in range(100):
        client.save_endp(f"e{number}", "p" * MAX_PROPERTIES, load())
    assert server.resident() - before > 5 << 20
    for number in range(100):
        client.find_endp(f"e{number}")
    server.leave(client)
    server.comes_to_hold(0)
    assert (server.resident() - before < 3 << 20) == expect["given_back"]


def test_a_long_name_is_cut_in_the_log(server: Server) -> None:
    client = server.client()
    client.send(b"x" * 5000 + b"\0\0")
    text = ("unexpected attribute " + "x" * 5000)[:2000]
    server.log.expect(
        f"warning: {text}",
        "warning: missing attribute request in input from scache socket",
    )
