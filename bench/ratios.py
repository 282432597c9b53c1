"""Ratios of two servers, slice by slice, and how far they can be trusted."""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Sequence

_RESAMPLES = 1_000


@dataclasses.dataclass(frozen=True)
class Ratio:
    """A median with the interval that holds it with 95 % confidence."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Ours to theirs: the median over the rounds, in each of which both had their turn."""
    values = [a / b for a, b in zip(ours, theirs, strict=True)]
    # The same data give the same interval.
    chance = random.Random(len(values))
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES)
    )
    edge = _RESAMPLES // 40
    return Ratio(statistics.median(values), medians[edge], medians[-1 - edge])
