# SPDX-License-Identifier: Apache-2.0
"""The performance requirements, and whether a cell meets them."""

from __future__ import annotations

import dataclasses
import statistics

from measure import Result
from ratios import Ratio, ratio
from servers import BARE, CONTROL, OURS, S6, STOCK

# Reported without a requirement: pipelining, and a connection for each request.
_WITHOUT_BARS = ("directpipe", "directcold")

BELOW = "below"
NEAR = "near"
REACHED = "reached"


@dataclasses.dataclass(frozen=True)
class Check:
    """A ratio and its bar, which is a lower or an upper bound."""

    name: str
    ratio: Ratio
    bar: float
    lower: bool

    @property
    def verdict(self) -> str:
        """BELOW when the whole interval is on the wrong side, NEAR when its middle is."""
        if self.lower:
            if self.ratio.high < self.bar:
                return BELOW
            return REACHED if self.ratio.median >= self.bar else NEAR
        if self.ratio.low > self.bar:
            return BELOW
        return REACHED if self.ratio.median <= self.bar else NEAR

    def __str__(self) -> str:
        sign = "≥" if self.lower else "≤"
        return f"{self.name} {self.ratio}, to be {sign} {self.bar:g}"


def compared(result: Result, what: str, other: str, this: str = OURS) -> Ratio:
    """The ratio of a slice's figure between two servers."""
    mine = [getattr(part, what) for part in result.slices[this]]
    return ratio(mine, [getattr(part, what) for part in result.slices[other]])


def checks(result: Result) -> list[Check]:
    """The requirements of this cell."""
    cell = result.cell
    if cell.work in _WITHOUT_BARS:
        return []
    bars = []
    if cell.is_of_codec:
        bars += [("throughput", BARE, 0.92, True), ("cpu_of_request", BARE, 1.12, False)]
    bars.append(("throughput", STOCK, 1.0, True))
    if cell.is_of_codec:
        bars.append(("cpu_of_request", STOCK, 1.0, False))
    if cell.work.startswith("lib"):
        bars.append(("throughput", S6, 1.0, True))
    words = {"throughput": "throughput", "cpu_of_request": "CPU"}
    return [
        Check(f"{words[what]} to {other}", compared(result, what, other), bar, lower)
        for what, other, bar, lower in bars
        if other in result.slices
    ]


def below(result: Result) -> list[Check]:
    """The requirements that this run has missed, apart from noise."""
    return [check for check in checks(result) if check.verdict == BELOW]


def noise(results: list[Result]) -> dict[str, float]:
    """The comparison of scache with itself, over all cells."""
    found = {}
    for what in ("throughput", "cpu_of_request"):
        ratios = [compared(r, what, OURS, CONTROL) for r in results if CONTROL in r.slices]
        if not ratios:
            continue
        found[f"{what}: median distance from 1"] = statistics.median(
            abs(each.median - 1) for each in ratios
        )
        found[f"{what}: largest distance from 1"] = max(abs(each.median - 1) for each in ratios)
        found[f"{what}: cells whose interval leaves out 1"] = sum(
            not each.low <= 1 <= each.high for each in ratios
        )
    return found
