# SPDX-License-Identifier: Apache-2.0
"""The deadline of a call."""

from __future__ import annotations

import _socket
import select
import time

from scache.errors import Timeout

# Seconds between two attempts where poll(2) cannot be used.
PAUSE = 0.01


class Deadline:
    """A number of seconds from now; None means no deadline."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Returns the remaining seconds. Raises Timeout if there are none."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise Timeout(f"the server did not answer in {self._seconds} s")
        return left

    def pause(self) -> None:
        """Sleeps for a short time, at most until the deadline."""
        left = self.left()
        time.sleep(PAUSE if left is None else min(PAUSE, left))

    def wait(self, sock: _socket.socket, *, write: bool = False) -> None:
        """Waits until the socket is ready or has an error. May also return early."""
        # eventlet removes poll(), and its select() has no limit of descriptor numbers.
        if not hasattr(select, "poll"):
            return self._select(sock, write)
        number = sock.fileno()
        if number < 0:
            # This is a child of a fork during this call, which has closed its copy.
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
