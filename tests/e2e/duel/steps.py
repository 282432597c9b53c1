# SPDX-License-Identifier: Apache-2.0
"""The steps of a session. Each does the same to either server and tells what it saw."""

from __future__ import annotations

import dataclasses
import socket

from duel.grammar import label_of_save
from duel.side import Link, Side
from harness import wire

Seen = list[bytes | int | str]

NOTHING = b"nothing here"


@dataclasses.dataclass(frozen=True)
class Step:
    """What one client does; `client` is its number."""

    client: int

    def take(self, side: Side) -> Seen:
        """Does it to that server."""
        raise NotImplementedError

    @property
    def undelivers(self) -> bool:
        """Whether a connection may be found and not handed out: stock drops it, ours keeps it."""
        return False


@dataclasses.dataclass(frozen=True)
class Leave(Step):
    """The client goes, between two requests."""

    def take(self, side: Side) -> Seen:
        """Nothing is said of it."""
        side.leave(self.client)
        side.settle()
        return []


@dataclasses.dataclass(frozen=True)
class BreakOff(Step):
    """The client sends something that is not whole, and goes."""

    data: bytes

    def take(self, side: Side) -> Seen:
        """Only the log tells."""
        side.link(self.client).send(self.data)
        side.leave(self.client)
        side.settle()
        return []


@dataclasses.dataclass(frozen=True)
class Mumble(Step):
    """A list that names no request: there is no answer."""

    data: bytes

    def take(self, side: Side) -> Seen:
        """What is there in the end."""
        link = side.link(self.client)
        link.send(self.data)
        side.settle()
        return [link.rest()]


@dataclasses.dataclass(frozen=True)
class Ask(Step):
    """A request, good or bad, in pieces; and how it goes on after the first answer."""

    data: bytes
    # Where the request is cut in pieces.
    cuts: tuple[int, ...] = ()
    # After a save's dummy: a descriptor of that kind; or "byte", "two", "text", "leave".
    gives: str = "unix"
    # After a hit: "take", "glue", "nonsense", "leave", "deaf".
    takes: str = "take"
    # How the thing that is saved is called.
    tag: int = 0

    @property
    def undelivers(self) -> bool:
        """As its end says."""
        return self.takes in ("nonsense", "leave")

    def take(self, side: Side) -> Seen:
        """All answers, and which connection came."""
        link = side.link(self.client)
        ends = [0, *self.cuts, len(self.data)]
        for begin, end in zip(ends, ends[1:], strict=False):
            link.send(self.data[begin:end])
            if end < len(self.data):
                link.wait_until_heard()
        seen: Seen = [link.list()]
        if seen[0] == wire.DUMMY:
            self._give(side, link, seen)
        elif isinstance(seen[0], bytes) and seen[0].startswith(b"status\x000\0property\0"):
            self._take(side, link, seen)
        side.settle()
        seen.append(link.rest())
        return seen

    def _give(self, side: Side, link: Link, seen: Seen) -> None:
        if self.gives == "leave":
            side.leave(self.client)
        elif self.gives == "byte":
            link.send(b"\0")
            seen.append(link.list())
        elif self.gives == "text":
            link.send(b"\0" + wire.find_endp(NOTHING))
            seen += [link.list(), link.list()]
        elif self.gives == "two":
            ends = socket.socketpair()
            link.send(b"\0", [end.fileno() for end in ends])
            seen.append(link.list())
            for end in ends:
                end.close()
        else:
            item = side.make(self.gives, self.tag)
            link.send(b"x" if self.tag % 2 else b"\0", [item.fd])
            seen.append(link.list())
            item.give_away()
            side.endpoints.add(label_of_save(self.data))

    def _take(self, side: Side, link: Link, seen: Seen) -> None:
        if self.takes == "leave":
            side.leave(self.client)
            return
        if self.takes == "nonsense":
            link.send(wire.attributes(("nonsense", "")))
            return
        link.send(wire.DUMMY)
        seen.append(link.byte())
        seen.append(side.tag_of(link.descriptors[-1]) if link.descriptors else "no descriptor")
        if self.takes == "glue":
            link.send(wire.DUMMY + wire.find_endp(NOTHING))
            seen.append(link.list())
        else:
            link.send(wire.DUMMY)


def drain(side: Side) -> Seen:
    """Takes everything that is left."""
    seen: Seen = []
    for endpoint in sorted(side.endpoints):
        while True:
            found = Ask(99, wire.find_endp(endpoint)).take(side)
            seen += found
            if found[0] == wire.FIND_ENDP_MISS:
                break
    side.endpoints.clear()
    return seen
