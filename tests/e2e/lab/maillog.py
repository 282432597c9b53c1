# SPDX-License-Identifier: Apache-2.0
"""Reading the mail log of a private instance."""

from __future__ import annotations

import dataclasses
import pathlib
import re

from harness.waiting import PATIENCE, until

_HITS = re.compile(r"statistics: (domain|address) lookup hits=(\d+) miss=(\d+) success=(\d+)%$")
_PEAKS = re.compile(
    r"statistics: max simultaneous domains=(\d+) addresses=(\d+) connection=(\d+)$"
)


@dataclasses.dataclass(frozen=True)
class Statistics:
    """What the server's statistics lines say, hits and misses added up over the intervals."""

    domain_hits: int = 0
    domain_misses: int = 0
    address_hits: int = 0
    address_misses: int = 0
    domains: int = 0
    addresses: int = 0
    connections: int = 0


class MailLog:
    """A log file that grows. What was read is kept, so that looking again costs little."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._read = 0
        self._lines: list[str] = []

    def lines(self, pattern: str = "") -> list[str]:
        """The whole lines that the pattern is found in."""
        self._catch_up()
        found = re.compile(pattern)
        return [line for line in self._lines if found.search(line)]

    def _catch_up(self) -> None:
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                more = file.read()
        except FileNotFoundError:
            return
        # A line that is being written is no line yet.
        whole = more[: more.rfind(b"\n") + 1]
        self._read += len(whole)
        self._lines += whole.decode(errors="replace").splitlines()

    def wait(self, pattern: str, count: int = 1, seconds: float = PATIENCE) -> list[str]:
        """Those lines, as soon as there are at least `count` of them."""
        found: list[str] = []
        looked_at = 0
        expression = re.compile(pattern)

        def enough() -> bool:
            nonlocal looked_at
            self._catch_up()
            found.extend(line for line in self._lines[looked_at:] if expression.search(line))
            looked_at = len(self._lines)
            return len(found) >= count

        until(enough, f"{count} x '{pattern}' in the mail log", seconds)
        return found

    def statistics(self, pid: int | None = None) -> Statistics:
        """The statistics logged so far, of one server process or of all."""
        values = Statistics()
        for line in self.lines(rf"scache\[{pid or '[0-9]+'}\]: statistics: "):
            if hits := _HITS.search(line):
                hit, missed = f"{hits[1]}_hits", f"{hits[1]}_misses"
                values = dataclasses.replace(
                    values,
                    **{
                        hit: getattr(values, hit) + int(hits[2]),
                        missed: getattr(values, missed) + int(hits[3]),
                    },
                )
            elif peaks := _PEAKS.search(line):
                values = dataclasses.replace(
                    values,
                    domains=max(values.domains, int(peaks[1])),
                    addresses=max(values.addresses, int(peaks[2])),
                    connections=max(values.connections, int(peaks[3])),
                )
        return values
