"""What is measured: cells, each of a work, a number of clients and what the cache holds."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools

from servers import BARE, CONTROL, OURS, S6, SCACHED, SCACHED_CONTROL, STOCK

WORKS = {
    "savefind": "save_endp and find_endp",
    "savefind700": "save_endp and find_endp, 700 bytes of properties, UNIX-domain sockets",
    "miss": "find_endp, not found",
    "delivery": "a delivery: find_dest, find_endp, save_dest, save_endp, find_dest",
    "savedest": "save_dest",
    "widefind": "find_dest, not found, of a destination with 1,024 bindings",
    "widesave": "save_dest, of a destination with 1,024 bindings",
    "directsavefind": "direct: save and find",
    "directmiss": "direct: find, not found",
    "directpipe": "direct: save and find, 64 requests under way from each client",
    "directcold": "direct: connect, find, not found, close",
}
# What those do that do not talk as the work is written for: the same in their own way, or what is
# nearest to it.
_OWN_WAYS = {
    "savefind": {S6: "s6savefind"},
    "directsavefind": {STOCK: "savefind", S6: "s6savefind"},
    "directmiss": {STOCK: "miss", S6: "s6miss"},
    "directpipe": {STOCK: "savefind", S6: "s6savefind"},
    "directcold": {STOCK: "cold", S6: "s6cold"},
}
CLIENTS = (1, 4, 16, 64)
WIDE = 1_024
MANY = 100_000


@dataclasses.dataclass(frozen=True, order=True)
class State:
    """What the cache holds before the measurement."""

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
        """Whether our server talks in the direct protocol."""
        return self.work.startswith("direct")

    @property
    def servers(self) -> list[str]:
        """Those that can do this work, in a time that one can wait for."""
        names = [SCACHED, SCACHED_CONTROL, BARE] if self.is_direct else [OURS, CONTROL, BARE]
        if self.state.bindings < MANY:
            names.append(STOCK)
        if S6 in _OWN_WAYS.get(self.work, {}) and not self.state.bindings:
            names.append(S6)
        return names

    def work_of(self, server: str) -> str:
        """What that server does in this cell."""
        return _OWN_WAYS.get(self.work, {}).get(server, self.work)


_EXTRA = [
    *(Cell(work, clients, State(bindings=MANY))
      for work in ("savedest", "delivery", "miss") for clients in (1, 16)),
    *(Cell(work, clients, State(wide=WIDE))
      for work in ("widefind", "widesave") for clients in (1, 16)),
    # With 19,000 connections there is no room for those that four clients have under way.
    *(Cell("directpipe", clients, State(connections))
      for connections, clients in ((0, 1), (0, 4), (19_000, 1))),
    *(Cell("directcold", clients, State()) for clients in (1, 16)),
]  # fmt: skip


def _works_of(state: State) -> list[str]:
    """The works that such a state can make a difference to."""
    works = ["savefind", "miss", "delivery", "savedest"]
    if not state.connections and state.bindings:
        works.remove("savefind")
    if state.connections and not state.bindings:
        works.remove("savedest")
    if state in (State(), State(19_000)):
        works += ["savefind700", "directsavefind", "directmiss"]
    return works


def full() -> list[Cell]:
    """What ./dev bench measures."""
    states = [
        *(State(connections=count) for count in (0, 1_000, 10_000, 19_000)),
        *(State(bindings=count) for count in (10_000, 50_000)),
        State(19_000, 50_000),
    ]
    cells = [Cell(w, c, state) for state in states for w in _works_of(state) for c in CLIENTS]
    return cells + _EXTRA


def quick() -> list[Cell]:
    """The corners of it."""
    states = [State(), State(19_000), State(bindings=50_000)]
    return [Cell(w, c, state) for state in states for w in _works_of(state) for c in (1, 16)]


def matching(patterns: list[str]) -> list[Cell]:
    """Any cells, by name; `*` stands for anything."""
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
