# SPDX-License-Identifier: Apache-2.0
"""Threads that read what a server sends without being asked: log lines, status messages."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Collector:
    """Reads one socket until its end, so that the server never blocks in writing to it.

    A piece that begins with `mark` is no news: it shows that all before it has been read.
    """

    def __init__(self, source: socket.socket, mark: bytes | None = None) -> None:
        self._source = source
        self._mark = mark
        self._last_mark = b""
        self._news = threading.Condition()
        self._received: list[tuple[float, bytes]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                data = self._source.recv(65536)
            except OSError:
                data = b""
            if not data:
                return
            with self._news:
                if self._mark is not None and data.startswith(self._mark):
                    self._last_mark = data
                else:
                    self._received.append((time.monotonic(), data))
                self._news.notify_all()

    def received(self) -> list[tuple[float, bytes]]:
        """What came so far, each piece with its time (monotonic)."""
        with self._news:
            return list(self._received)

    def wait_for(self, pieces: int, patience: float) -> bool:
        """Whether that many pieces are there, after `patience` seconds at most."""
        with self._news:
            return self._news.wait_for(lambda: len(self._received) >= pieces, patience)

    def wait_for_mark(self, mark: bytes, patience: float) -> bool:
        """Whether all that was sent before that mark is there, after `patience` seconds at most."""
        with self._news:
            return self._news.wait_for(lambda: self._last_mark == mark, patience)

    def close(self) -> None:
        """Ends the reading; what was received stays."""
        with contextlib.suppress(OSError):
            self._source.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._source.close()
