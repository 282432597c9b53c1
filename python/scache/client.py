"""The client: speaks the better of two ways with a server, and begins again where a stream ends."""

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

# Seconds for a whole call, as in libscache. An answer takes microseconds, and a cache that is
# slower than a new connection is of no use.
DEFAULT_TIMEOUT = 2.0
# As in libscache: a server's clients are limited.
DEFAULT_IDLE_STREAMS = 4


def default_path() -> str:
    """$SCACHE_SOCKET, else $XDG_RUNTIME_DIR/scache/scached.sock, else (root: at once) /run's.

    An XDG_RUNTIME_DIR that is not an absolute path is ignored, as libscache does.
    """
    if path := os.environ.get("SCACHE_SOCKET"):
        return path
    own = "" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(own if own.startswith("/") else "/run", "scache", "scached.sock")


class Client(Closing):
    """A client of one server. It connects at its first call, and anew when its streams have ended.

    All calls may raise the classes of `scache.errors`; a Timeout covers connecting. Thread safe:
    each call under way has a stream to itself, and up to `idle_streams` wait for the next calls.

    After a fork, whoever has called it, the child has streams of its own. Executed programs inherit
    none. Where a signal handler raises amid a call, the client goes on with other streams.
    A copy, or what is unpickled, is a client of its own with the same settings.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        idle_streams: int = DEFAULT_IDLE_STREAMS,
    ) -> None:
        """`path`: the server's socket, else default_path(). `timeout`: seconds, None for ever."""
        if timeout is not None and not timeout > 0:
            raise ValueError(f"a timeout of {timeout} s")
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
        """Ends the streams; found connections stay open. A later call begins a new stream."""
        pool, self._pool = self._pool, SessionPool(self.path, self._idle_streams)
        pool.close()

    def find(
        self, *, endpoint: Name | None = None, destination: Name | None = None
    ) -> Connection | None:
        """A connection of the endpoint, or of the first endpoint of the destination that has one.

        It is out of the cache and the caller's; None when there is none. Unsupported when what was
        found is no socket: then it is closed.
        """
        by, name = _one_of({Tag.ENDPOINT: endpoint, Tag.DESTINATION: destination})
        # Without room for its descriptor a connection would be lost: then it is not asked for.
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
    ) -> Saved:
        """Puts a connection into the cache for `ttl` seconds; without, for the server's default.

        On success the caller's socket is closed. On an error it is untouched, and the caller's;
        unless its descriptor was sent and no answer has come. Then another process may have the
        connection: the caller's socket is closed, and the error says `in_doubt`.

        A Connection gives back its id, its uses and its age, and its endpoint and properties unless
        others are named. `bindings` tie destinations to the endpoint.
        """
        sock, history = what, None
        if isinstance(what, Connection):
            sock, history = what.socket, _history(what)
            endpoint = what.endpoint if endpoint is None else endpoint
            properties = what.endpoint_properties if properties is None else properties
        assert not isinstance(sock, Connection)
        if endpoint is None:
            raise TypeError("save() needs the name of the endpoint")
        if sock.fileno() < 0:
            raise ValueError("this socket is closed")
        if _has_tls(sock):
            raise ValueError("TLS lives in this process: its socket is of no use to another")
        if is_unusable_by_mistake(sock):
            raise ValueError("this connection is shut down here, or was never connected")
        offer = Offer(sock)
        save = Save.of(offer, (endpoint, properties or b""), ttl, history, bindings)
        try:
            return self._hand_over(save)
        except BaseException as problem:
            if offer.is_sent:
                offer.close()
                problem.add_note("The connection may be in the cache: it was closed here.")
                if isinstance(problem, Error):
                    problem.in_doubt = True
            raise

    def _hand_over(self, save: Save) -> Saved:
        try:
            saved = self._call(lambda session, deadline: session.save(save, deadline), twice=False)
            save.offer.close()
            return saved
        except Refused:
            # The server has closed what it was sent.
            save.offer.is_sent = False
            raise
        except BaseException:
            save.offer.close()
            raise

    def bind(
        self, destination: Name, endpoint: Name, properties: Name = b"", ttl: float | None = None
    ) -> bool | None:
        """Ties a destination to an endpoint for `ttl` seconds; without, for the server's default.

        Tells whether this binding was there and is renewed; None in Postfix's way, which does not
        say it.
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
        """Closes all connections of an endpoint; removes all bindings of a destination; or both for
        all names that begin with a prefix, which may be empty. Unsupported in Postfix's way.
        """
        by, name = _one_of(
            {Tag.ENDPOINT: endpoint, Tag.DESTINATION: destination, Tag.PREFIX: prefix}
        )
        return self._call(lambda session, deadline: session.drop(by, name, deadline))

    def list(self, prefix: Name = b"", what: What = What.BOTH) -> Iterator[Entry]:
        """What is in the cache, by name's prefix, in the order of the deadlines.

        Each page is asked for when it is reached, so a long list is no snapshot: a binding that is
        renewed meanwhile may come twice. Unsupported in Postfix's way.
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
        """Counters since the server's start, and what it holds. Unsupported in Postfix's way."""
        return self._call(lambda session, deadline: session.statistics(deadline))

    def ping(self) -> str:
        """The server's name and version, empty in Postfix's way. An error if it does not answer."""
        return self._call(lambda session, deadline: session.ping(deadline))

    def _call(self, ask: Callable[[Session, Deadline], T], *, twice: bool = True) -> T:
        """Asks, and asks again where a stream of earlier calls turns out to have ended.

        What may not be done twice is asked again only where it was certainly not done.
        """
        deadline = Deadline(self._timeout)
        pool = self._pool
        anew = False
        while True:
            session = pool.take(deadline, anew=anew)
            try:
                answer = ask(session, deadline)
            except (Refused, Unsupported):
                pool.give_back(session)
                raise
            except ServerMissing as problem:
                session.stream.close()
                anew = session.is_old or not session.stream.is_ours()
                if not anew or (problem.in_doubt and not twice):
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
        raise TypeError(f"one of {', '.join(tag.name.lower() for tag in names)}")
    return given[0]


def _history(connection: Connection) -> History | None:
    was = connection.history
    return was and History(was.id, was.uses, connection.age or 0.0, was.idle)


def _has_tls(sock: socket.socket) -> bool:
    # Where nobody has imported ssl, there is no such socket, and it is not imported for that.
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(sock, ssl.SSLSocket)
