"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# What a busy machine may need for something that takes milliseconds on an idle one.
PATIENCE = 30.0


class GaveUp(AssertionError):
    """The condition did not come true in time."""


def until(condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """The condition's first true answer; GaveUp, naming `what`, when the time is over."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= end:
            raise GaveUp(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
