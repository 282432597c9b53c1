# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 over connections that many processes share.

A replacement of http.client.HTTPConnection. It finds a cached connection to its host and port, or
opens one, and puts it into the cache whenever a reply has been read to its end.

    with contextlib.closing(scache.http.HTTPConnection("example.org", cache=cache)) as connection:
        connection.request("GET", "/")
        text = connection.getresponse().read()

Without a cache it works like its base class.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scache.client import Client
from scache.closing import Unique
from scache.connection import Connection
from scache.errors import Error
from scache.process import is_ours
from scache.reply import HTTPResponse

# Seconds. Many servers close idle connections after five; a Keep-Alive header can shorten it.
DEFAULT_TTL = 4.0

# Requests that may be repeated (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
# Bytes that certainly fit into the kernel's send buffer.
_AT_ONCE = 2048
_GONE = (BrokenPipeError, ConnectionResetError)
# If the caller sets these, this class does not know how the request ends.
_FRAMING = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})
# These schemes authenticate the connection, not the request.
_OF_THE_CONNECTION = re.compile(r"\s*(ntlm|negotiate)\b", re.IGNORECASE)
_KEPT_FOR = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?(\d+)", re.IGNORECASE)


def endpoint_name(
    host: str, port: int, source: tuple[str, int] | None = None, realm: str = ""
) -> str:
    """Returns the name of the endpoint, which contains everything that distinguishes connections.

    Processes that must not share connections use different values of `realm`.
    """
    parts = ["http", host.lower(), str(port), *(map(str, source) if source else ("", "")), realm]
    if any("\n" in part for part in parts[:-1]):
        raise ValueError("a host or an address contains a newline")
    return "\n".join(parts)


class HTTPConnection(Unique, http.client.HTTPConnection):
    """An http.client.HTTPConnection whose connection is in the cache while it is idle.

    It is saved when a reply was read to its end. It is not saved after `Connection: close`,
    HTTP/1.0 without keep-alive, a change of protocols, CONNECT, NTLM or Negotiate; if the end of
    the reply is not certain, or more bytes follow it; if the caller set Content-Length, Connection
    or similar headers, or called putrequest() instead of request(). If a reply was not read to its
    end, the next request uses a new connection, also after an exception.

    Interim replies are skipped, except 101. A child of fork(2) opens its own connection.

    If a found connection ends before the first byte of a reply, the request is repeated once on a
    new connection, provided that its method is idempotent and its body is bytes or text.

    Errors of the cache are not raised: a connection that cannot be cached stays open, as in the
    base class. Not thread safe, but the Client may be shared. Https is not supported.
    """

    response_class = HTTPResponse

    def __init__(
        self,
        host: str,
        port: int | None = None,
        timeout: float | None = None,
        source_address: tuple[str, int] | None = None,
        blocksize: int = 8192,
        *,
        cache: Client,
        ttl: float = DEFAULT_TTL,
        realm: str = "",
    ) -> None:
        """As in the base class. Without `timeout`, socket.getdefaulttimeout(). `ttl`: seconds."""
        secure = getattr(http.client, "HTTPSConnection", None)
        if "://" in host or (secure and isinstance(self, secure)):
            raise ValueError("the host must be a name or an address; https is not supported")
        timeout = socket.getdefaulttimeout() if timeout is None else timeout
        super().__init__(host, port, timeout, source_address, blocksize)
        self.cache = cache
        self.ttl = ttl
        self._endpoint = endpoint_name(self.host, self.port, source_address, realm)
        self._found: Connection | None = None
        # Whether the next connection must be a new one.
        self._anew = False
        # Repeats the current request, if that is allowed.
        self._again: Callable[[], None] | None = None
        # Whether the request allows the connection to be shared after the reply.
        self._may_share = False
        # Whether a request or its reply is incomplete, for example after an interruption.
        self._is_busy = False
        # Whether a part of the request has been sent.
        self._has_sent = False
        # Whether the beginning of the reply is uncertain, or the request that it answers.
        self._is_unclear = False
        # The process that opened the connection.
        self._process = os.getpid()

    def connect(self) -> None:
        """Finds a cached connection, or opens one."""
        self._process = os.getpid()
        if not self._tunnelled() and not self._anew:
            self._found = self._find()
        if self._found:
            self.sock = self._found.socket
            self.sock.settimeout(self.timeout)
        else:
            super().connect()

    def close(self) -> None:
        """Closes the connection, unless it is in the cache."""
        super().close()
        if self._found:
            self._found.close()
        self._found = None
        # An incomplete head would precede the next request.
        self._buffer: list[bytes] = []
        self._is_busy = self._is_unclear = False
        self._process = os.getpid()

    def putrequest(self, method: str, *arguments: Any, **more: Any) -> None:
        """As in the base class. The connection is shared only after request()."""
        # An unread reply of the previous request stays readable, on its own connection.
        self._HTTPConnection__response = None
        was_busy, self._is_busy = self._is_busy, True
        if was_busy or not self._is_quiet():
            self.close()
        self._is_busy, self._is_unclear = True, False
        self._may_share, self._again, self._has_sent = False, None, False
        super().putrequest(method, *arguments, **more)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, Any] = {},  # noqa: B006
        *,
        encode_chunked: bool = False,
    ) -> None:
        """As in the base class."""

        def send() -> None:
            super(HTTPConnection, self).request(
                method, url, body, headers, encode_chunked=encode_chunked
            )
            self._may_share = shared
            self._again = again

        shared = method.upper() != "CONNECT" and _leaves_no_trace(headers)
        plain = body is None or isinstance(body, (bytes, str))
        again = self._anew_with(send) if plain and method.upper() in _IDEMPOTENT else None
        try:
            send()
        except _GONE:
            if not again or not self._found or _has_byte(self.sock):
                raise
            again()

    def send(self, data: Any) -> None:
        """As in the base class. A reply before the end of the request closes the connection: the
        server may take the rest for another request.
        """
        if self._has_sent and self.sock and _has_input(self.sock):
            self._is_unclear = True
        if self._has_sent and isinstance(data, (bytes, bytearray)) and len(data) > _AT_ONCE:
            super().send(memoryview(data)[:-1])
            self.send(data[-1:])
        else:
            super().send(data)
        self._has_sent = True

    def getresponse(self) -> HTTPResponse:
        """As in the base class, but skips interim replies, except 101."""
        if not is_ours(self._process):
            # Another process has sent the request.
            self.close()
        was_unclear, self._is_unclear = self._is_unclear, True
        again, self._again = self._again, None
        if again and self._found and self._has_ended():
            again()
            was_unclear = False
        response = super().getresponse()
        assert isinstance(response, HTTPResponse)
        self._is_unclear = was_unclear
        # After a change of protocols the caller may use the socket.
        if not response.will_close and response.status != http.client.SWITCHING_PROTOCOLS:
            may_share = self._may_share and not _asks_who(response)
            ttl = min(self.ttl, _kept_for(response))
            sock = self.sock
            response.when_done(lambda reader: self._done(sock, reader, may_share, ttl))
        return response

    def _anew_with(self, send: Callable[[], None]) -> Callable[[], None]:
        """Returns a function that sends the request on a new connection."""

        def again() -> None:
            self.close()
            self._anew = True
            try:
                send()
            finally:
                self._anew = False

        return again

    def _is_quiet(self) -> bool:
        """Whether the connection belongs to this process, is open, and has no unread input."""
        if not is_ours(self._process):
            return False
        return not self.sock or (self.sock.fileno() >= 0 and not _has_input(self.sock))

    def _has_ended(self) -> bool:
        """Waits for the reply. Returns whether the connection ended before its first byte."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except _GONE:
            return True

    def _find(self) -> Connection | None:
        """Finds an open connection without input, and closes the others."""
        with contextlib.suppress(Error, OSError):
            while found := self.cache.find(endpoint=self._endpoint):
                try:
                    if not _has_input(found.socket):
                        return found
                except BaseException:
                    found.close()
                    raise
                found.close()
        return None

    def _done(
        self, sock: socket.socket, reader: io.BufferedIOBase | None, may_share: bool, ttl: float
    ) -> None:
        """Called at the end of a reply. Saves, keeps or closes the connection."""
        if self.sock is not sock:
            return
        if not reader or self._is_unclear or not is_ours(self._process):
            self.close()
        elif _has_input(self.sock) or _has_buffered(reader, self.sock):
            self.close()
        elif may_share and ttl > 0 and not self._tunnelled():
            self._save(ttl)
        self._is_busy = False

    def _save(self, ttl: float) -> None:
        try:
            self.cache.save(self._found or self.sock, self._endpoint, b"", ttl)
        except (Error, OSError, ValueError) as problem:
            if isinstance(problem, Error) and problem.in_doubt:
                self.close()
        else:
            self.sock = self._found = None

    def _tunnelled(self) -> bool:
        return bool(self._tunnel_host)  # type: ignore[attr-defined]


def _has_input(sock: socket.socket) -> bool:
    """Whether there is input or an end of input; between two requests there must be neither."""
    timeout = sock.gettimeout()
    sock.setblocking(False)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        pass
    finally:
        sock.settimeout(timeout)
    return True


def _has_byte(sock: socket.socket) -> bool:
    """Whether there is a byte of input, even if the connection has failed."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _has_buffered(reader: io.BufferedIOBase, sock: socket.socket) -> bool:
    """Whether the reader has buffered bytes after the reply."""
    timeout = sock.gettimeout()
    # With an empty buffer peek() reads from the socket, and must not wait.
    sock.setblocking(False)
    try:
        return bool(reader.peek(1))  # type: ignore[attr-defined]
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)


def _leaves_no_trace(headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> bool:
    """Whether the request leaves the state of the connection unchanged."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        known = name.lower()
        text = _text(value)
        if known in _FRAMING and (known, text.lower()) != ("connection", "keep-alive"):
            return False
        if known.endswith("authorization") and _OF_THE_CONNECTION.match(text):
            return False
    return True


def _asks_who(response: http.client.HTTPResponse) -> bool:
    """Whether the server authenticates connections."""
    names = ("WWW-Authenticate", "Proxy-Authenticate")
    asked = [each for name in names for each in response.headers.get_all(name) or ()]
    return any(_OF_THE_CONNECTION.match(each) for each in asked)


def _kept_for(response: http.client.HTTPResponse) -> float:
    """Seconds in the Keep-Alive header for which the server keeps the connection, minus one."""
    said = _KEPT_FOR.search(response.headers.get("Keep-Alive", ""))
    return float(said[1]) - 1 if said else float("inf")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
