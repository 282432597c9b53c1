"""Waiting for a condition, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far beyond what any answer takes: a slow machine with a sanitized server must not fail a test.
PATIENCE = 15.0


def until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The first true value of `condition`; an AssertionError after `patience` seconds."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {patience} s in vain: {what}"
        time.sleep(0.005)
    return value
