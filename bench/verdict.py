"""What is to be reached, and whether a cell reaches it."""

from __future__ import annotations

import dataclasses
import statistics

from cells import State
from measure import Result
from ratios import Ratio, ratio
from servers import BARE, CONTROL, OURS, S6, STOCK

BELOW = "below"
NEAR = "near"
REACHED = "reached"


@dataclasses.dataclass(frozen=True)
class Check:
    """A ratio and its bar, which is a lower bound or an upper one."""

    name: str
    ratio: Ratio
    bar: float
    lower: bool
    # What bare reaches against the same other server: the most that can be reached.
    most: Ratio | None = None

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
        bare = f" (bare itself {self.most})" if self.most else ""
        return f"{self.name} {self.ratio}, to be {sign} {self.bar:g}{bare}"


def compared(result: Result, what: str, other: str, this: str = OURS) -> Ratio:
    """The ratio of a slice's figure between two servers."""
    mine = [getattr(part, what) for part in result.slices[this]]
    return ratio(mine, [getattr(part, what) for part in result.slices[other]])


def checks(result: Result) -> list[Check]:
    """All that is to be reached in this cell."""
    return _of_direct(result) if result.cell.is_direct else _of_postfix(result)


def _of_postfix(result: Result) -> list[Check]:
    cell = result.cell
    found = [
        Check("throughput to bare", compared(result, "throughput", BARE), 0.9, True),
        Check("CPU to bare", compared(result, "cpu_of_request", BARE), 1.15, False),
    ]
    if STOCK in result.slices:
        throughput = compared(result, "throughput", STOCK)
        found.append(Check("throughput to stock", throughput, 1, True))
        found.append(Check("CPU to stock", compared(result, "cpu_of_request", STOCK), 1, False))
        if cell.work == "savefind" and cell.state == State(19_000):
            most = compared(result, "throughput", STOCK, BARE)
            found.append(Check("throughput to stock, full", throughput, 6, True, most))
        if cell.work == "savedest" and cell.clients == 1 and cell.state == State(bindings=50_000):
            latency = compared(result, "p50", STOCK)
            most = compared(result, "p50", STOCK, BARE)
            found.append(Check("median latency to stock", latency, 0.02, False, most))
    return found


def _of_direct(result: Result) -> list[Check]:
    cell = result.cell
    if cell.work not in ("directsavefind", "directmiss"):
        return []
    bars = {BARE: 0.9, STOCK: 1.0, S6: 1.0}
    if cell.work == "directsavefind":
        full = 9.0 if cell.clients == 1 else 15.0
        bars[STOCK] = {State(): 2.0, State(19_000): full}.get(cell.state, 1.0)

    def check(name: str, bar: float) -> Check:
        most = compared(result, "throughput", name, BARE) if name != BARE else None
        return Check(f"throughput to {name}", compared(result, "throughput", name), bar, True, most)

    return [check(name, bar) for name, bar in bars.items() if name in result.slices]


def below(result: Result) -> list[Check]:
    """Those that this run has not reached, noise aside."""
    return [check for check in checks(result) if check.verdict == BELOW]


def noise(results: list[Result]) -> dict[str, float]:
    """What comes of comparing our server with itself, over all cells."""
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
