# SPDX-License-Identifier: Apache-2.0
"""Missing, silent, ended and new servers; invalid arguments."""

from __future__ import annotations

import os
import pathlib
import socket
import ssl
import threading
import time

import pytest

import scache
from common import FOUND, Pair, Serve, connected, ping_once
from fake import Peer
from harness import wire
from harness.waiting import PATIENCE, until
from scache.frames import Kind

# Longer than a request takes, and short enough to wait for.
SHORT = 0.1


def silent(peer: Peer) -> None:
    """A server that accepts and sends nothing."""
    peer.ends()


# No server.


def test_a_missing_server_is_an_error_at_once(tmp_path: pathlib.Path, pair: Pair) -> None:
    cache = scache.Client(tmp_path / "nothing", timeout=PATIENCE)
    begun = time.monotonic()
    with pytest.raises(scache.ServerMissing, match="No such file"):
        cache.find(endpoint="e")
    with pytest.raises(scache.ServerMissing) as missing:
        cache.save(pair[0], "e")
    assert time.monotonic() - begun < PATIENCE / 2
    assert not missing.value.in_doubt and pair[0].fileno() >= 0
    assert isinstance(missing.value, scache.Error) and isinstance(missing.value, OSError)


def test_a_socket_that_nobody_listens_on_is_a_missing_server(serve: Serve) -> None:
    fake = serve()
    fake.finish()
    listener = socket.socket(socket.AF_UNIX)
    name = f"\0scache-test-{os.getpid()}"
    listener.bind(name)
    with listener, pytest.raises(scache.ServerMissing, match="refused"):
        scache.Client(name).ping()


def test_a_path_that_is_too_long_is_a_missing_server() -> None:
    with pytest.raises(scache.ServerMissing, match="too long"):
        scache.Client("/" + "x" * 200).ping()


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"SCACHE_SOCKET": "/a", "XDG_RUNTIME_DIR": "/b"}, "/a"),
        ({"SCACHE_SOCKET": "", "XDG_RUNTIME_DIR": "/b"}, "/b/scache/scached.sock"),
        ({"XDG_RUNTIME_DIR": ""}, "/run/scache/scached.sock"),
        ({"XDG_RUNTIME_DIR": "b"}, "/run/scache/scached.sock"),
        ({}, "/run/scache/scached.sock"),
    ],
)
def test_the_default_path(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], path: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for name in ("SCACHE_SOCKET", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    assert scache.Client().path == path


# A server that does not answer.


def test_a_silent_server_is_a_timeout(serve: Serve) -> None:
    cache = scache.Client(serve(silent).path, timeout=SHORT)
    with pytest.raises(scache.Timeout) as error:
        cache.ping()
    assert isinstance(error.value, TimeoutError)


def test_a_user_without_access_learns_that(serve: Serve) -> None:
    cache = scache.Client(serve(lambda peer: peer.send(wire.denial(1000))).path)
    with pytest.raises(scache.Refused, match="^denied: user 1000 has no access$") as error:
        cache.find(endpoint="e")
    assert error.value.code == scache.Code.DENIED


def test_after_a_timeout_the_next_call_has_a_new_stream(serve: Serve) -> None:
    """A late answer is not used for another request."""

    def late(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        peer.ends()
        assert request.kind == Kind.PING

    with scache.Client(serve(late, ping_once).path, timeout=SHORT) as cache:
        with pytest.raises(scache.Timeout):
            cache.ping()
        assert cache.ping() == "fake 1"


def test_a_full_backlog_is_waited_for(serve: Serve) -> None:
    listener = socket.socket(socket.AF_UNIX)
    name = f"\0scache-test-{os.getpid()}"
    listener.bind(name)
    listener.listen(0)
    first = socket.socket(socket.AF_UNIX)
    first.connect(name)
    with listener, first:
        with pytest.raises(scache.Timeout):
            scache.Client(name, timeout=SHORT).ping()


def test_a_server_that_does_not_read_is_a_timeout(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.accept()
        assert done.wait(PATIENCE)

    done = threading.Event()
    cache = scache.Client(serve(script).path, timeout=SHORT)
    with pytest.raises(scache.Timeout):
        for _ in range(100):
            cache.drop(prefix=b"x" * 200_000)
    done.set()


# Servers that end, and new ones.


def test_a_server_that_was_started_again_is_found_again(serve: Serve) -> None:
    with scache.Client(serve(ping_once, ping_once, ping_once).path) as cache:
        for _ in range(3):
            assert cache.ping() == "fake 1"


def test_a_stream_that_ends_without_an_answer_is_begun_anew(serve: Serve, pair: Pair) -> None:
    """The server ends after the check of the stream and before the request."""

    def ends_at_the_second(peer: Peer) -> None:
        ping_once(peer)
        peer.frame()

    def finds(peer: Peer) -> None:
        peer.accept()
        assert peer.frame().kind == Kind.FIND

    def finds_again(peer: Peer) -> None:
        peer.accept()
        request = peer.frame()
        peer.answer(request, Kind.FOUND, *FOUND, descriptor=pair[0].fileno())

    path = serve(ends_at_the_second, finds, finds_again).path
    with scache.Client(path) as cache:
        cache.ping()
        # The end of a new stream is an error; a retry could repeat for ever.
        with pytest.raises(scache.ServerMissing):
            cache.find(endpoint="e")
        found = cache.find(endpoint="e")
    assert found
    found.close()


def test_a_stream_that_speaks_unasked_is_begun_anew(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        ping_once(peer)
        assert go.wait(PATIENCE)
        peer.send(b"x")
        # The client does not use the stream again, nor read its input.
        with pytest.raises(ConnectionResetError):
            peer.socket.recv(1)

    go = threading.Event()
    with scache.Client(serve(script, ping_once).path) as cache:
        cache.ping()
        stream = cache._pool._idle[0].stream
        go.set()
        until(lambda: not stream.is_quiet(), "the server speaks")
        assert cache.ping() == "fake 1"


# Invalid arguments.


def test_a_closed_socket_is_not_saved() -> None:
    sock = socket.socket()
    sock.close()
    with pytest.raises(ValueError):
        scache.Client("/nowhere").save(sock, "e")


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_a_connection_that_is_shut_down_is_not_saved(
    family: socket.AddressFamily, tmp_path: pathlib.Path
) -> None:
    mine, other = connected(family)
    with mine, other:
        mine.shutdown(socket.SHUT_WR)
        # Without a request to a server.
        with pytest.raises(ValueError, match="shut it down"):
            scache.Client(tmp_path / "nothing").save(mine, "e")
        assert mine.fileno() >= 0
    with socket.socket(family) as fresh, pytest.raises(ValueError, match="not connected"):
        scache.Client(tmp_path / "nothing").save(fresh, "e")


def test_tls_is_not_saved(pair: Pair) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with context.wrap_socket(pair[0], do_handshake_on_connect=False) as wrapped:
        with pytest.raises(ValueError, match="TLS"):
            scache.Client("/nowhere").save(wrapped, "e")
        assert wrapped.fileno() >= 0


def test_a_lookup_has_one_name() -> None:
    cache = scache.Client("/nowhere")
    with pytest.raises(TypeError):
        cache.find()
    with pytest.raises(TypeError):
        cache.find(endpoint="e", destination="d")
    with pytest.raises(TypeError):
        cache.drop()


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_is_some_time(timeout: float) -> None:
    with pytest.raises(ValueError):
        scache.Client("/nowhere", timeout=timeout)
