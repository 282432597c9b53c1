# SPDX-License-Identifier: Apache-2.0
"""Which heads of replies determine the reply's end."""

from __future__ import annotations

import pytest

from scache.framing import is_clear, is_clear_chunk

CLEAR = [
    b"HTTP/1.1 200 OK|Content-Length: 2",
    b"HTTP/1.1 200|content-length:2",
    b"HTTP/1.1 200 |Content-Length:\t2 ",
    b"HTTP/1.1 404 No|Content-Length: 0|Connection: keep-alive, Upgrade",
    b"HTTP/1.1 200 OK|Transfer-Encoding: Chunked",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 204 No Content|Content-Length: 0",
    b"HTTP/1.1 304 Not Modified|Content-Length: 9",
    b"HTTP/1.0 200 OK|Content-Length: 2|Connection: Keep-Alive",
]
UNCLEAR = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 100 Continue|Content-Length: 2",
    b"HTTP/1.1 101 Switching Protocols|Content-Length: 0",
    b"HTTP/2.0 200 OK|Content-Length: 2",
    b"HTTP/1.2 200 OK|Content-Length: 2",
    b"HTTP/1.1 +200 OK|Content-Length: 2",
    b"HTTP/1.1 200 OK|Content-Length: 2|Content-Length: 2",
    b"HTTP/1.1 200 OK|Content-Length: 2|content-length: 3",
    b"HTTP/1.1 200 OK|Content-Length: 2, 2",
    b"HTTP/1.1 200 OK|Content-Length: +2",
    b"HTTP/1.1 200 OK|Content-Length: -2",
    b"HTTP/1.1 200 OK|Content-Length: 1_0",
    b"HTTP/1.1 200 OK|Content-Length: 0x2",
    b"HTTP/1.1 200 OK|Content-Length:",
    b"HTTP/1.1 200 OK|Content-Length : 2",
    b"HTTP/1.1 200 OK|Content-Length: 2| folded",
    b"HTTP/1.1 200 OK|Content-Length: 2|no field",
    b"HTTP/1.1 200 OK|Content-Length: 2|X: a\rY: b",
    b"HTTP/1.1 200 OK|Content-Length: 2|X: a\0",
    b"HTTP/1.1 200 OK|Content-Length: 2|Transfer-Encoding: chunked",
    b"HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked",
    b"HTTP/1.1 200 OK|Transfer-Encoding: chunked|Transfer-Encoding: chunked",
    b"HTTP/1.1 200 OK|Transfer-Encoding: identity|Content-Length: 2",
    b"HTTP/1.1 200 OK|Transfer-Encoding:",
    b"HTTP/1.1 204 No Content|Content-Length: 2",
    b"HTTP/1.1 204 No Content|Transfer-Encoding: chunked",
    b"HTTP/1.1 200 OK|Content-Length: 2|Connection: close",
    b"HTTP/1.1 200 OK|Content-Length: 2|Connection: keep-alive|Connection: x, CLOSE",
    b"HTTP/1.0 200 OK|Content-Length: 2",
    b"HTTP/1.0 200 OK|Content-Length: 2|Keep-Alive: timeout=9",
    b"HTTP/1.0 200 OK|Content-Length: 2|Connection: keep-alive, close",
    b"HTTP/1.0 200 OK|Transfer-Encoding: chunked|Connection: keep-alive",
]


def lines(text: bytes, end: bytes = b"\r\n") -> list[bytes]:
    """A head."""
    return [line + end for line in (text + b"|").split(b"|")]


@pytest.mark.parametrize("text", CLEAR)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_clear_heads(text: bytes, end: bytes) -> None:
    assert is_clear(lines(text, end), "GET")


@pytest.mark.parametrize("text", UNCLEAR)
def test_unclear_heads(text: bytes) -> None:
    assert not is_clear(lines(text), "GET")


def test_a_head_without_an_end() -> None:
    assert not is_clear([], "GET")
    assert not is_clear(lines(CLEAR[0])[:-1], "GET")


def test_a_reply_to_head_has_no_body() -> None:
    assert is_clear(lines(b"HTTP/1.1 200 OK"), "HEAD")
    assert is_clear(lines(b"HTTP/1.1 200 OK|Content-Length: 9"), "HEAD")
    assert not is_clear(lines(b"HTTP/1.1 200 OK|Connection: close"), "HEAD")


@pytest.mark.parametrize("line", [b"0\r\n", b"fF\r\n", b"5;name=value\r\n", b"5 ; a\r\n"])
def test_clear_chunks(line: bytes) -> None:
    assert is_clear_chunk(line)


@pytest.mark.parametrize(
    "line",
    [b"", b"\r\n", b"5\n", b"+5\r\n", b"-5\r\n", b"0x5\r\n", b"1_0\r\n", b" 5\r\n", b"5 5\r\n"],
)
def test_unclear_chunks(line: bytes) -> None:
    assert not is_clear_chunk(line)
