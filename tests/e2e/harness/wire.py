# SPDX-License-Identifier: Apache-2.0
"""The attribute lists and frames of scache's protocol, built byte by byte."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator

GREETING = b"protocol\0connection_cache_protocol\0\0"


def denial(user: int) -> bytes:
    """What a client without access gets in place of the greeting."""
    reason = f"user {user} has no access".encode()
    return GREETING[:-1] + b"error\x008\0reason\0" + reason + b"\0\0"

DUMMY = b"dummy\0\0\0"
FIND_ENDP_MISS = b"status\x002\0property\0\0\0"
FIND_DEST_MISS = b"status\x002\0property\0\0property\0\0\0"

Text = bytes | str | int


def _bytes(value: Text) -> bytes:
    if isinstance(value, bytes):
        return value
    return str(value).encode()


def attributes(*pairs: tuple[Text, Text]) -> bytes:
    """A whole list: each name and value with its NUL, and the NUL that ends the list."""
    return b"".join(_bytes(n) + b"\0" + _bytes(v) + b"\0" for n, v in pairs) + b"\0"


def status(number: int) -> bytes:
    """The reply to a save, and to what is no request."""
    return attributes(("status", number))


def find_endp(label: Text) -> bytes:
    """A lookup by endpoint."""
    return attributes(("request", "find_endp"), ("label", label))


def find_dest(label: Text) -> bytes:
    """A lookup by destination."""
    return attributes(("request", "find_dest"), ("label", label))


def save_endp(label: Text, properties: Text, ttl: Text = 100) -> bytes:
    """A connection's save; its descriptor follows after the server's dummy."""
    return attributes(
        ("request", "save_endp"), ("ttl", ttl), ("label", label), ("property", properties)
    )


def save_dest(label: Text, properties: Text, endpoint: Text, ttl: Text = 100) -> bytes:
    """A binding's save."""
    return attributes(
        ("request", "save_dest"),
        ("ttl", ttl),
        ("label", label),
        ("property", properties),
        ("label", endpoint),
    )


def endp_found(properties: Text) -> bytes:
    """The reply to a lookup by endpoint that hit."""
    return attributes(("status", 0), ("property", properties))


def dest_found(binding: Text, endpoint: Text) -> bytes:
    """The reply to a lookup by destination that hit."""
    return attributes(("status", 0), ("property", binding), ("property", endpoint))


AGREEMENT = attributes(
    ("status", "0"),
    ("version", "1"),
    ("capabilities", "save find bind drop list statistics ping cancel"),
)


def wish(*version: str) -> bytes:
    """The request for the direct protocol."""
    return attributes(("request", "direct"), *(("version", text) for text in version))


class Kind(enum.IntEnum):
    """What a frame asks or answers."""

    SAVE = 1
    FIND = 2
    DROP = 4
    LIST = 5
    STATISTICS = 6
    SAVED = 129
    FOUND = 130
    DROPPED = 132
    PAGE = 133
    ERROR = 255


class Tag(enum.IntEnum):
    """The fields of a frame."""

    ENDPOINT = 1
    DESTINATION = 2
    ENDPOINT_PROPERTIES = 3
    BINDING = 6
    CONNECTION = 7
    USES = 8
    AGE = 9
    PREFIX = 11
    CURSOR = 12
    WHAT = 14
    ENTRY = 15
    CONNECTIONS = 17
    CODE = 22
    TEXT = 23
    ALLOW_INPUT = 28


def field(tag: Tag, value: bytes) -> bytes:
    """One field of a frame."""
    return struct.pack("<HHI", tag, 0, len(value)) + value


def frame(kind: Kind, *fields: bytes, with_descriptor: bool = False) -> bytes:
    """One frame of the direct protocol; its id is 1."""
    size = 24 + sum(map(len, fields))
    return struct.pack("<IBBHQQ", size, kind, with_descriptor, 0, 1, 0) + b"".join(fields)


def each_field(data: bytes, at: int = 24) -> Iterator[tuple[int, bytes]]:
    """The tags and the values of a frame, or of a list of fields that begins at `at`."""
    while at < len(data):
        tag, _, length = struct.unpack_from("<HHI", data, at)
        yield tag, data[at + 8 : at + 8 + length]
        at += 8 + length


def fields(data: bytes, at: int = 24) -> dict[int, bytes]:
    """The same by tag; of those that come more than once, the last."""
    return dict(each_field(data, at))


def first_list(data: bytes) -> int:
    """The length of the attribute list at the front of `data`; 0 while it is not whole."""
    at = 0
    while True:
        end = data.find(b"\0", at)
        if end < 0:
            return 0
        if end == at:
            return end + 1
        at = data.find(b"\0", end + 1) + 1
        if at == 0:
            return 0
