# SPDX-License-Identifier: Apache-2.0
"""Attribute lists of the Postfix protocol (docs/protocol.md): bytes to values, without I/O."""

from __future__ import annotations

from scache.errors import ProtocolError

# The server's limit for a list; its replies are shorter.
MAX_SIZE = 262_144

Pair = tuple[bytes, bytes]


def encode(*pairs: Pair) -> bytes:
    """Encodes a list. Raises ValueError for a NUL byte, which a list cannot contain."""
    for text in (text for pair in pairs for text in pair):
        if b"\0" in text:
            raise ValueError("a NUL byte in a name or in properties")
    return b"".join(b"%b\0%b\0" % pair for pair in pairs) + b"\0"


def size(data: bytes | bytearray) -> int:
    """Returns the size of the list at the beginning, 0 if the list is incomplete."""
    at = 0
    while (end := data.find(b"\0", at)) != at:
        end = data.find(b"\0", end + 1) if end >= 0 else end
        if end < 0:
            if len(data) > MAX_SIZE:
                raise ProtocolError(f"the attribute list exceeds {MAX_SIZE} bytes")
            return 0
        at = end + 1
    return at + 1


def decode(data: bytes) -> list[Pair]:
    """Returns the pairs of one complete list."""
    texts = data[:-1].split(b"\0")[:-1]
    return list(zip(texts[::2], texts[1::2], strict=True))
