# SPDX-License-Identifier: Apache-2.0
"""A session with a server, with either of the two protocols."""

from __future__ import annotations

import _socket
import abc

from scache import attributes
from scache.connection import Connection, Dropped, Saved
from scache.deadline import Deadline
from scache.entries import Entry
from scache.errors import ProtocolError, Refused
from scache.frames import Tag
from scache.requests import Bind, Save
from scache.stream import Stream

_GREETING = [(b"protocol", b"connection_cache_protocol")]


class Session(abc.ABC):
    """One request at a time. Only Refused and Unsupported leave the session usable."""

    # Whether an earlier call has used it: the server may have closed it since.
    is_old = False

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    @abc.abstractmethod
    def find(
        self, by: Tag, name: bytes, room: _socket.socket, deadline: Deadline
    ) -> Connection | None:
        """Finds a connection by endpoint or destination, and moves it to `room`."""

    @abc.abstractmethod
    def save(self, save: Save, deadline: Deadline) -> Saved:
        """Saves a connection. The server has a copy of the descriptor then."""

    @abc.abstractmethod
    def bind(self, bind: Bind, deadline: Deadline) -> bool | None:
        """Saves a binding. Returns whether it was renewed, None if that is unknown."""

    @abc.abstractmethod
    def drop(self, by: Tag, name: bytes, deadline: Deadline) -> Dropped:
        """Drops by endpoint, destination or prefix."""

    @abc.abstractmethod
    def page(
        self, what: int, prefix: bytes, cursor: bytes | None, deadline: Deadline
    ) -> tuple[list[Entry], bytes | None]:
        """Returns entries and the cursor of the next page. None is the beginning and the end."""

    @abc.abstractmethod
    def statistics(self, deadline: Deadline) -> dict[str, int]:
        """Returns the statistics by name."""

    @abc.abstractmethod
    def ping(self, deadline: Deadline) -> str:
        """Returns the server's name and version."""


def greet(stream: Stream, deadline: Deadline) -> None:
    """Receives the greeting, with which both protocols begin. Raises Refused if it has an error."""
    greeting = read_list(stream, deadline)
    if greeting[:1] != _GREETING:
        raise ProtocolError(
            "the socket belongs to another program: the greeting is not that of a connection cache"
        )
    # A server that does not serve this client says why, and closes the stream.
    told = dict(greeting)
    if (code := told.get(b"error", b"")).isdigit():
        raise Refused(int(code), told.get(b"reason", b"").decode(errors="replace"))


def read_list(stream: Stream, deadline: Deadline) -> list[attributes.Pair]:
    """Receives one attribute list, which no other bytes may follow."""
    while not (size := attributes.size(stream.front())):
        stream.receive(deadline)
    pairs = attributes.decode(stream.take(size))
    stream.expect_end()
    return pairs
