"""Steps that no exception can come between.

A signal handler may raise between any two bytecodes: what a call has returned is lost if that is
before it is stored. A lost object closes what it owns; the number of a descriptor does not. So
steps that move a number, or hold a lock, are functions of C that a function of C calls in turn.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable


def run(steps: Iterable[object]) -> None:
    """Takes all items of an iterator of C, which does the work."""
    collections.deque(steps, 0)
