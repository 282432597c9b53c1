# SPDX-License-Identifier: Apache-2.0
"""Checked requests, independent of the protocol."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scache.connection import Binding, History, Name, octets
from scache.descriptors import Offer

# Exceeds any server's limit for a ttl.
_LONGEST = 1e12


def seconds(ttl: float | None) -> float | None:
    """Checks and caps a ttl. Raises ValueError if it is not greater than zero."""
    if ttl is None:
        return None
    if not ttl > 0:
        raise ValueError(f"a time to live must be greater than zero: {ttl}")
    return min(ttl, _LONGEST)


@dataclass(frozen=True, slots=True)
class Bind:
    """A binding; `endpoint` is ignored with a save."""

    destination: bytes
    endpoint: bytes
    properties: bytes
    ttl: float | None

    @staticmethod
    def of(binding: Binding, endpoint: Name) -> Bind:
        """Checks a binding of this endpoint."""
        destination, properties, ttl = binding
        return Bind(octets(destination), octets(endpoint), octets(properties), seconds(ttl))


@dataclass(frozen=True, slots=True)
class Save:
    """A connection to save."""

    offer: Offer
    endpoint: bytes
    properties: bytes
    ttl: float | None
    # Of a connection that was found, with its present age.
    history: History | None
    bindings: tuple[Bind, ...]
    # Whether the connection may have unread input; the Postfix protocol ignores it.
    allow_input: bool

    @staticmethod
    def of(
        offer: Offer,
        names: tuple[Name, Name],
        ttl: float | None,
        history: History | None,
        bindings: Iterable[Binding],
        allow_input: bool,
    ) -> Save:
        """Checks the names and the bindings."""
        endpoint, properties = names
        bound = tuple(Bind.of(Binding(*binding), endpoint) for binding in bindings)
        names = octets(endpoint), octets(properties)
        return Save(offer, *names, seconds(ttl), history, bound, allow_input)


def whole_milliseconds(ttl: float) -> int:
    """Rounds up, so that the result is never 0."""
    return math.ceil(ttl * 1000)


def whole_seconds(ttl: float | None, longest: int) -> int:
    """Rounds up; `longest` without a ttl."""
    return longest if ttl is None else min(math.ceil(ttl), longest)
