# SPDX-License-Identifier: Apache-2.0
"""The frames of the direct protocol (docs/protocol.md): bytes to values and back, without I/O."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scache.errors import ProtocolError

HEADER_SIZE = 24
# The server's limit.
MAX_SIZE = 262_144

_HEADER = struct.Struct("<IBBHQQ")
_FIELD = struct.Struct("<HHI")
_SIZE = struct.Struct("<I")
_NUMBER = struct.Struct("<Q")
_DESCRIPTOR = 1


class Kind(enum.IntEnum):
    """The kind of a request or a reply."""

    SAVE = 1
    FIND = 2
    BIND = 3
    DROP = 4
    LIST = 5
    STATISTICS = 6
    PING = 7
    CANCEL = 8
    SAVED = 129
    FOUND = 130
    BOUND = 131
    DROPPED = 132
    PAGE = 133
    STATISTICS_TOLD = 134
    PONG = 135
    CANCELLED = 136
    ERROR = 255


class Tag(enum.IntEnum):
    """The meaning of a field."""

    ENDPOINT = 1
    DESTINATION = 2
    ENDPOINT_PROPERTIES = 3
    DESTINATION_PROPERTIES = 4
    TTL = 5
    BINDING = 6
    CONNECTION = 7
    USES = 8
    AGE = 9
    IDLE = 10
    PREFIX = 11
    CURSOR = 12
    LIMIT = 13
    WHAT = 14
    ENTRY = 15
    TARGET = 16
    CONNECTIONS = 17
    BINDINGS = 18
    STATISTIC = 19
    NAME = 20
    VALUE = 21
    CODE = 22
    TEXT = 23
    OWNER = 24
    RENEWED = 25
    CANCELLED = 26
    SERVER = 27
    ALLOW_INPUT = 28


_LISTS = frozenset({Tag.BINDING, Tag.ENTRY, Tag.STATISTIC})
_ONCE = frozenset(Tag) - _LISTS
_NUMBERS = frozenset(
    {
        Tag.TTL,
        Tag.CONNECTION,
        Tag.USES,
        Tag.AGE,
        Tag.IDLE,
        Tag.LIMIT,
        Tag.WHAT,
        Tag.TARGET,
        Tag.CONNECTIONS,
        Tag.BINDINGS,
        Tag.VALUE,
        Tag.CODE,
        Tag.OWNER,
        Tag.RENEWED,
        Tag.CANCELLED,
        Tag.ALLOW_INPUT,
    }
)


class Malformed(ProtocolError):
    """A frame is invalid."""


class Fields:
    """Tags and values in the order of the frame. Unknown values are bytes."""

    def __init__(self, pairs: Iterable[tuple[int, Value]] = ()) -> None:
        self.pairs = tuple(pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __repr__(self) -> str:
        return f"Fields({self.pairs!r})"

    def __contains__(self, tag: Tag) -> bool:
        return any(tag == known for known, _ in self.pairs)

    def each(self, tag: Tag) -> Iterator[Value]:
        """Returns the values of a repeated field."""
        return (value for known, value in self.pairs if known == tag)

    def number(self, tag: Tag) -> int:
        """Returns a number, 0 if the field is missing."""
        value = next(self.each(tag), 0)
        assert isinstance(value, int)
        return value

    def octets(self, tag: Tag) -> bytes:
        """Returns bytes, empty if the field is missing."""
        value = next(self.each(tag), b"")
        assert isinstance(value, bytes)
        return value

    def lists(self, tag: Tag) -> Iterator[Fields]:
        """Returns the values of a field that contains fields."""
        for value in self.each(tag):
            assert isinstance(value, Fields)
            yield value


Value = int | bytes | Fields


@dataclass(frozen=True)
class _Rule:
    """The requirements of a frame, or of a field that contains fields."""

    needs: tuple[Tag, ...] = ()
    one_of: tuple[Tag, ...] = ()
    # Whether a ttl must be greater than zero.
    lives: bool = False
    # Whether there must be a descriptor; None allows both.
    descriptor: bool | None = False
    # Required only with a descriptor.
    needs_with: tuple[Tag, ...] = ()

    def check(self, fields: Fields, descriptor: bool = False) -> None:
        """Raises Malformed if a requirement is not met."""
        needs = self.needs + (self.needs_with if descriptor else ())
        for tag in needs:
            if tag not in fields:
                raise Malformed(f"{tag.name.lower()} is missing")
        if self.one_of and sum(tag in fields for tag in self.one_of) != 1:
            known = ", ".join(tag.name.lower() for tag in self.one_of)
            raise Malformed(f"exactly one of these fields is required: {known}")
        if self.lives and Tag.TTL in fields and fields.number(Tag.TTL) == 0:
            raise Malformed("the ttl is 0")
        if self.descriptor is not None and descriptor != self.descriptor:
            raise Malformed(
                "the descriptor is missing" if self.descriptor else "unexpected descriptor"
            )


_ANY = _Rule(descriptor=None)
_RULES: dict[int, _Rule] = {
    Kind.SAVE: _Rule(needs=(Tag.ENDPOINT,), lives=True, descriptor=True),
    Kind.FIND: _Rule(one_of=(Tag.ENDPOINT, Tag.DESTINATION)),
    Kind.BIND: _Rule(needs=(Tag.DESTINATION, Tag.ENDPOINT), lives=True),
    Kind.DROP: _Rule(one_of=(Tag.ENDPOINT, Tag.DESTINATION, Tag.PREFIX)),
    Kind.LIST: _Rule(),
    Kind.STATISTICS: _Rule(),
    Kind.PING: _Rule(),
    Kind.CANCEL: _Rule(needs=(Tag.TARGET,)),
    Kind.SAVED: _Rule(needs=(Tag.CONNECTION, Tag.BINDINGS)),
    Kind.FOUND: _Rule(
        needs_with=(Tag.ENDPOINT, Tag.CONNECTION, Tag.USES, Tag.AGE, Tag.IDLE), descriptor=None
    ),
    Kind.BOUND: _Rule(needs=(Tag.RENEWED,)),
    Kind.DROPPED: _Rule(needs=(Tag.CONNECTIONS, Tag.BINDINGS)),
    Kind.PAGE: _Rule(),
    Kind.STATISTICS_TOLD: _Rule(),
    Kind.PONG: _Rule(needs=(Tag.SERVER,)),
    Kind.CANCELLED: _Rule(needs=(Tag.CANCELLED,)),
    Kind.ERROR: _Rule(needs=(Tag.CODE,)),
}
_RULES_WITHIN: dict[int, _Rule] = {
    Tag.BINDING: _Rule(needs=(Tag.DESTINATION,), lives=True),
    Tag.ENTRY: _Rule(needs=(Tag.ENDPOINT,)),
    Tag.STATISTIC: _Rule(needs=(Tag.NAME, Tag.VALUE)),
}


@dataclass(frozen=True)
class Frame:
    """One frame. `descriptor` says whether one is sent with the frame."""

    kind: int
    id: int
    fields: Fields = field(default_factory=Fields)
    descriptor: bool = False


def size(data: bytes | bytearray) -> int:
    """Returns the size of the frame at the beginning, 0 if it is not yet known."""
    if len(data) < _SIZE.size:
        return 0
    wanted: int = _SIZE.unpack_from(data)[0]
    if not HEADER_SIZE <= wanted <= MAX_SIZE:
        raise Malformed(f"invalid size of a frame: {wanted} bytes")
    return wanted


def encode(frame: Frame) -> bytes:
    """Encodes a frame of any size. Raises ValueError for a number that exceeds 64 bits."""
    body = _encode_fields(frame.fields)
    flags = _DESCRIPTOR if frame.descriptor else 0
    try:
        header = _HEADER.pack(HEADER_SIZE + len(body), frame.kind, flags, 0, frame.id, 0)
    except struct.error as problem:
        raise ValueError(str(problem)) from None
    return header + body


def decode(data: bytes) -> Frame:
    """Decodes exactly one frame. Raises Malformed if it is invalid."""
    if not data or size(data) != len(data):
        raise Malformed("the data is not exactly one frame")
    _, kind, flags, _, number, _ = _HEADER.unpack_from(data)
    fields = _decode_fields(data[HEADER_SIZE:])
    descriptor = bool(flags & _DESCRIPTOR)
    _RULES.get(kind, _ANY).check(fields, descriptor)
    return Frame(kind, number, fields, descriptor)


def _encode_fields(fields: Fields) -> bytes:
    return b"".join(_encode_field(tag, value) for tag, value in fields.pairs)


def _encode_field(tag: int, value: Value) -> bytes:
    if isinstance(value, Fields):
        data = _encode_fields(value)
    elif isinstance(value, bytes):
        data = value
    else:
        try:
            data = _NUMBER.pack(value)
        except struct.error:
            raise ValueError(f"{value} is not an unsigned 64-bit number") from None
    return _FIELD.pack(tag, 0, len(data)) + data


def _decode_fields(data: bytes, nested: bool = False) -> Fields:
    pairs: list[tuple[int, Value]] = []
    seen: set[int] = set()
    at = 0
    while at < len(data):
        if len(data) - at < _FIELD.size:
            raise Malformed("truncated header of a field")
        tag, _, length = _FIELD.unpack_from(data, at)
        at += _FIELD.size
        if length > len(data) - at:
            raise Malformed("truncated value of a field")
        pairs.append((tag, _decode_value(tag, data[at : at + length], nested)))
        at += length
        if tag in seen and tag in _ONCE:
            raise Malformed(f"duplicate field {Tag(tag).name.lower()}")
        seen.add(tag)
    return Fields(pairs)


def _decode_value(tag: int, data: bytes, nested: bool) -> Value:
    if tag in _NUMBERS:
        if len(data) != _NUMBER.size:
            raise Malformed(f"a number has {len(data)} bytes instead of {_NUMBER.size}")
        number: int = _NUMBER.unpack(data)[0]
        return number
    # Fields are nested only once.
    if tag in _LISTS and not nested:
        fields = _decode_fields(data, nested=True)
        _RULES_WITHIN[Tag(tag)].check(fields)
        return fields
    return data
