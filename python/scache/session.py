"""A conversation with a server, in either of the two ways."""

from __future__ import annotations

import _socket
import abc

from scache import attributes
from scache.connection import Connection, Dropped, Saved
from scache.deadline import Deadline
from scache.entries import Entry
from scache.errors import ProtocolError
from scache.frames import Tag
from scache.requests import Bind, Save
from scache.stream import Stream

_GREETING = [(b"protocol", b"connection_cache_protocol")]


class Session(abc.ABC):
    """One request at a time. After an error other than Refused and Unsupported it is over."""

    # Whether it has served a call, so that the server may have ended it since.
    is_old = False

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    @abc.abstractmethod
    def find(
        self, by: Tag, name: bytes, room: _socket.socket, deadline: Deadline
    ) -> Connection | None:
        """A connection by endpoint or destination, of which the room becomes the socket."""

    @abc.abstractmethod
    def save(self, save: Save, deadline: Deadline) -> Saved:
        """The server has a copy of the descriptor then."""

    @abc.abstractmethod
    def bind(self, bind: Bind, deadline: Deadline) -> bool | None:
        """Whether the binding was there already."""

    @abc.abstractmethod
    def drop(self, by: Tag, name: bytes, deadline: Deadline) -> Dropped:
        """By endpoint, destination or prefix."""

    @abc.abstractmethod
    def page(
        self, what: int, prefix: bytes, cursor: bytes | None, deadline: Deadline
    ) -> tuple[list[Entry], bytes | None]:
        """Entries, and where the list goes on; None at its end, as at its beginning."""

    @abc.abstractmethod
    def statistics(self, deadline: Deadline) -> dict[str, int]:
        """Numbers by their names."""

    @abc.abstractmethod
    def ping(self, deadline: Deadline) -> str:
        """The server's name and version."""


def greet(stream: Stream, deadline: Deadline) -> None:
    """Hears the greeting, with which both ways begin."""
    if read_list(stream, deadline) != _GREETING:
        raise ProtocolError("this is no connection cache")


def read_list(stream: Stream, deadline: Deadline) -> list[attributes.Pair]:
    """One attribute list, and nothing behind it."""
    while not (size := attributes.size(stream.front())):
        stream.receive(deadline)
    pairs = attributes.decode(stream.take(size))
    stream.expect_end()
    return pairs
