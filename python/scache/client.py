"""The client: speaks the better of two ways with a server, and begins again where a stream ends."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from scache import direct
from scache.closing import Closing
from scache.connection import (
    Binding,
    Connection,
    Dropped,
    History,
    Name,
    Saved,
    give_away,
    octets,
)
from scache.deadline import Deadline
from scache.entries import Entry, What
from scache.errors import Refused, ServerMissing, Timeout, Unsupported
from scache.frames import Tag
from scache.postfix import PostfixSession
from scache.requests import Bind, Save
from scache.session import Session, greet
from scache.stream import Stream

T = TypeVar("T")
Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Seconds for a whole call. An answer takes microseconds, and a cache that is slower than a new
# connection is of no use.
DEFAULT_TIMEOUT = 5.0

# Paths whose servers refused the direct way. Postfix's own logs a warning at each attempt, so there
# is one for each process.
_refused: set[str] = set()


def default_path() -> str:
    """$SCACHE_SOCKET, else $XDG_RUNTIME_DIR/scache/scached.sock, else (root: at once) /run's."""
    if path := os.environ.get("SCACHE_SOCKET"):
        return path
    own = None if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR")
    return os.path.join(own or "/run", "scache", "scached.sock")


class Client(Closing):
    """A client of one server. It connects at its first call, and anew when its stream has ended.

    All calls may raise the classes of `scache.errors`; a Timeout covers connecting. Thread safe:
    one lock is held for the time of a call. After a fork the child has a stream of its own. No
    descriptor is inherited by programs that are executed.
    """

    def __init__(
        self, path: Path | None = None, *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> None:
        """`path`: the server's socket, else default_path(). `timeout`: seconds, None for ever."""
        if timeout is not None and not timeout > 0:
            raise ValueError(f"a timeout of {timeout} s")
        self.path = default_path() if path is None else os.fsdecode(path)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._session: Session | None = None
        _clients.add(self)

    def close(self) -> None:
        """Ends the stream; connections that were found stay open. A later call begins a new one."""
        with self._lock:
            self._forget()

    def find(
        self, *, endpoint: Name | None = None, destination: Name | None = None
    ) -> Connection | None:
        """A connection of the endpoint, or of the first endpoint of the destination that has one.

        It is out of the cache and the caller's; None when there is none. Unsupported when what was
        found is no socket: then it is closed.
        """
        by, name = _one_of({Tag.ENDPOINT: endpoint, Tag.DESTINATION: destination})
        return self._call(lambda session, deadline: session.find(by, name, deadline))

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

        On success the caller's socket is closed. On an error it is untouched, and the caller's; but
        where the error says `in_doubt`, another process may have it too: close it.

        A Connection gives back its id, its uses and its age, and its endpoint and properties unless
        others are named. `bindings` tie destinations to the endpoint.
        """
        sock, history = what, None
        if isinstance(what, Connection):
            sock, history = what.socket, _history(what)
            endpoint = what.endpoint if endpoint is None else endpoint
            properties = what.endpoint_properties if properties is None else properties
        assert isinstance(sock, socket.socket)
        if endpoint is None:
            raise TypeError("save() needs the name of the endpoint")
        if sock.fileno() < 0:
            raise ValueError("this socket is closed")
        if _has_tls(sock):
            raise ValueError("TLS lives in this process: its socket is of no use to another")
        if not _is_open_for_sending(sock):
            raise ValueError("this connection is shut down, or not connected")
        save = Save.of(sock.fileno(), (endpoint, properties or b""), ttl, history, bindings)
        saved = self._call(lambda session, deadline: session.save(save, deadline), twice=False)
        give_away(sock)
        return saved

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
        """The server's name and version. Unsupported in Postfix's way."""
        return self._call(lambda session, deadline: session.ping(deadline))

    def _call(self, ask: Callable[[Session, Deadline], T], *, twice: bool = True) -> T:
        """Asks, and asks again where a stream of earlier calls turns out to have ended.

        What may not be done twice is asked again only where it was certainly not done.
        """
        deadline = Deadline(self._timeout)
        left = deadline.left()
        if not self._lock.acquire(timeout=-1 if left is None else left):
            raise Timeout("other threads of this process use the client")
        try:
            while True:
                session, old = self._ready(deadline)
                try:
                    return ask(session, deadline)
                except (Refused, Unsupported):
                    raise
                except ServerMissing as problem:
                    self._forget()
                    if not old or (problem.in_doubt and not twice):
                        raise
                except BaseException:
                    self._forget()
                    raise
        finally:
            self._lock.release()

    def _ready(self, deadline: Deadline) -> tuple[Session, bool]:
        """A session, and whether it is one of earlier calls."""
        if self._session and self._session.stream.is_quiet():
            return self._session, True
        self._forget()
        self._session = _begin(self.path, deadline)
        return self._session, False

    def _forget(self) -> None:
        session, self._session = self._session, None
        if session:
            session.stream.close()

    def _after_fork(self) -> None:
        # A thread that is not here may hold the lock for ever, and the stream is the parent's.
        self._lock = threading.Lock()
        self._forget()


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork() -> None:
    for client in _clients:
        client._after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _begin(path: str, deadline: Deadline) -> Session:
    stream = Stream(path, deadline)
    try:
        greet(stream, deadline)
        if path not in _refused:
            session = direct.ask(stream, deadline)
            if session:
                return session
            _refused.add(path)
        return PostfixSession(stream)
    except BaseException:
        stream.close()
        raise


def _one_of(names: dict[Tag, Name | None]) -> tuple[Tag, bytes]:
    given = [(tag, octets(name)) for tag, name in names.items() if name is not None]
    if len(given) != 1:
        raise TypeError(f"one of {', '.join(tag.name.lower() for tag in names)}")
    return given[0]


def _history(connection: Connection) -> History | None:
    was = connection.history
    return was and History(was.id, was.uses, connection.age or 0.0, was.idle)


def _is_open_for_sending(sock: socket.socket) -> bool:
    # poll(2) says nothing of one's own side. A TCP socket tells its state; a local one fails a write
    # of no bytes, which sends nothing on a stream.
    established, close_wait = 1, 8
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (established, close_wait)
    except OSError:
        if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
            return True
    try:
        sock.send(b"", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError as error:
        return error.errno not in (errno.EPIPE, errno.ENOTCONN)
    return True


def _has_tls(sock: socket.socket) -> bool:
    # Where nobody has imported ssl, there is no such socket, and it is not imported for that.
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(sock, ssl.SSLSocket)
