"""What goes into the cache and comes out of it."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import NamedTuple

from scache.closing import Closing, Unique

Name = str | bytes


def octets(text: Name) -> bytes:
    """Text as UTF-8; names of files and the like survive (surrogateescape)."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


class Binding(NamedTuple):
    """Ties a destination to the endpoint of the connection that is saved with it."""

    destination: Name
    properties: Name = b""
    # Seconds; None is the server's default.
    ttl: float | None = None


class Saved(NamedTuple):
    """What became of a save."""

    # The connection's id; None where the server does not tell it (Postfix's way).
    id: int | None
    # How many of the bindings were kept: a cache full of bindings still keeps the connection.
    bindings: int


class Dropped(NamedTuple):
    """How many connections and bindings have left the cache."""

    connections: int
    bindings: int


def now() -> float:
    """Seconds of a clock that never jumps and counts suspended time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class History:
    """What the server remembers of a connection, at the moment when it was found."""

    id: int
    uses: int
    # Seconds.
    age: float
    idle: float


class Connection(Closing, Unique):
    """A connection that was found. It is out of the cache, and its user owns `socket`.

    Closing it, or leaving its `with` block, closes the socket; so does a save that succeeded. Not
    thread safe.
    """

    def __init__(
        self,
        sock: socket.socket,
        endpoint: bytes | None,
        properties: tuple[bytes, bytes],
        history: History | None,
    ) -> None:
        self.socket = sock
        # None where a lookup by destination does not tell it (Postfix's way).
        self.endpoint = endpoint
        self.endpoint_properties, self.destination_properties = properties
        self.history = history
        self._found = now()

    @property
    def id(self) -> int | None:
        """The connection's id, the same in all hands; None in Postfix's way, which has none."""
        return self.history.id if self.history else None

    @property
    def uses(self) -> int | None:
        """How often it has been found, this time included; None in Postfix's way."""
        return self.history.uses if self.history else None

    @property
    def age(self) -> float | None:
        """Seconds since it was saved for the first time, now; None in Postfix's way."""
        return self.history.age + now() - self._found if self.history else None

    @property
    def idle(self) -> float | None:
        """Seconds that it was in the cache before it was found; None in Postfix's way."""
        return self.history.idle if self.history else None

    def fileno(self) -> int:
        """The descriptor, still the connection's; -1 when it is closed."""
        return self.socket.fileno()

    def close(self) -> None:
        """Closes the socket. May be called again."""
        self.socket.close()

    def __repr__(self) -> str:
        return f"<scache.Connection {self.endpoint!r} id={self.id} uses={self.uses}>"
