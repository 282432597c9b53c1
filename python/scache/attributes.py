"""Attribute lists, as Postfix's way has them (docs/protocol.md): bytes to values, without I/O."""

from __future__ import annotations

from scache.errors import ProtocolError

# The server's limit of a list; its replies are shorter.
MAX_SIZE = 262_144

Pair = tuple[bytes, bytes]


def encode(*pairs: Pair) -> bytes:
    """A whole list; a ValueError for a NUL, which nothing in a list can hold."""
    for text in (text for pair in pairs for text in pair):
        if b"\0" in text:
            raise ValueError("a NUL byte")
    return b"".join(b"%b\0%b\0" % pair for pair in pairs) + b"\0"


def size(data: bytes | bytearray) -> int:
    """How many bytes the list at the front has, 0 while it is not whole."""
    at = 0
    while (end := data.find(b"\0", at)) != at:
        end = data.find(b"\0", end + 1) if end >= 0 else end
        if end < 0:
            if len(data) > MAX_SIZE:
                raise ProtocolError("an attribute list without an end")
            return 0
        at = end + 1
    return at + 1


def decode(data: bytes) -> list[Pair]:
    """The pairs of one whole list."""
    texts = data[:-1].split(b"\0")[:-1]
    return list(zip(texts[::2], texts[1::2], strict=True))
