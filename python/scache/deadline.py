"""The end of a call's time."""

from __future__ import annotations

import _socket
import select
import time

from scache.errors import Timeout

# Seconds between two tries where a descriptor cannot be waited for.
PAUSE = 0.01


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

    def pause(self) -> None:
        """A short sleep, not beyond the end."""
        left = self.left()
        time.sleep(PAUSE if left is None else min(PAUSE, left))

    def wait(self, sock: _socket.socket, *, write: bool = False) -> None:
        """Returns when the socket can be read, or written, or has an error; or for no reason."""
        # eventlet takes poll() away, and replaces select() by one that has no highest number.
        if not hasattr(select, "poll"):
            return self._select(sock, write)
        number = sock.fileno()
        if number < 0:
            # A fork within this call has closed the child's copy.
            return
        poll = select.poll()
        poll.register(number, select.POLLOUT if write else select.POLLIN)
        while not poll.poll(None if (left := self.left()) is None else left * 1000):
            pass

    def _select(self, sock: _socket.socket, write: bool) -> None:
        socks = [sock]
        try:
            select.select([] if write else socks, socks if write else [], socks, self.left())
        except ValueError:
            self.pause()
