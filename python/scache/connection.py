# SPDX-License-Identifier: Apache-2.0
"""Connections, bindings, and results of requests."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import NamedTuple

from scache.closing import Closing, Unique

Name = str | bytes


def octets(text: Name) -> bytes:
    """Encodes text as UTF-8; surrogate escapes, as in file names, become bytes again."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


class Binding(NamedTuple):
    """Binds a destination to the endpoint of the connection with which it is saved."""

    destination: Name
    properties: Name = b""
    # Seconds; None means the server's default.
    ttl: float | None = None


class Saved(NamedTuple):
    """The result of a save."""

    # The connection's id; None with the Postfix protocol.
    id: int | None
    # How many bindings were saved. A cache without room for bindings still saves the connection.
    bindings: int


class Dropped(NamedTuple):
    """How many connections and bindings were removed."""

    connections: int
    bindings: int


def now() -> float:
    """Seconds of a monotonic clock that includes the time of a suspended system."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class History:
    """The server's data about a connection at the time of the lookup."""

    id: int
    uses: int
    # Seconds.
    age: float
    idle: float


class Connection(Closing, Unique):
    """A connection that was found. It has left the cache, and the caller owns `socket`.

    Closing it, leaving its `with` block, and a successful save close the socket. Not thread safe.
    """

    def __init__(
        self,
        sock: socket.socket,
        endpoint: bytes | None,
        properties: tuple[bytes, bytes],
        history: History | None,
    ) -> None:
        self.socket = sock
        # None after a lookup by destination with the Postfix protocol.
        self.endpoint = endpoint
        self.endpoint_properties, self.destination_properties = properties
        self.history = history
        self._found = now()

    @property
    def id(self) -> int | None:
        """The connection's id, which stays the same; None with the Postfix protocol."""
        return self.history.id if self.history else None

    @property
    def uses(self) -> int | None:
        """How often it has been found, this time included; None with the Postfix protocol."""
        return self.history.uses if self.history else None

    @property
    def age(self) -> float | None:
        """Seconds since it was first saved; None with the Postfix protocol."""
        return self.history.age + now() - self._found if self.history else None

    @property
    def idle(self) -> float | None:
        """Seconds that it was in the cache before this lookup; None with the Postfix protocol."""
        return self.history.idle if self.history else None

    def fileno(self) -> int:
        """The descriptor, which the connection still owns; -1 after it was closed."""
        return self.socket.fileno()

    def close(self) -> None:
        """Closes the socket. May be called more than once."""
        self.socket.close()

    def __repr__(self) -> str:
        return f"<scache.Connection {self.endpoint!r} id={self.id} uses={self.uses}>"
