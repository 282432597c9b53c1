# SPDX-License-Identifier: Apache-2.0
"""Repeated HTTP requests after the end of a shared connection, and requests without a cache."""

from __future__ import annotations

import http.client
import select
import socket
from typing import Any

import pytest

import scache
import scache.http
from common import Connect, Pair, get
from harness.waiting import until
from web import Web


def save_dead(connect: Connect, web: Web, cache: scache.Client, monkeypatch: Any) -> None:
    """A found connection passes the check, and ends when it is used."""
    get(connect())
    monkeypatch.setattr(scache.http, "_has_input", lambda _: False)
    found = cache.find(endpoint=scache.http.endpoint_name("127.0.0.1", web.port))
    assert found
    web.hang_up()
    until(lambda: select.select([found.socket], [], [], 0)[0], "the end comes")
    monkeypatch.setattr(cache, "find", lambda **_: found)


def test_a_dead_connection_is_replaced(
    connect: Connect, web: Web, cache: scache.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_dead(connect, web, cache, monkeypatch)
    assert get(connect())
    assert web.connections == 2
    assert web.requests == ["GET /"] * 2


def test_a_method_with_consequences_is_not_done_again(
    connect: Connect, web: Web, cache: scache.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_dead(connect, web, cache, monkeypatch)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(connect(), method="POST")
    assert web.connections == 1


def test_a_body_that_can_be_read_once_is_not_sent_again(
    connect: Connect, web: Web, cache: scache.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_dead(connect, web, cache, monkeypatch)
    connection = connect()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.request("PUT", "/", iter([b"a", b"b"]))
        connection.getresponse()
    assert web.connections == 1


def test_a_connection_that_has_ended_is_passed_over(connect: Connect, web: Web) -> None:
    get(connect())
    web.hang_up()
    assert get(connect())
    assert web.connections == 2


@pytest.fixture
def far(cache: scache.Client, web: Web, pair: Pair) -> socket.socket:
    """The far end of a cached connection; the test takes the place of the web server."""
    cache.save(pair[0], scache.http.endpoint_name("127.0.0.1", web.port), ttl=30)
    return pair[1]


def ask(connection: http.client.HTTPConnection, far: socket.socket) -> None:
    """Receives a request."""
    connection.request("GET", "/")
    assert far.recv(9999).startswith(b"GET / HTTP/1.1\r\n")


def nothing_is_cached(cache: scache.Client, web: Web) -> bool:
    """Whether there is no connection to the server."""
    return cache.find(endpoint=scache.http.endpoint_name("127.0.0.1", web.port)) is None


def test_a_connection_that_has_spoken_is_passed_over(
    connect: Connect, web: Web, far: socket.socket
) -> None:
    """The server sends a reply without a request, such as 408 after a timeout."""
    far.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert get(connect())
    assert web.connections == 1


def test_what_ends_without_a_byte_is_asked_again(
    connect: Connect, web: Web, far: socket.socket
) -> None:
    connection = connect()
    ask(connection, far)
    far.close()
    assert connection.getresponse().read()
    assert web.requests == ["GET /"]


def test_what_ends_after_a_byte_is_not_asked_again(
    connect: Connect, web: Web, far: socket.socket
) -> None:
    connection = connect()
    ask(connection, far)
    far.sendall(b"H")
    far.close()
    with pytest.raises(http.client.BadStatusLine):
        connection.getresponse()
    assert web.requests == []


def test_an_answer_to_half_a_request_is_not_asked_again(
    connect: Connect, web: Web, far: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses the request and ends before it has read all of it."""
    connection = connect()
    connection.connect()
    far.sendall(b"HTTP/1.1 413 Too Large\r\n\r\n")
    far.close()
    # As if it came after the check of the connection.
    monkeypatch.setattr(scache.http, "_has_input", lambda _: False)
    with pytest.raises(ConnectionError):
        connection.request("PUT", "/", b"body")
    assert web.requests == []


def test_a_second_try_is_the_last(
    connect: Connect, web: Web, far: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "process_request", lambda request, _: web.shutdown_request(request))
    connection = connect()
    ask(connection, far)
    far.close()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    assert web.connections == 1


@pytest.mark.parametrize(
    "part", [b"Content-Length: 9\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"]
)
def test_a_reply_that_is_still_coming_costs_the_connection(
    connect: Connect, web: Web, cache: scache.Client, far: socket.socket, part: bytes
) -> None:
    connection = connect()
    ask(connection, far)
    far.sendall(b"HTTP/1.1 200 OK\r\n" + part)
    reply = connection.getresponse()
    assert reply.read(2) == b"ok"
    reply.close()
    assert connection.sock is None and far.recv(1) == b""
    assert nothing_is_cached(cache, web)


def test_a_connection_that_has_ended_is_not_saved(
    connect: Connect, far: socket.socket, cache: scache.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect()
    ask(connection, far)
    far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    far.close()
    monkeypatch.setattr(cache, "save", lambda *_: pytest.fail("saved"))
    assert connection.getresponse().read() == b"ok"
    assert connection.sock is None


def test_a_tunnel_is_not_shared(connect: Connect, web: Web, far: socket.socket) -> None:
    connection = connect()
    connection.set_tunnel("example.test", 80)
    with pytest.raises(OSError, match="501"):
        connection.request("GET", "/")
    assert web.connections == 1


def test_the_timeout_is_the_callers(connect: Connect, far: socket.socket) -> None:
    connection = connect(timeout=0.05)
    ask(connection, far)
    with pytest.raises(TimeoutError):
        connection.getresponse()


def test_a_new_connection_that_ends_is_not_asked_again(
    connect: Connect, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "process_request", lambda request, _: web.shutdown_request(request))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(connect())
    assert web.connections == 1


# Without a cache.


def test_without_a_server_it_is_an_ordinary_connection(web: Web) -> None:
    cache = scache.Client("/nowhere/at/all")
    connection = scache.http.HTTPConnection("127.0.0.1", web.port, cache=cache)
    ports = {get(connection) for _ in range(3)}
    assert web.connections == 1 and len(ports) == 1
    connection.close()


def test_what_may_be_in_the_cache_is_not_used_on(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*_: object) -> None:
        error = scache.Timeout("nobody knows")
        error.in_doubt = True
        raise error

    cache = scache.Client("/nowhere/at/all")
    monkeypatch.setattr(cache, "save", save)
    connection = scache.http.HTTPConnection("127.0.0.1", web.port, cache=cache)
    assert get(connection)
    assert connection.sock is None
    connection.close()
