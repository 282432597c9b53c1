# SPDX-License-Identifier: Apache-2.0
"""One line that shows how far a thing is: rewritten on a terminal, now and then otherwise."""

from __future__ import annotations

import sys
import time

_WIDTH = 30


class Progress:
    """Progress towards a known count; a context manager that ends the line."""

    def __init__(self, name: str, goal: int) -> None:
        self._name = name
        self._goal = goal
        self._terminal = sys.stdout.isatty()
        self._shown_at = 0.0
        self._quarter = -1

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._terminal:
            print(flush=True)

    def show(self, count: int, remark: str) -> None:
        """Tell how far it is, as often as somebody wants to read it."""
        if self._terminal:
            self._rewrite(count, remark)
        elif (quarter := count * 4 // self._goal) != self._quarter:
            self._quarter = quarter
            print(f"{self._name}: {count} of {self._goal}, {remark}", flush=True)

    def _rewrite(self, count: int, remark: str) -> None:
        now = time.monotonic()
        if count < self._goal and now - self._shown_at < 0.05:
            return
        self._shown_at = now
        bar = "#" * (count * _WIDTH // self._goal)
        line = f"{self._name:<18} [{bar:<{_WIDTH}}] {count} of {self._goal}, {remark}"
        print(f"\r{line}\x1b[K", end="", flush=True)
