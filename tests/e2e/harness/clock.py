# SPDX-License-Identifier: Apache-2.0
"""Moments within a second of the wall clock, which the stock server's timers count in."""

from __future__ import annotations

import time


def at_fraction(fraction: float) -> None:
    """Sleeps until the wall clock's second is that far gone: 0.9 is just before the next one."""
    time.sleep((fraction - time.time()) % 1.0)


def sleep_until(moment: float) -> None:
    """Sleeps until that moment of the monotonic clock."""
    time.sleep(max(0.0, moment - time.monotonic()))
