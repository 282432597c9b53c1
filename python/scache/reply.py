# SPDX-License-Identifier: Apache-2.0
"""The reply of scache.http, which knows whether it was read to its end without ambiguity."""

from __future__ import annotations

import http.client
import io
import os
from collections.abc import Callable
from typing import Any

from scache import framing
from scache.process import is_ours

# The most interim replies before the final one (RFC 9110, 15.2).
MOST_INTERIM = 10_000
_LONGEST_LINE = 65_536

Done = Callable[[io.BufferedIOBase | None], None]


class _Head:
    """A reader that keeps the lines that it returns."""

    def __init__(self, reader: io.BufferedIOBase) -> None:
        self.reader = reader
        self.lines: list[bytes] = []

    def readline(self, limit: int = -1) -> bytes:
        self.lines.append(self.reader.readline(limit))
        return self.lines[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


class HTTPResponse(http.client.HTTPResponse):
    """Reports once that it no longer needs its connection, and whether it was read to its end.

    Interim replies are skipped. A reply whose end is not certain closes its connection.
    """

    _done: Done | None = None
    _head: _Head | None = None
    _trailer_read = False
    # Whether a call is in progress; stays true after a call that failed or was interrupted.
    _is_reading = False
    _is_unclear = False

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._process = os.getpid()

    def when_done(self, done: Done) -> None:
        """Sets a function that gets the reader, or None if the body was not read to its end."""
        self._done = done
        if self.isclosed():
            self._tell(None)

    # The head.

    def begin(self) -> None:
        """As in the base class."""
        if self.headers is not None:
            return
        head = self._head = _Head(self.fp)
        self.fp = head  # type: ignore[assignment]
        super().begin()
        if self.fp is head:
            self.fp = head.reader  # type: ignore[assignment]
        if self.status == http.client.SWITCHING_PROTOCOLS:
            return
        if not framing.is_clear(head.lines, self._method):  # type: ignore[attr-defined]
            self.will_close = True

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MOST_INTERIM + 1):
            if self._head:
                self._head.lines.clear()
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"more than {MOST_INTERIM} interim replies")

    # The body.

    def read(self, amt: int | None = None) -> bytes:
        """As in the base class."""
        data: bytes = self._read_by(super().read, amt)
        return data

    def readinto(self, b: Any) -> int:
        """As in the base class."""
        count: int = self._read_by(super().readinto, b)
        return count

    def read1(self, n: int = -1) -> bytes:
        """As in the base class."""
        data: bytes = self._read_by(super().read1, n)
        return data

    def peek(self, n: int = -1) -> bytes:
        """As in the base class."""
        data: bytes = self._read_by(super().peek, n)
        return data

    def readline(self, limit: int = -1) -> bytes:  # type: ignore[override]
        """As in the base class."""
        if self.chunked:
            # It calls peek() and read().
            return super().readline(limit)
        data: bytes = self._read_by(super().readline, limit)
        return data

    def _read_by(self, read: Callable[..., Any], *arguments: Any) -> Any:
        if not is_ours(self._process):
            # The reply belongs to the process that sent the request.
            self.close()
            raise http.client.IncompleteRead(b"")
        if self._is_reading:
            self._is_unclear = True
        self._is_reading = True
        result = read(*arguments)
        self._is_reading = False
        return result

    def _safe_read(self, amt: int) -> bytes:
        data: bytes = super()._safe_read(amt)  # type: ignore[misc]
        # The base class does not check the line end after a chunk.
        if self.chunked and self.chunk_left == 0 and data != b"\r\n":
            self._is_unclear = True
        return data

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise http.client.LineTooLong("chunk size")
        if not framing.is_clear_chunk(line):
            self._is_unclear = True
        try:
            size = int(line.partition(b";")[0], 16)
            if size >= 0:
                return size
            raise ValueError("negative chunk size")
        except ValueError:
            self._close_conn()
            raise

    def _read_and_discard_trailer(self) -> None:
        super()._read_and_discard_trailer()  # type: ignore[misc]
        self._trailer_read = True

    # The end.

    def _close_conn(self) -> None:
        whole = (self.length == 0 or self._trailer_read) and not self._is_unclear
        try:
            self._tell(self.fp if whole else None)
        finally:
            # Closing the connection closes its reply.
            if self.fp:
                super()._close_conn()  # type: ignore[misc]

    def _tell(self, reader: io.BufferedIOBase | None) -> None:
        done, self._done = self._done, None
        if done:
            done(reader)
