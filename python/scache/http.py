"""HTTP/1.1 over connections that many processes share.

A drop-in for http.client.HTTPConnection: it takes up a cached connection to its host and port, or
opens one, and puts it into the cache each time a reply has been read to its end.

    with contextlib.closing(scache.http.HTTPConnection("example.org", cache=cache)) as connection:
        connection.request("GET", "/")
        text = connection.getresponse().read()

Without a server it works as its base class does.
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

# Seconds. Many servers close idle connections after five; one that says so is believed.
DEFAULT_TTL = 4.0

# What may be done twice (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
# Bytes of a request's body that surely fit into the kernel's buffer.
_AT_ONCE = 2048
_GONE = (BrokenPipeError, ConnectionResetError)
# With these of the caller's own, what follows a request is not known here.
_FRAMING = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})
# These identify the user to the connection, not to the request.
_OF_THE_CONNECTION = re.compile(r"\s*(ntlm|negotiate)\b", re.IGNORECASE)
_KEPT_FOR = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?(\d+)", re.IGNORECASE)


def endpoint_name(
    host: str, port: int, source: tuple[str, int] | None = None, realm: str = ""
) -> str:
    """The name under which connections are shared: everything in which two of them differ.

    `realm` is the caller's: processes that must not share connections take different ones.
    """
    parts = ["http", host.lower(), str(port), *(map(str, source) if source else ("", "")), realm]
    if any("\n" in part for part in parts[:-1]):
        raise ValueError("a line's end in a name")
    return "\n".join(parts)


class HTTPConnection(Unique, http.client.HTTPConnection):
    """http.client.HTTPConnection whose connection is in the cache while it is idle.

    It goes there when a reply was read to its end, and never after `Connection: close`, HTTP/1.0
    without keep-alive, a change of protocols, CONNECT, NTLM or Negotiate, where the reply's end is
    not certain or more has come, or where the caller wrote Content-Length, Connection and the like
    itself, or used putrequest() instead of request(). A reply that is not read to its end costs the
    connection: the next request opens another one, after an exception too.

    Interim replies are passed over, 101 excepted. A child of fork() opens its own connection.

    A request on a found connection that turns out to have ended before any byte of a reply is
    repeated once on a new one, where its method is idempotent and its body bytes or text.

    The cache's errors are not the caller's: a connection that cannot be cached is kept, as the base
    class keeps it. Not thread safe; the Client may be shared. No https: TLS lives in one process.
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
        """As the base class's; `timeout` None is socket.getdefaulttimeout(). `ttl` is seconds."""
        secure = getattr(http.client, "HTTPSConnection", None)
        if "://" in host or (secure and isinstance(self, secure)):
            raise ValueError("a host's name is needed, and https cannot be shared")
        timeout = socket.getdefaulttimeout() if timeout is None else timeout
        super().__init__(host, port, timeout, source_address, blocksize)
        self.cache = cache
        self.ttl = ttl
        self._endpoint = endpoint_name(self.host, self.port, source_address, realm)
        self._found: Connection | None = None
        # Whether the next connection has to be a new one.
        self._anew = False
        # The request that is under way, where it may be repeated.
        self._again: Callable[[], None] | None = None
        # Whether the connection may be shared after the reply, as far as the request goes.
        self._may_share = False
        # Whether a request was begun whose reply is not over; so where either was interrupted.
        self._is_busy = False
        # Whether a part of the request has been sent.
        self._has_sent = False
        # Whether it is not certain where the reply begins, or what it answers.
        self._is_unclear = False
        # The process that has opened the connection.
        self._process = os.getpid()

    def connect(self) -> None:
        """Takes up a cached connection, or opens one."""
        self._process = os.getpid()
        if not self._tunnelled() and not self._anew:
            self._found = self._find()
        if self._found:
            self.sock = self._found.socket
            self.sock.settimeout(self.timeout)
        else:
            super().connect()

    def close(self) -> None:
        """Closes what is not in the cache."""
        super().close()
        if self._found:
            self._found.close()
        self._found = None
        # Half a request's head would precede the next one.
        self._buffer: list[bytes] = []
        self._is_busy = self._is_unclear = False
        self._process = os.getpid()

    def putrequest(self, method: str, *arguments: Any, **more: Any) -> None:
        """As the base class's. Only request() lets the connection be shared."""
        # A reply that nobody has read so far can still be, on what is its own connection then.
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
        """As the base class's."""

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
        """As the base class's. A reply that comes before the whole request closes the connection:
        nobody knows what the server takes the rest for.
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
        """As the base class's, but passes over interim replies, 101 excepted."""
        if not is_ours(self._process):
            # This process has asked nothing.
            self.close()
        was_unclear, self._is_unclear = self._is_unclear, True
        again, self._again = self._again, None
        if again and self._found and self._has_ended():
            again()
            was_unclear = False
        response = super().getresponse()
        assert isinstance(response, HTTPResponse)
        self._is_unclear = was_unclear
        # Behind a change of protocols the caller may go on with the socket.
        if not response.will_close and response.status != http.client.SWITCHING_PROTOCOLS:
            may_share = self._may_share and not _asks_who(response)
            ttl = min(self.ttl, _kept_for(response))
            sock = self.sock
            response.when_done(lambda reader: self._done(sock, reader, may_share, ttl))
        return response

    def _anew_with(self, send: Callable[[], None]) -> Callable[[], None]:
        """Sends on a connection that is new."""

        def again() -> None:
            self.close()
            self._anew = True
            try:
                send()
            finally:
                self._anew = False

        return again

    def _is_quiet(self) -> bool:
        """Whether what is connected is this process's own, and open, and nothing has come."""
        if not is_ours(self._process):
            return False
        return not self.sock or (self.sock.fileno() >= 0 and not _has_input(self.sock))

    def _has_ended(self) -> bool:
        """Waits for the first byte of the reply; whether the connection has ended without one."""
        try:
            return not self.sock.recv(1, socket.MSG_PEEK)
        except _GONE:
            return True

    def _find(self) -> Connection | None:
        """One that is open and silent, as between two requests; the others are closed."""
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
        """The reply is over: its connection goes into the cache, stays here, or ends."""
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
    """Whether anything came, or the end: neither belongs between two requests."""
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
    """Whether a byte came, whatever has become of the connection."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _has_buffered(reader: io.BufferedIOBase, sock: socket.socket) -> bool:
    """Whether the reader has read more than the reply, which nobody else could know."""
    timeout = sock.gettimeout()
    # peek() reads where its buffer is empty; nothing is there, and it must not wait for it.
    sock.setblocking(False)
    try:
        return bool(reader.peek(1))  # type: ignore[attr-defined]
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)


def _leaves_no_trace(headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> bool:
    """Whether the connection is after this request as it was before."""
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
    """Whether the server tells users apart by their connections."""
    names = ("WWW-Authenticate", "Proxy-Authenticate")
    asked = [each for name in names for each in response.headers.get_all(name) or ()]
    return any(_OF_THE_CONNECTION.match(each) for each in asked)


def _kept_for(response: http.client.HTTPResponse) -> float:
    """Seconds for which the server says that it keeps the connection; one less than that."""
    said = _KEPT_FOR.search(response.headers.get("Keep-Alive", ""))
    return float(said[1]) - 1 if said else float("inf")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
