# SPDX-License-Identifier: Apache-2.0
"""A process that holds other people's descriptors."""

from __future__ import annotations

from harness import census
from harness.client import Client
from harness.waiting import until


class Holder:
    """Counts what a process has open beyond what it has when it is idle."""

    pid: int
    # What it has then.
    baseline: int

    def client(self) -> Client:
        """A client that has been greeted."""
        raise NotImplementedError

    def leave(self, *clients: Client) -> None:
        """Closes the clients."""
        raise NotImplementedError

    def warm_up(self) -> None:
        """Serves a first client, and counts what the server has open without it."""
        first = self.client()
        # A sanitizer opens a pipe for a moment: only a process that waits can be counted.
        until(lambda: census.sleeps(self.pid), "the server waits for its client")
        self.baseline = len(self.descriptors()) - 1
        self.leave(first)
        self.descriptors_become(self.baseline)

    def descriptors(self) -> dict[int, str]:
        """Its open descriptors."""
        return census.descriptors(self.pid)

    def holds(self) -> int:
        """How many descriptors it has beyond those of an idle server."""
        return len(self.descriptors()) - self.baseline

    def descriptors_become(self, count: int) -> None:
        """Waits until it has exactly that many open descriptors."""
        until(
            lambda: len(self.descriptors()) == count,
            lambda: f"{count} descriptors; there are {self.descriptors()}",
        )

    def comes_to_hold_at_most(self, count: int) -> None:
        """The same for a count that was read while the server may have been closing some."""
        until(
            lambda: self.holds() <= count,
            lambda: f"at most {count} descriptors beyond {self.baseline}: {self.descriptors()}",
        )

    def comes_to_hold(self, count: int) -> None:
        """Waits until it has exactly that many descriptors beyond those of an idle server."""
        self.descriptors_become(self.baseline + count)
