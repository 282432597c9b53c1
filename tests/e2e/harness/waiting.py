"""Waiting for a condition, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far beyond what any answer takes: a slow machine with a sanitized server must not fail a test.
PATIENCE = 15.0


def until(
    condition: Callable[[], T], what: str | Callable[[], str], patience: float = PATIENCE
) -> T:
    """The first true value of `condition`; an AssertionError after `patience` seconds."""
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {patience} s in vain: {text}")
        time.sleep(0.005)
    return value
