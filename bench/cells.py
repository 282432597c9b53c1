# SPDX-License-Identifier: Apache-2.0
"""The cells of the benchmark: a workload, a number of clients, and the contents of the cache."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools

from crowd import Task
from servers import BARE, CONTROL, OURS, S6, STOCK

WORKS = {
    "savefind": "save_endp and find_endp",
    "savefind700": "save_endp and find_endp, 700 bytes of properties, UNIX-domain sockets",
    "miss": "find_endp, not found",
    "delivery": "a delivery: find_dest, find_endp, save_dest, save_endp, find_dest",
    "savedest": "save_dest",
    "widefind": "find_dest, not found, of a destination with 1,024 bindings",
    "widesave": "save_dest, of a destination with 1,024 bindings",
    "directsavefind": "direct protocol: save and find",
    "directmiss": "direct protocol: find, not found",
    "directpipe": "direct protocol: save and find, 64 requests under way from each client",
    "directcold": "direct protocol: connect, find, not found, close",
    "libsavefind": "through libscache: save and find",
    "libmiss": "through libscache: find, not found",
    "pythonsavefind": "through the client for Python: save and find",
    "pythonmiss": "through the client for Python: find, not found",
}
_REQUESTS = {"savefind": 2, "delivery": 5, "directpipe": 128}
CLIENTS = (1, 4, 16, 64)
WIDE = 1_024
MANY = 100_000


@dataclasses.dataclass(frozen=True, order=True)
class State:
    """The contents of the cache before the measurement."""

    connections: int = 0
    bindings: int = 0
    # Bindings of one destination.
    wide: int = 0

    def __str__(self) -> str:
        return f"{self.connections}/{self.wide or self.bindings}"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One measurement. Its name is WORK/CLIENTS/CONNECTIONS/BINDINGS."""

    work: str
    clients: int
    state: State

    def __str__(self) -> str:
        return f"{self.work}/{self.clients}/{self.state}"

    @property
    def is_direct(self) -> bool:
        """Whether clients of scache use the direct protocol."""
        return self.work.startswith(("direct", "lib", "python"))

    @property
    def is_of_codec(self) -> bool:
        """Whether clients send the bytes directly, without a library."""
        return not self.work.startswith(("lib", "python"))

    @property
    def servers(self) -> list[str]:
        """The servers that support this workload in a reasonable time."""
        names = [OURS, CONTROL, BARE]
        if self.state.bindings < MANY:
            names.append(STOCK)
        if self.work.removeprefix("direct") in ("savefind", "miss", "pipe", "cold", "libsavefind",
                                                "libmiss") and not self.state.bindings:  # fmt: skip
            names.append(S6)
        return names

    def task_of(self, role: str) -> Task:
        """The workload of that server's clients in this cell, in the server's own protocol."""
        way = "codec"
        work = self.work
        for prefix, library in (("lib", "libscache"), ("python", "python")):
            if work.startswith(prefix):
                way, work = library, work.removeprefix(prefix)
        requests = _REQUESTS.get(work.removeprefix("direct").removesuffix("700"), 1)
        requests = _REQUESTS.get(work, requests)
        if way == "libscache" and role in (STOCK, S6):
            return Task("libscache-postfix" if role == STOCK else "s6", work, requests)
        if way == "codec" and role in (STOCK, S6):
            plain = work.removeprefix("direct")
            plain = "savefind" if plain == "pipe" else plain
            requests = _REQUESTS.get(plain.removesuffix("700"), 1)
            work = f"s6{plain}" if role == S6 else plain
        return Task(way, work, requests)


_EXTRA = [
    *(Cell(work, clients, State(bindings=MANY))
      for work in ("savedest", "delivery", "miss") for clients in (1, 16)),
    *(Cell(work, clients, State(wide=WIDE))
      for work in ("widefind", "widesave") for clients in (1, 16)),
    # 19,000 connections leave no room for those that four clients save at the same time.
    *(Cell("directpipe", clients, State(connections))
      for connections, clients in ((0, 1), (0, 4), (19_000, 1))),
    *(Cell("directcold", clients, State()) for clients in (1, 16)),
]  # fmt: skip


def _works_of(state: State) -> list[str]:
    """The workloads that depend on such a state."""
    works = ["savefind", "miss", "delivery", "savedest"]
    if not state.connections and state.bindings:
        works.remove("savefind")
    if state.connections and not state.bindings:
        works.remove("savedest")
    if state in (State(), State(19_000)):
        works += ["savefind700", "directsavefind", "directmiss", "libsavefind", "libmiss"]
    if state == State():
        works += ["pythonsavefind", "pythonmiss"]
    return works


def full() -> list[Cell]:
    """The cells of ./dev bench."""
    states = [State(), State(connections=19_000), State(bindings=50_000), State(19_000, 50_000)]
    cells = [Cell(w, c, state) for state in states for w in _works_of(state) for c in CLIENTS]
    return cells + _EXTRA


def quick() -> list[Cell]:
    """The cells of ./dev bench --quick."""
    works = ("savefind", "miss", "directsavefind", "directmiss", "libsavefind")
    return [Cell(w, c, State()) for w in works for c in CLIENTS]


def matching(patterns: list[str]) -> list[Cell]:
    """The cells that match a name; `*` matches anything."""
    grid = [
        Cell(work, clients, State(connections, bindings))
        for work, clients, connections, bindings in itertools.product(
            [work for work in WORKS if not work.startswith("wide")],
            CLIENTS,
            (0, 1_000, 10_000, 19_000),
            (0, 10_000, 50_000),
        )
    ]
    every = dict.fromkeys(grid + _EXTRA)
    found = [c for c in every if any(fnmatch.fnmatch(str(c), p) for p in patterns)]
    if not found:
        raise SystemExit(f"no cell is named {' or '.join(patterns)}")
    return found
