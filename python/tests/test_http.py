# SPDX-License-Identifier: Apache-2.0
"""HTTP over shared connections: which are shared, and which are not."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from typing import Any

import pytest

import scache
import scache.http
from common import Connect, Start, get
from web import Web


# Shared connections.


PROCESS = """
import sys, scache, scache.http
with scache.Client(sys.argv[1]) as cache:
    connection = scache.http.HTTPConnection("127.0.0.1", int(sys.argv[2]), cache=cache, ttl=30)
    connection.request("GET", "/")
    print(connection.getresponse().read().decode())
"""


def test_two_processes_share_one_connection(start: Start, kind: str, web: Web) -> None:
    server = start(kind)
    words = [sys.executable, "-c", PROCESS, str(server.scratch.socket), str(web.port)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ports = {subprocess.check_output(words, env=environment) for _ in range(2)}
    assert web.requests == ["GET /"] * 2
    assert web.connections == 1 and len(ports) == 1
    server.log.rest()
    server.remaining = 1


@pytest.mark.parametrize("path", ["/", "/chunks", "/status/204", "/status/304", "/plain/X=y"])
def test_a_connection_is_shared_after_a_whole_reply(connect: Connect, web: Web, path: str) -> None:
    first, second = connect(), connect()
    get(first, path)
    assert first.sock is None
    get(second, path)
    get(first)
    assert web.connections == 1


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_every_method_shares(connect: Connect, web: Web, method: str) -> None:
    get(connect(), method=method)
    get(connect(), method=method)
    assert web.connections == 1


@pytest.mark.parametrize("path", ["/", "/chunks"])
def test_a_reply_may_be_read_in_pieces(connect: Connect, web: Web, path: str) -> None:
    whole = get(connect(), path)
    connection = connect()
    connection.request("GET", path)
    reply = connection.getresponse()
    pieces = []
    while piece := reply.read(1):
        assert connection.sock is not None or len(pieces) >= len(whole) - 1
        pieces.append(piece)
    assert b"".join(pieces) == whole
    assert connection.sock is None
    get(connect())
    assert web.connections == 1


def test_a_body_goes_and_comes(connect: Connect, web: Web) -> None:
    connection = connect()
    for body in (b"text", "text"):
        connection.request("POST", "/", body, {"Connection": "keep-alive"})
        assert connection.getresponse().read() == b"text"
    assert web.connections == 1


def test_http_1_0_with_keep_alive_is_shared(connect: Connect, web: Web) -> None:
    assert get(connect(), "/old/Connection:keep-alive") == b"ok"
    get(connect())
    assert web.connections == 1


def test_a_connection_keeps_its_name(connect: Connect, web: Web) -> None:
    """Connections that differ in any part of the name are not shared."""
    get(connect())
    for more in ({"realm": "another"}, {"source_address": ("127.0.0.2", 0)}):
        get(connect(**more))
        get(connect(**more))
    get(connect())
    assert web.connections == 3


def test_names_say_everything() -> None:
    name = scache.http.endpoint_name
    assert name("Example.org", 80) == "http\nexample.org\n80\n\n\n"
    assert name("::1", 8080, ("::2", 0), "me") == "http\n::1\n8080\n::2\n0\nme"
    with pytest.raises(ValueError):
        name("a\nb", 80)


# Connections that are not shared.


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/plain/Connection=close", id="close"),
        pytest.param("/old/", id="HTTP 1.0"),
        pytest.param("/more", id="unread input"),
        pytest.param("/plain/WWW-Authenticate=NTLM", id="NTLM"),
        pytest.param("/plain/WWW-Authenticate=Negotiate%20abc", id="Negotiate"),
        pytest.param("/plain/Keep-Alive=timeout=1", id="hardly kept"),
    ],
)
def test_a_connection_is_not_shared_after(connect: Connect, web: Web, path: str) -> None:
    first, second = connect(), connect()
    get(first, path)
    get(second)
    assert web.connections == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "close"},
        {"Content-Length": "0"},
        {"Expect": "100-continue"},
        {"Authorization": "Negotiate abc"},
        {"Proxy-Authorization": b"NTLM abc"},
    ],
)
def test_a_connection_is_not_shared_after_a_request_with(
    connect: Connect, web: Web, headers: dict[str, str]
) -> None:
    first, second = connect(), connect()
    first.request("GET", "/", headers=headers)
    first.getresponse().read()
    get(second)
    assert web.connections == 2


def test_a_request_by_hand_is_not_shared(connect: Connect, web: Web) -> None:
    first, second = connect(), connect()
    get(first)
    first.putrequest("GET", "/")
    first.endheaders()
    first.getresponse().read()
    get(second)
    assert web.connections == 2


@pytest.mark.parametrize("path", ["/", "/chunks"])
def test_a_reply_that_is_not_read_costs_the_connection(
    connect: Connect, web: Web, path: str
) -> None:
    first = connect()
    first.request("GET", path)
    reply = first.getresponse()
    reply.read(1)
    reply.close()
    assert first.sock is None
    get(connect())
    assert get(first)
    assert web.connections == 2


def test_a_reply_that_ends_early_costs_the_connection(connect: Connect, web: Web) -> None:
    with pytest.raises(http.client.IncompleteRead):
        get(connect(), "/short")
    get(connect())
    assert web.connections == 2


def test_a_change_of_protocols_is_not_shared(connect: Connect, web: Web) -> None:
    first = connect()
    get(first, "/status/101")
    get(connect())
    assert web.connections == 2


def test_https_is_refused(cache: scache.Client) -> None:
    class Secure(scache.http.HTTPConnection, http.client.HTTPSConnection):
        pass

    with pytest.raises(ValueError):
        scache.http.HTTPConnection("https://example.test", cache=cache)
    with pytest.raises(ValueError):
        Secure("example.test", cache=cache)


def test_the_server_says_how_long(connect: Connect, web: Web, cache: scache.Client) -> None:
    ttls = []
    save = cache.save

    def told(what: Any, *arguments: Any) -> Any:
        ttls.append(arguments[-1])
        return save(what, *arguments)

    cache.save = told  # type: ignore[method-assign, assignment]
    get(connect(), "/plain/Keep-Alive=timeout=5,%20max=9")
    get(connect(ttl=2), "/plain/Keep-Alive=max=3,%20timeout=100")
    assert ttls == [4, 2]
