# SPDX-License-Identifier: Apache-2.0
"""Ratios of two servers, slice by slice, with confidence intervals."""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Sequence

_RESAMPLES = 1_000


@dataclasses.dataclass(frozen=True)
class Ratio:
    """A median with its 95 % confidence interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The median ratio over the rounds, each of which has a slice of both servers."""
    values = [a / b for a, b in zip(ours, theirs, strict=True)]
    # A fixed seed: the same data result in the same interval.
    chance = random.Random(len(values))
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES)
    )
    edge = _RESAMPLES // 40
    return Ratio(statistics.median(values), medians[edge], medians[-1 - edge])
