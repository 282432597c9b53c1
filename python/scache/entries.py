# SPDX-License-Identifier: Apache-2.0
"""The entries of a list."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from scache.frames import Fields, Tag


class What(enum.IntEnum):
    """The entries to list."""

    CONNECTIONS = 1
    BINDINGS = 2
    BOTH = 3


@dataclass(frozen=True, slots=True)
class CachedConnection:
    """A connection in the cache. Times are seconds."""

    endpoint: bytes
    properties: bytes
    # The remaining time.
    ttl: float
    id: int
    uses: int
    age: float
    idle: float
    # The user id of the process that saved it.
    owner: int


@dataclass(frozen=True, slots=True)
class CachedBinding:
    """A binding in the cache."""

    destination: bytes
    endpoint: bytes
    properties: bytes
    # The remaining seconds.
    ttl: float


Entry = CachedConnection | CachedBinding


def entry(fields: Fields) -> Entry:
    """Returns one entry of a page."""
    endpoint, ttl = fields.octets(Tag.ENDPOINT), fields.number(Tag.TTL) / 1000
    if Tag.DESTINATION in fields:
        properties = fields.octets(Tag.DESTINATION_PROPERTIES)
        return CachedBinding(fields.octets(Tag.DESTINATION), endpoint, properties, ttl)
    return CachedConnection(
        endpoint,
        fields.octets(Tag.ENDPOINT_PROPERTIES),
        ttl,
        fields.number(Tag.CONNECTION),
        fields.number(Tag.USES),
        fields.number(Tag.AGE) / 1000,
        fields.number(Tag.IDLE) / 1000,
        fields.number(Tag.OWNER),
    )
