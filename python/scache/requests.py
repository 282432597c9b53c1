"""Requests as the caller means them, whichever way they are sent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scache.connection import Binding, History, Name, octets
from scache.descriptors import Offer

# Far beyond any server's limit of a ttl.
_LONGEST = 1e12


def seconds(ttl: float | None) -> float | None:
    """A ttl that is one; a ValueError otherwise."""
    if ttl is None:
        return None
    if not ttl > 0:
        raise ValueError(f"a ttl of {ttl} s")
    return min(ttl, _LONGEST)


@dataclass(frozen=True, slots=True)
class Bind:
    """A binding; `endpoint` is not looked at where it comes with a save."""

    destination: bytes
    endpoint: bytes
    properties: bytes
    ttl: float | None

    @staticmethod
    def of(binding: Binding, endpoint: Name) -> Bind:
        """A binding of this endpoint."""
        destination, properties, ttl = binding
        return Bind(octets(destination), octets(endpoint), octets(properties), seconds(ttl))


@dataclass(frozen=True, slots=True)
class Save:
    """A connection to save."""

    offer: Offer
    endpoint: bytes
    properties: bytes
    ttl: float | None
    # Of a connection that was found: its age is the one of now.
    history: History | None
    bindings: tuple[Bind, ...]

    @staticmethod
    def of(
        offer: Offer,
        names: tuple[Name, Name],
        ttl: float | None,
        history: History | None,
        bindings: Iterable[Binding],
    ) -> Save:
        """With the names and bindings checked."""
        endpoint, properties = names
        bound = tuple(Bind.of(Binding(*binding), endpoint) for binding in bindings)
        return Save(offer, octets(endpoint), octets(properties), seconds(ttl), history, bound)


def whole_milliseconds(ttl: float) -> int:
    """Rounded up, so that something is left of a short one."""
    return math.ceil(ttl * 1000)


def whole_seconds(ttl: float | None, longest: int) -> int:
    """Rounded up; the longest where there is none."""
    return longest if ttl is None else min(math.ceil(ttl), longest)
