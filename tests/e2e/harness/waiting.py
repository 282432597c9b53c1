# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds, far beyond what any answer takes: a slow machine with a sanitized server must not fail a
# test.
PATIENCE = 30.0


class GaveUp(AssertionError):
    """The condition did not come true in time."""


def until(
    condition: Callable[[], T], what: str | Callable[[], str], patience: float = PATIENCE
) -> T:
    """The first true value of `condition`; GaveUp, naming `what`, after `patience` seconds."""
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            text = what if isinstance(what, str) else what()
            raise GaveUp(f"waited {patience:g} s in vain for {text}")
        time.sleep(0.005)
    return value
