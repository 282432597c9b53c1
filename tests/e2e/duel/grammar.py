# SPDX-License-Identifier: Apache-2.0
"""What a server makes of bytes: how many lists, and whether the last one is whole."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Shape:
    """How a server reads some bytes that come at the front of a request."""

    # Lists that begin with `request`, and those of them whose end is there.
    requests: int
    ended: int
    # List ends where a request should begin.
    empty: int
    # Nothing is left over, so that the server does not wait for more.
    whole: bool

    @property
    def is_request(self) -> bool:
        """Whether it is one request with nothing behind it, whatever stands before."""
        return self.whole and self.ended == 1 and self.empty == 0

    @property
    def is_no_request(self) -> bool:
        """Whether it is one list, and none that names a request."""
        return self.whole and self.requests == 0 and self.empty == 1

    @property
    def is_open(self) -> bool:
        """Whether it breaks off within the first list."""
        return not self.whole and self.ended == 0 and self.empty == 0


def shape_of(data: bytes) -> Shape:
    """Reads as the protocol says: names and values by turns; before a request, strays."""
    requests = ended = empty = 0
    want, stray = "request", False
    strings = data.split(b"\0")
    for text in strings[:-1]:
        if want == "request":
            if text == b"request":
                requests, want, stray = requests + 1, "value", False
            elif text:
                stray = True
            else:
                empty, stray = empty + 1, False
        elif want == "value":
            want = "name"
        elif text:
            want = "value"
        else:
            ended, want = ended + 1, "request"
    whole = not strings[-1] and want == "request" and not stray
    return Shape(requests, ended, empty, whole)


_ATTRIBUTES = {b"save_endp": 3, b"find_endp": 1, b"save_dest": 4, b"find_dest": 1}


def _request(data: bytes) -> list[bytes]:
    """The strings after the first `request`."""
    strings = data.split(b"\0")
    return strings[strings.index(b"request") + 1 :] if b"request" in strings else []


def has_surplus(data: bytes) -> bool:
    """Whether a request goes on behind its last attribute: then the stock server serves it."""
    strings = _request(data)
    return len(strings) > 2 + 2 * _ATTRIBUTES.get(strings[0] if strings else b"", len(strings))


def label_of_save(data: bytes) -> bytes:
    """The endpoint of a save_endp that was taken."""
    return _request(data)[4]
