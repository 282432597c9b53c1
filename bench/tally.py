# SPDX-License-Identifier: Apache-2.0
"""The counters of client processes in shared memory; bench/tally.hpp has the layout."""

from __future__ import annotations

import mmap
import os

_HEADER = 64
_TALLY = 65_536
_TIMES = 16_380


class Tallies:
    """The shared memory of a number of clients."""

    def __init__(self, descriptor: int, clients: int) -> None:
        size = _HEADER + clients * _TALLY
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        memory = memoryview(mmap.mmap(descriptor, size))
        self._clients = range(clients)
        self._running = memory[:8].cast("Q")
        tallies = [memory[_HEADER + i * _TALLY :][:_TALLY] for i in self._clients]
        self._counts = [tally[:16].cast("Q") for tally in tallies]
        self._times = [tally[16:].cast("I") for tally in tallies]

    @property
    def running(self) -> int:
        """Whether clients continue."""
        return self._running[0]

    @running.setter
    def running(self, goes_on: int) -> None:
        self._running[0] = goes_on

    def operations(self) -> list[int]:
        """The operations of each client since its start."""
        return [count[0] for count in self._counts]

    def stops(self) -> int:
        """How often clients have stopped, in total."""
        return sum(count[1] for count in self._counts)

    def add(self, client: int, nanoseconds: int) -> None:
        """Counts an operation of a client."""
        count = self._counts[client]
        self._times[client][count[0] % _TIMES] = nanoseconds
        count[0] += 1

    def stopped(self, client: int) -> None:
        """Reports that the client has stopped."""
        self._counts[client][1] += 1

    def times(self, first: list[int], last: list[int]) -> list[int]:
        """The sorted durations of the operations between, in nanoseconds; the last ones if many."""
        found: list[int] = []
        for times, begin, end in zip(self._times, first, last, strict=True):
            found += [times[i % _TIMES] for i in range(max(begin, end - _TIMES // 2), end)]
        return sorted(found)
