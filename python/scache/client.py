# SPDX-License-Identifier: Apache-2.0
"""The client. It prefers the direct protocol, and reconnects when a stream has ended."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from scache.closing import Closing
from scache.connection import (
    Binding,
    Connection,
    Dropped,
    History,
    Name,
    Saved,
    octets,
)
from scache.deadline import Deadline
from scache.descriptors import Offer, is_unusable_by_mistake, reserve
from scache.entries import Entry, What
from scache.errors import Error, Refused, ServerMissing, Unsupported
from scache.frames import Tag
from scache.pool import SessionPool
from scache.requests import Bind, Save
from scache.session import Session

T = TypeVar("T")
Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Seconds for a whole call, as in libscache. A longer wait costs more than a new connection.
DEFAULT_TIMEOUT = 2.0
# As in libscache: the server limits the number of its clients.
DEFAULT_IDLE_STREAMS = 4


def default_path() -> str:
    """$SCACHE_SOCKET, else $XDG_RUNTIME_DIR/scache/scached.sock, else /run/scache/scached.sock.

    XDG_RUNTIME_DIR is ignored for root, and if it is not an absolute path, as in libscache.
    """
    if path := os.environ.get("SCACHE_SOCKET"):
        return path
    own = "" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(own if own.startswith("/") else "/run", "scache", "scached.sock")


class Client(Closing):
    """A client of one server. It connects at the first call, and reconnects when necessary.

    All calls may raise the errors of `scache.errors`; the timeout includes connecting. Thread safe:
    each call in progress has its own stream, and up to `idle_streams` stay open for later calls.

    After fork(2), from Python or C, the child opens its own streams. Executed programs inherit
    none. If a signal handler raises an exception in a call, the client closes that call's stream.
    A copied or unpickled client is independent and has the same settings.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        idle_streams: int = DEFAULT_IDLE_STREAMS,
    ) -> None:
        """`path`: the server's socket, or default_path(). `timeout`: seconds, None for no limit."""
        if timeout is not None and not timeout > 0:
            raise ValueError(f"a timeout must be greater than zero: {timeout}")
        self.path = default_path() if path is None else os.fsdecode(path)
        self._timeout = timeout
        self._idle_streams = idle_streams
        self._pool = SessionPool(self.path, idle_streams)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._pool = SessionPool(self.path, self._idle_streams)

    def close(self) -> None:
        """Closes the streams; found connections stay open. A later call opens a new stream."""
        pool, self._pool = self._pool, SessionPool(self.path, self._idle_streams)
        pool.close()

    def find(
        self, *, endpoint: Name | None = None, destination: Name | None = None
    ) -> Connection | None:
        """Finds a connection of the endpoint, or of the destination's first endpoint with one.

        The connection leaves the cache and belongs to the caller. Returns None if there is none.
        Raises Unsupported, and closes the connection, if it is not a socket.
        """
        by, name = _one_of({Tag.ENDPOINT: endpoint, Tag.DESTINATION: destination})
        # The kernel closes a received connection for which no descriptor is free.
        room = reserve()
        found = None
        try:
            found = self._call(lambda session, deadline: session.find(by, name, room, deadline))
            return found
        finally:
            if found is None:
                room.close()

    def save(
        self,
        what: Connection | socket.socket,
        endpoint: Name | None = None,
        properties: Name | None = None,
        ttl: float | None = None,
        *,
        bindings: Iterable[Binding] = (),
        allow_input: bool = False,
    ) -> Saved:
        """Puts a connection into the cache for `ttl` seconds, or for the server's default.

        On success the caller's socket is closed. On an error it stays open and unchanged, unless
        the descriptor was sent and no answer came. Then another process may have the connection:
        the caller's socket is closed, and `in_doubt` of a `scache.Error` is true.

        A Connection keeps its id, uses and age, and its endpoint and properties unless they are
        given. `bindings` bind destinations to the endpoint. With `allow_input` the connection may
        have unread input, for a protocol in which the server speaks first or at any time; without
        it the cache closes a connection on which something arrives, unless its configuration
        allows input. The Postfix protocol ignores `allow_input`.
        """
        sock, history = what, None
        if isinstance(what, Connection):
            sock, history = what.socket, _history(what)
            endpoint = what.endpoint if endpoint is None else endpoint
            properties = what.endpoint_properties if properties is None else properties
        assert not isinstance(sock, Connection)
        if endpoint is None:
            raise TypeError("save() requires the name of an endpoint")
        if sock.fileno() < 0:
            raise ValueError("the socket is closed")
        if _has_tls(sock):
            raise ValueError("a TLS socket cannot be cached: its keys are in this process")
        if is_unusable_by_mistake(sock):
            raise ValueError(
                "the socket is not connected, or this program has shut it down for sending"
            )
        offer = Offer(sock)
        save = Save.of(offer, (endpoint, properties or b""), ttl, history, bindings, allow_input)
        try:
            return self._hand_over(save)
        except BaseException as problem:
            if offer.is_sent:
                offer.close()
                problem.add_note("The client closed the socket, because the cache may have it.")
                if isinstance(problem, Error):
                    problem.in_doubt = True
            raise

    def _hand_over(self, save: Save) -> Saved:
        try:
            saved = self._call(lambda session, deadline: session.save(save, deadline), twice=False)
            save.offer.close()
            return saved
        except Refused:
            # The server has closed its copy of the descriptor.
            save.offer.is_sent = False
            raise
        except BaseException:
            save.offer.close()
            raise

    def bind(
        self, destination: Name, endpoint: Name, properties: Name = b"", ttl: float | None = None
    ) -> bool | None:
        """Binds a destination to an endpoint for `ttl` seconds, or for the server's default.

        Returns whether the binding existed and was renewed, or None with the Postfix protocol.
        """
        bind = Bind.of(Binding(destination, properties, ttl), endpoint)
        return self._call(lambda session, deadline: session.bind(bind, deadline))

    def drop(
        self,
        *,
        endpoint: Name | None = None,
        destination: Name | None = None,
        prefix: Name | None = None,
    ) -> Dropped:
        """Closes all connections of an endpoint, removes all bindings of a destination, or both for
        all names with a prefix, which may be empty. Unsupported with the Postfix protocol.
        """
        by, name = _one_of(
            {Tag.ENDPOINT: endpoint, Tag.DESTINATION: destination, Tag.PREFIX: prefix}
        )
        return self._call(lambda session, deadline: session.drop(by, name, deadline))

    def list(self, prefix: Name = b"", what: What = What.BOTH) -> Iterator[Entry]:
        """Lists the cache by prefix of the names, in the order in which the entries expire.

        Pages are requested one by one, so a long list is not a snapshot: a binding that is renewed
        meanwhile may appear twice. Unsupported with the Postfix protocol.
        """
        cursor = None
        while True:
            entries, cursor = self._page(what, octets(prefix), cursor)
            yield from entries
            if cursor is None:
                return

    def _page(
        self, what: What, prefix: bytes, cursor: bytes | None
    ) -> tuple[Iterable[Entry], bytes | None]:
        return self._call(lambda session, deadline: session.page(what, prefix, cursor, deadline))

    def stats(self) -> dict[str, int]:
        """The server's statistics by name. Unsupported with the Postfix protocol."""
        return self._call(lambda session, deadline: session.statistics(deadline))

    def ping(self) -> str:
        """Checks the server. Returns its name and version, empty with the Postfix protocol."""
        return self._call(lambda session, deadline: session.ping(deadline))

    def _call(self, ask: Callable[[Session, Deadline], T], *, twice: bool = True) -> T:
        """Sends a request, and sends it again if the server has closed a stream of earlier calls.

        If not `twice`, the request is sent again only when it was certainly not executed.
        """
        deadline = Deadline(self._timeout)
        pool = self._pool
        fresh = False
        while True:
            session = pool.take(deadline, fresh=fresh)
            try:
                answer = ask(session, deadline)
            except (Refused, Unsupported):
                pool.give_back(session)
                raise
            except ServerMissing as problem:
                session.stream.close()
                fresh = session.is_old or not session.stream.is_ours()
                if not fresh or (problem.in_doubt and not twice):
                    raise
            except BaseException:
                session.stream.close()
                raise
            else:
                pool.give_back(session)
                return answer


def _one_of(names: dict[Tag, Name | None]) -> tuple[Tag, bytes]:
    given = [(tag, octets(name)) for tag, name in names.items() if name is not None]
    if len(given) != 1:
        known = ", ".join(tag.name.lower() for tag in names)
        raise TypeError(f"exactly one of these arguments is required: {known}")
    return given[0]


def _history(connection: Connection) -> History | None:
    was = connection.history
    return was and History(was.id, was.uses, connection.age or 0.0, was.idle)


def _has_tls(sock: socket.socket) -> bool:
    # Without an imported ssl module there is no TLS socket.
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(sock, ssl.SSLSocket)
