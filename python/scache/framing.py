# SPDX-License-Identifier: Apache-2.0
"""Whether the head of a reply determines the reply's end (RFC 9112, section 6).

http.client accepts invalid and ambiguous replies. After one the connection is not shared: its next
user might read the rest of this reply. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_STATUS = re.compile(rb"HTTP/1\.([01]) ([2-9]\d\d)(?: [^\r\n\0]*)?\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r?\n")
_EMPTY = (b"\r\n", b"\n")
_LENGTH = re.compile(rb"\d+")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\r\n\0]*)?\r\n")


def is_clear(head: Sequence[bytes], method: str) -> bool:
    """Whether the connection can certainly serve another request after this reply.

    `head` is the status line, the fields and the empty line of the final reply.
    """
    status = _STATUS.fullmatch(head[0]) if head else None
    if not status or head[-1] not in _EMPTY:
        return False
    fields: dict[bytes, list[bytes]] = {}
    for line in head[1:-1]:
        field = _FIELD.fullmatch(line)
        if not field:
            return False
        fields.setdefault(field[1].lower(), []).append(field[2])
    old = status[1] == b"0"
    return _stays_open(fields, old) and _length_is_clear(fields, int(status[2]), old, method)


def is_clear_chunk(line: bytes) -> bool:
    """Whether the line before a chunk is valid: a size, and optional extensions."""
    return _CHUNK.fullmatch(line) is not None


def _stays_open(fields: Mapping[bytes, list[bytes]], old: bool) -> bool:
    said = _tokens(fields, b"connection")
    return b"close" not in said and (not old or b"keep-alive" in said)


def _length_is_clear(
    fields: Mapping[bytes, list[bytes]], status: int, old: bool, method: str
) -> bool:
    lengths = fields.get(b"content-length", [])
    coding = _tokens(fields, b"transfer-encoding")
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        return False
    if b"transfer-encoding" in fields and (lengths or old or coding != [b"chunked"]):
        return False
    if status == 204:
        return not coding and all(int(length) == 0 for length in lengths)
    # Without either, the end of the connection ends the reply.
    return method == "HEAD" or status == 304 or bool(lengths or coding)


def _tokens(fields: Mapping[bytes, list[bytes]], name: bytes) -> list[bytes]:
    return [each.strip().lower() for each in b",".join(fields.get(name, [])).split(b",") if each]
