# SPDX-License-Identifier: Apache-2.0
"""Clients of either protocol with the same functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness import cargo, wire
from harness.cargo import Cargo
from harness.census import Identity
from harness.client import Client, Found
from harness.wire import Kind, Tag


class Host(Protocol):
    """A server that has clients."""

    def client(self) -> Client:
        """A client that has been greeted."""

    def leave(self, *clients: Client) -> None:
        """Closes the clients."""


class Talker:
    """What the clients have in common."""

    def __init__(self, server: Host) -> None:
        self.server = server
        self.client = server.client()
        # Why the last save was refused; empty in the Postfix protocol, which does not say it.
        self.reason = ""

    def look_up(self, endpoint: str) -> tuple[Found, str] | None:
        """What is found, and its properties."""
        raise NotImplementedError

    def find(self, endpoint: str) -> tuple[str, Identity] | None:
        """The properties of what is found, and what it is."""
        hit = self.look_up(endpoint)
        if hit is None:
            return None
        found, properties = hit
        assert found.identity is not None
        return properties, found.identity

    def save(self, properties: str, item: Cargo, endpoint: str = "e") -> bool:
        """Whether the cache has taken it; our copy of it is closed then."""
        raise NotImplementedError

    def overload(self, descriptors: list[int]) -> None:
        """A save with all of these is refused."""
        raise NotImplementedError


class OfPostfix(Talker):
    """A client that uses the Postfix protocol."""

    def look_up(self, endpoint: str) -> tuple[Found, str] | None:
        found = self.client.find_endp(endpoint)
        if found.fd is None:
            assert found.reply == wire.FIND_ENDP_MISS
            return None
        return found, found.reply.split(b"\0")[3].decode()

    def save(self, properties: str, item: Cargo, endpoint: str = "e") -> bool:
        reply = self.client.save_endp(endpoint, properties, item)
        assert reply in (wire.status(0), wire.status(2))
        return reply == wire.status(0)

    def overload(self, descriptors: list[int]) -> None:
        self.client.send(wire.save_endp("e", "many"))
        self.client.expect(wire.DUMMY)
        self.client.send(b"\0", descriptors)
        self.client.expect(wire.status(2))


class Direct(Talker):
    """A client that talks in the direct protocol. It saves each connection with a binding."""

    def __init__(self, server: Host) -> None:
        super().__init__(server)
        assert self.client.ask(wire.wish("1")) == wire.AGREEMENT

    def look_up(self, endpoint: str) -> tuple[Found, str] | None:
        self.client.send(wire.frame(Kind.FIND, wire.field(Tag.ENDPOINT, endpoint.encode())))
        found = self.client.frame()
        assert found.reply[4] == Kind.FOUND
        if found.fd is None:
            return None
        return found, wire.fields(found.reply)[Tag.ENDPOINT_PROPERTIES].decode()

    def save(self, properties: str, item: Cargo, endpoint: str = "e") -> bool:
        frame = wire.frame(
            Kind.SAVE,
            wire.field(Tag.ENDPOINT, endpoint.encode()),
            wire.field(Tag.ENDPOINT_PROPERTIES, properties.encode()),
            wire.field(Tag.BINDING, wire.field(Tag.DESTINATION, b"d")),
            with_descriptor=True,
        )
        self.client.send(frame, [item.fd])
        reply = self.client.frame().reply
        assert reply[4] in (Kind.SAVED, Kind.ERROR)
        item.give_away()
        self.reason = wire.fields(reply).get(Tag.TEXT, b"").decode()
        return reply[4] == Kind.SAVED

    def overload(self, descriptors: list[int]) -> None:
        """A save with all of these ends the stream of the one who sends it: not this one's."""
        other = Direct(self.server)
        frame = wire.frame(Kind.SAVE, wire.field(Tag.ENDPOINT, b"e"), with_descriptor=True)
        other.client.send(frame, descriptors)
        other.client.ends()
        self.server.leave(other.client)


WAYS: tuple[Callable[[Host], Talker], ...] = (OfPostfix, Direct)


def serves(server: Host) -> None:
    """Clients of both protocols save a connection and find it."""
    for come in WAYS:
        other, item = come(server), cargo.unix()
        assert other.save("q", item, "other")
        assert other.find("other") == ("q", item.identity)
        assert other.find("nobody") is None
        item.close()
        server.leave(other.client)
