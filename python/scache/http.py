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
import re
import select
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scache.client import Client
from scache.connection import Connection
from scache.errors import Error

# Seconds. Many servers close idle connections after five; one that says so is believed.
DEFAULT_TTL = 4.0

# What may be done twice (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
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


class HTTPResponse(http.client.HTTPResponse):
    """Tells once that it needs its connection no more, and whether it was read to its end."""

    _done: Callable[[io.BufferedIOBase | None], None] | None = None
    _trailer_read = False

    def when_done(self, done: Callable[[io.BufferedIOBase | None], None]) -> None:
        """`done` gets the reader, whose buffer may hold more, or None before the body's end."""
        self._done = done
        if self.isclosed():
            self._tell(None)

    def _read_and_discard_trailer(self) -> None:
        super()._read_and_discard_trailer()  # type: ignore[misc]
        self._trailer_read = True

    def _close_conn(self) -> None:
        whole = self.length == 0 or self._trailer_read
        try:
            self._tell(self.fp if whole else None)
        finally:
            # Closing the connection closes its reply.
            if self.fp:
                super()._close_conn()  # type: ignore[misc]

    def _tell(self, reader: io.BufferedIOBase | None) -> None:
        done, self._done = self._done, None
        if done:
            done(reader)


class HTTPConnection(http.client.HTTPConnection):
    """http.client.HTTPConnection whose connection is in the cache while it is idle.

    It goes there when a reply was read to its end, and never after `Connection: close`, HTTP/1.0
    without keep-alive, a change of protocols, CONNECT, NTLM or Negotiate, with input that nobody
    has read, or where the caller wrote Content-Length, Connection and the like itself, or used
    putrequest() instead of request(). A reply that is not read to its end costs the connection.

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

    def connect(self) -> None:
        """Takes up a cached connection, or opens one."""
        if not self._tunnelled() and not self._anew:
            self._found = self._find()
        if self._found:
            self.sock = self._found.socket
            self.sock.settimeout(self.timeout)
        else:
            super().connect()

    def close(self) -> None:
        """Closes what is not in the cache."""
        self._found = None
        super().close()

    def putrequest(self, method: str, *arguments: Any, **more: Any) -> None:
        """As the base class's. Only request() lets the connection be shared."""
        self._may_share, self._again = False, None
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

    def getresponse(self) -> HTTPResponse:
        """As the base class's."""
        again, self._again = self._again, None
        if again and self._found and self._has_ended():
            again()
        response = super().getresponse()
        assert isinstance(response, HTTPResponse)
        if not response.will_close:
            # Behind a status below 200 comes another reply, or another protocol.
            may_share = self._may_share and response.status >= 200 and not _asks_who(response)
            ttl = min(self.ttl, _kept_for(response))
            response.when_done(lambda reader: self._done(reader, may_share, ttl))
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
                if not _has_input(found.socket):
                    return found
                found.close()
        return None

    def _done(self, reader: io.BufferedIOBase | None, may_share: bool, ttl: float) -> None:
        """The reply is over: the connection goes into the cache, stays here, or ends."""
        if not self.sock:
            return
        if reader is None or _has_input(self.sock) or _has_buffered(reader, self.sock):
            self.close()
        elif may_share and ttl > 0 and not self._tunnelled():
            self._save(ttl)

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
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLRDHUP)
    return bool(poll.poll(0))


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
