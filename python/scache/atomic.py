# SPDX-License-Identifier: Apache-2.0
"""Steps that a signal handler cannot interrupt.

A signal handler may raise an exception between any two bytecodes, after a call has returned and
before its result is stored. A lost object closes its descriptor; a lost descriptor number leaks. So
steps that move a number, or hold a lock, are C functions that are called by a C function.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable


def run(steps: Iterable[object]) -> None:
    """Exhausts an iterator that is implemented in C, and so executes its steps."""
    collections.deque(steps, 0)
