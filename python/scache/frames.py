"""The frames of the direct protocol (docs/protocol.md): bytes to values and back, without I/O."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scache.errors import ProtocolError

HEADER_SIZE = 24
# The server's limit: names, properties and some bindings.
MAX_SIZE = 262_144

_HEADER = struct.Struct("<IBBHQQ")
_FIELD = struct.Struct("<HHI")
_SIZE = struct.Struct("<I")
_NUMBER = struct.Struct("<Q")
_DESCRIPTOR = 1


class Kind(enum.IntEnum):
    """What a frame asks or answers."""

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
    """What a field says."""

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
    }
)


class Malformed(ProtocolError):
    """A frame that is not of its form."""


class Fields:
    """Tags and values in the order in which they are sent; what is unknown stays as it came."""

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
        """The values of a field that may come more than once."""
        return (value for known, value in self.pairs if known == tag)

    def number(self, tag: Tag) -> int:
        """A number, 0 where it is not there."""
        value = next(self.each(tag), 0)
        assert isinstance(value, int)
        return value

    def octets(self, tag: Tag) -> bytes:
        """Bytes, none where the field is not there."""
        value = next(self.each(tag), b"")
        assert isinstance(value, bytes)
        return value

    def lists(self, tag: Tag) -> Iterator[Fields]:
        """The values of a field that holds fields."""
        for value in self.each(tag):
            assert isinstance(value, Fields)
            yield value


Value = int | bytes | Fields


@dataclass(frozen=True)
class _Rule:
    """What must be in a frame, or in a field that holds fields."""

    needs: tuple[Tag, ...] = ()
    one_of: tuple[Tag, ...] = ()
    # Whether a ttl has to be more than nothing.
    lives: bool = False
    # With a descriptor or without; None is both.
    descriptor: bool | None = False
    # Needed only with a descriptor.
    needs_with: tuple[Tag, ...] = ()

    def check(self, fields: Fields, descriptor: bool = False) -> None:
        """Malformed where it does not hold."""
        needs = self.needs + (self.needs_with if descriptor else ())
        for tag in needs:
            if tag not in fields:
                raise Malformed(f"{tag.name.lower()} is missing")
        if self.one_of and sum(tag in fields for tag in self.one_of) != 1:
            raise Malformed(f"not one of {', '.join(tag.name.lower() for tag in self.one_of)}")
        if self.lives and Tag.TTL in fields and fields.number(Tag.TTL) == 0:
            raise Malformed("a ttl of nothing")
        if self.descriptor is not None and descriptor != self.descriptor:
            raise Malformed(
                "a descriptor is missing" if self.descriptor else "a descriptor too much"
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
    """One frame. Its descriptor travels beside it; here is only whether there is one."""

    kind: int
    id: int
    fields: Fields = field(default_factory=Fields)
    descriptor: bool = False


def size(data: bytes | bytearray) -> int:
    """How many bytes the frame at the front has, 0 while that is not known."""
    if len(data) < _SIZE.size:
        return 0
    wanted: int = _SIZE.unpack_from(data)[0]
    if not HEADER_SIZE <= wanted <= MAX_SIZE:
        raise Malformed(f"a frame of {wanted} bytes")
    return wanted


def encode(frame: Frame) -> bytes:
    """The bytes of a frame, whatever their number; a ValueError for a number beyond 64 bits."""
    body = _encode_fields(frame.fields)
    flags = _DESCRIPTOR if frame.descriptor else 0
    try:
        header = _HEADER.pack(HEADER_SIZE + len(body), frame.kind, flags, 0, frame.id, 0)
    except struct.error as problem:
        raise ValueError(str(problem)) from None
    return header + body


def decode(data: bytes) -> Frame:
    """The frame that these bytes are, all of them; Malformed where they are none."""
    if not data or size(data) != len(data):
        raise Malformed("not one frame")
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
            raise ValueError(f"{value} is no number of 64 bits") from None
    return _FIELD.pack(tag, 0, len(data)) + data


def _decode_fields(data: bytes, nested: bool = False) -> Fields:
    pairs: list[tuple[int, Value]] = []
    seen: set[int] = set()
    at = 0
    while at < len(data):
        if len(data) - at < _FIELD.size:
            raise Malformed("ends within a field's header")
        tag, _, length = _FIELD.unpack_from(data, at)
        at += _FIELD.size
        if length > len(data) - at:
            raise Malformed("ends within a value")
        pairs.append((tag, _decode_value(tag, data[at : at + length], nested)))
        at += length
        if tag in seen and tag in _ONCE:
            raise Malformed(f"{Tag(tag).name.lower()} comes twice")
        seen.add(tag)
    return Fields(pairs)


def _decode_value(tag: int, data: bytes, nested: bool) -> Value:
    if tag in _NUMBERS:
        if len(data) != _NUMBER.size:
            raise Malformed(f"a number of {len(data)} bytes")
        number: int = _NUMBER.unpack(data)[0]
        return number
    # Fields in a field hold no further ones: what looks like it means nothing there.
    if tag in _LISTS and not nested:
        fields = _decode_fields(data, nested=True)
        _RULES_WITHIN[Tag(tag)].check(fields)
        return fields
    return data
