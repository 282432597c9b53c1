"""The end of a call's time."""

from __future__ import annotations

import select
import socket
import time

from scache.errors import Timeout


class Deadline:
    """So many seconds from now on; None is for ever."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Seconds that are left; Timeout when there are none."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise Timeout(f"no answer in {self._seconds} s")
        return left

    def wait(self, sock: socket.socket, events: int) -> None:
        """Returns when one of the events of poll(2) is there, or an error or the end."""
        poll = select.poll()
        poll.register(sock, events)
        while not poll.poll(None if (left := self.left()) is None else left * 1000):
            pass
