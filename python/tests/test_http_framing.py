# SPDX-License-Identifier: Apache-2.0
"""Replies with any framing: the next request gets its own answer."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

import scache
import scache.http
from common import ALONE, Start
from harness.waiting import PATIENCE, until
from talker import END, LATER, Script, Talker

OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 2\r\n\r\nok"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
INTERIM = b"HTTP/1.1 %d Wait\r\nLink: </a>\r\n\r\n"

# The reply to /first; the body, None for an error; whether the connection is shared.
CASES: dict[str, tuple[Script, bytes | None, bool]] = {
    "plain": ([PLAIN], b"ok", True),
    "100": ([INTERIM % 100, PLAIN], b"ok", True),
    "102": ([INTERIM % 102, PLAIN], b"ok", True),
    "103": ([INTERIM % 103, PLAIN], b"ok", True),
    "several": ([b"".join(INTERIM % n for n in (100, 103, 102, 199)), PLAIN], b"ok", True),
    "many 103": ([(INTERIM % 103) * 500, PLAIN], b"ok", True),
    "103 with a length": ([b"HTTP/1.1 103 H\r\nContent-Length: 5\r\n\r\n" + PLAIN], b"ok", True),
    "103, then a 204": ([INTERIM % 103, b"HTTP/1.1 204 No\r\n\r\n"], b"", True),
    "101": ([b"HTTP/1.1 101 Switching\r\n\r\n"], b"", False),
    "103, then 101": ([INTERIM % 103, b"HTTP/1.1 101 Switching\r\n\r\n"], b"", False),
    "204": ([b"HTTP/1.1 204 No\r\n\r\n"], b"", True),
    "204 with a body": ([b"HTTP/1.1 204 No\r\n\r\n" + EVIL], b"", False),
    "204 with a length": (
        [b"HTTP/1.1 204 No\r\nContent-Length: 42\r\n\r\n", LATER, EVIL],
        b"",
        False,
    ),
    "304": ([b"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n"], b"", True),
    "304 with a body": ([b"HTTP/1.1 304 No\r\n\r\n" + EVIL], b"", False),
    "both lengths": (
        [OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
        b"ok",
        False,
    ),
    "two lengths": (
        [OK + b"Content-Length: 2\r\nContent-Length: 6\r\n\r\nok" + EVIL],
        b"ok",
        False,
    ),
    "one length twice": (
        [OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"],
        b"ok",
        False,
    ),
    "a field that is none": ([OK + b"Content-Length: 2\r\nnone\r\n\r\nok"], b"ok", False),
    "chunks": ([CHUNKED + b"2\r\nok\r\n0\r\n\r\n"], b"ok", True),
    "extensions": ([CHUNKED + b'2;a="b";c\r\nok\r\n0;d\r\n\r\n'], b"ok", True),
    "trailers": ([CHUNKED + b"2\r\nok\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n"], b"ok", True),
    "a chunk without its end": ([CHUNKED + b"2\r\nokXX0\r\n\r\n"], b"ok", False),
    "a chunk's line without CR": ([CHUNKED + b"2\nok\r\n0\r\n\r\n"], b"ok", False),
    "a signed chunk": ([CHUNKED + b"+2\r\nok\r\n0\r\n\r\n"], b"ok", False),
    "a negative chunk": ([CHUNKED + b"-2\r\nok\r\n0\r\n\r\n"], None, False),
    "no chunk": ([CHUNKED + b"what\r\nok\r\n0\r\n\r\n"], None, False),
    "a chunk that ends early": ([CHUNKED + b"9\r\nok", END], None, False),
    "chunks that end early": ([CHUNKED + b"2\r\nok\r\n", END], None, False),
    "trailers that end early": ([CHUNKED + b"2\r\nok\r\n0\r\nA: b\r\n", END], b"ok", False),
    "a body that ends early": ([OK + b"Content-Length: 9\r\n\r\nok", END], None, False),
    "a body to the end": ([OK + b"\r\nok", END], b"ok", False),
    "close": ([OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"], b"ok", False),
    "close in a list": (
        [OK + b"Connection: a, Close\r\nContent-Length: 2\r\n\r\nok"],
        b"ok",
        False,
    ),
    "close in a second field": (
        [OK + b"Connection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
        b"ok",
        False,
    ),
    "1.0": ([b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"], b"ok", False),
    "1.0 keep-alive": (
        [b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"],
        b"ok",
        True,
    ),
    "1.0 in chunks": (
        [
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"2\r\nok\r\n0\r\n\r\n",
        ],
        b"ok",
        False,
    ),
    "more at once": ([PLAIN + EVIL], b"ok", False),
    "more behind chunks": ([CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + EVIL], b"ok", False),
    "more later": ([PLAIN, LATER, EVIL], b"ok", False),
    "the end later": ([PLAIN, LATER, END], b"ok", False),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Script, bytes | None, bool]:
    """Each of them."""
    return CASES[request.param]


@pytest.fixture
def talker(case: tuple[Script, bytes | None, bool]) -> Iterator[Talker]:
    """A server that has this script for /first."""
    server = Talker({"/first": case[0]})
    yield server
    server.close()


@pytest.mark.parametrize("how", ["the same", "another", "without a cache"])
def test_the_next_one_hears_its_own_answer(
    start: Start, talker: Talker, case: tuple[Script, bytes | None, bool], how: str
) -> None:
    script, body, shared = case
    path = "/nowhere" if how == "without a cache" else start(ALONE).scratch.socket

    def connect() -> scache.http.HTTPConnection:
        cache = scache.Client(path, timeout=PATIENCE)
        return scache.http.HTTPConnection("127.0.0.1", talker.port, PATIENCE, cache=cache)

    first = connect()
    second = connect() if how == "another" else first
    first.request("GET", "/first")
    if body is None:
        with pytest.raises(http.client.IncompleteRead):
            first.getresponse().read()
    else:
        assert first.getresponse().read() == body
    if LATER in script:
        talker.later.set()
        until(lambda: talker.is_done, "the server has said the rest")
    for _ in range(2):
        second.request("GET", "/second")
        assert second.getresponse().read() == b"/second"
    assert talker.connections == (1 if shared else 2)
    for each in (first, second):
        each.close()
        each.cache.close()
    if path != "/nowhere":
        with scache.Client(path) as other:
            other.drop(prefix="")


def test_a_reply_that_comes_before_the_whole_request(start: Start) -> None:
    """The server would take the rest of the body for the next request."""
    talker = Talker({"/first": [b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nok"]})
    with scache.Client(start(ALONE).scratch.socket, timeout=PATIENCE) as cache:
        connection = scache.http.HTTPConnection("127.0.0.1", talker.port, PATIENCE, cache=cache)
        connection.putrequest("PUT", "/first")
        connection._may_share = True
        connection.putheader("Content-Length", "3")
        connection.endheaders()
        until(lambda: scache.http._has_input(connection.sock), "the reply comes")
        connection.send(b"abc")
        assert connection.getresponse().read() == b"ok"
        assert connection.sock is None
        assert cache.find(endpoint=scache.http.endpoint_name("127.0.0.1", talker.port)) is None
    talker.close()


def test_interim_replies_without_end(start: Start) -> None:
    most = scache.reply.MOST_INTERIM
    talker = Talker({"/first": [(INTERIM % 103) * (most + 1), PLAIN]})
    connection = scache.http.HTTPConnection(
        "127.0.0.1", talker.port, PATIENCE, cache=scache.Client("/nowhere")
    )
    connection.request("GET", "/first")
    with pytest.raises(http.client.HTTPException, match="interim"):
        connection.getresponse()
    connection.request("GET", "/second")
    assert connection.getresponse().read() == b"/second"
    connection.close()
    talker.close()


def test_a_reply_that_nobody_has_read_yet(start: Start) -> None:
    """The next request opens its own connection; the reply can still be read."""
    talker = Talker()
    connection = scache.http.HTTPConnection(
        "127.0.0.1", talker.port, PATIENCE, cache=scache.Client("/nowhere")
    )
    connection.request("GET", "/first")
    first = connection.getresponse()
    connection.request("GET", "/second")
    connection.request("GET", "/third")
    assert connection.getresponse().read() == b"/third"
    assert first.read() == b"/first"
    connection.close()
    talker.close()
