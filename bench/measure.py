# SPDX-License-Identifier: Apache-2.0
"""Runs cells: several servers in short slices, in random order."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from cells import Cell, State
from crowd import Crowd
from driver import Driver, Slice
from ratios import ratio
from servers import BARE, CONTROL, OURS, S6, STOCK, Programs, Server

Say = Callable[[str], None]

# In the stock server each further binding takes longer.
_MEMORY = {"connections": 19_000, "connections700": 19_000, "bindings": 20_000}


@dataclasses.dataclass(frozen=True)
class Machine:
    """The programs, the processors, and the durations in milliseconds."""

    programs: Programs
    # The folder of bench_load and bench_client.
    tools: pathlib.Path
    server_processor: int
    load_processor: int
    rounds: int
    warm: int
    measured: int
    # Whether the kernel chooses the processors of servers and clients.
    together: bool = False
    saturated: bool = True
    without: frozenset[str] = frozenset()

    @property
    def both(self) -> frozenset[int]:
        """Both processors, among which the kernel chooses."""
        return frozenset((self.server_processor, self.load_processor))


@dataclasses.dataclass
class Result:
    """A cell's slices by the servers' roles, those of one round at the same place for each.

    `saturated`: with one process that plays all clients and never sleeps.
    """

    cell: Cell
    slices: dict[str, list[Slice]]
    saturated: dict[str, list[Slice]] = dataclasses.field(default_factory=dict)

    def short(self) -> str:
        """A line of progress: requests a second of scache, compared with the others."""
        mine = [each.throughput for each in self.slices[OURS]]
        told = [f"{self.cell}: {statistics.median(mine):,.0f}/s"]
        for role, slices in self.slices.items():
            if role != OURS:
                told.append(f"{role} {ratio(mine, [each.throughput for each in slices])}")
        return ", ".join(told)


@dataclasses.dataclass(frozen=True)
class Growth:
    """The memory of a server for each entry of a kind, in bytes."""

    server: str
    entries: str
    count: int
    each: float


@contextlib.contextmanager
def _started(
    machine: Machine, wanted: Sequence[tuple[str, bool]]
) -> Iterator[tuple[Driver, dict[tuple[str, bool], Server]]]:
    """Servers by role, and whether scache uses the direct protocol."""
    servers: dict[tuple[str, bool], Server] = {}
    driver = Driver(machine.tools / "bench_load", machine.load_processor)
    try:
        for role, direct in wanted:
            server = Server(role, machine.programs, {machine.server_processor}, direct=direct)
            servers[role, direct] = server
            driver.add(server)
        yield driver, servers
        for server in servers.values():
            if complaints := server.complaints():
                raise RuntimeError(f"{server.key} complains: {complaints}")
    except RuntimeError as problem:
        told = "".join(f"\n{each.key}: {each.complaints()}" for each in servers.values())
        raise RuntimeError(f"{problem}{told}") from problem
    finally:
        driver.close()
        for server in servers.values():
            server.kill()


def _fill(driver: Driver, server: Server, state: State) -> None:
    before = server.descriptors()
    driver.fill(server, "s6connections" if server.role == S6 else "connections", state.connections)
    if server.role != S6:
        driver.fill(server, "bindings", state.bindings)
        driver.fill(server, "widebindings", state.wide)
    held = server.descriptors() - before
    if held < state.connections:
        raise RuntimeError(f"{server.key} holds {held} connections, not {state.connections}")


def run(machine: Machine, cells: Sequence[Cell], chance: random.Random, say: Say) -> list[Result]:
    """Measures the cells; those of one state share their servers."""
    results = []
    for state in dict.fromkeys(cell.state for cell in cells):
        of_state = [cell for cell in cells if cell.state == state]
        wanted = dict.fromkeys(
            _server_of(role, cell) for cell in of_state for role in _taking_part(machine, cell)
        )
        say(f"{state.connections} connections, {state.wide or state.bindings} bindings")
        with _started(machine, list(wanted)) as (driver, servers):
            for server in servers.values():
                _fill(driver, server, state)
            for cell in of_state:
                of_cell = [servers[_server_of(role, cell)] for role in _taking_part(machine, cell)]
                results.append(_measure(machine, driver, of_cell, cell, chance))
                say(f"  {results[-1].short()}")
    return results


def _taking_part(machine: Machine, cell: Cell) -> list[str]:
    return [
        role for role in [*cell.servers, *machine.programs.variants] if role not in machine.without
    ]


def _server_of(role: str, cell: Cell) -> tuple[str, bool]:
    return role, cell.is_direct and role not in (STOCK, BARE, S6)


def _measure(
    machine: Machine, driver: Driver, servers: list[Server], cell: Cell, chance: random.Random
) -> Result:
    result = Result(cell, {server.role: [] for server in servers})
    saturated = [s for s in servers if machine.saturated and cell.is_of_codec]
    saturated = [s for s in saturated if s.role not in (CONTROL, STOCK, S6)]
    result.saturated.update({server.role: [] for server in saturated})
    with contextlib.ExitStack() as crowds:
        of = {server: crowds.enter_context(_crowd(machine, server, cell)) for server in servers}
        for server in servers if machine.together else ():
            os.sched_setaffinity(server.pid, machine.both)
        for _ in range(machine.rounds):
            for server in chance.sample(servers, len(servers)):
                part = of[server].slice(machine.warm, machine.measured)
                result.slices[server.role].append(part)
    for server in saturated:
        os.sched_setaffinity(server.pid, {machine.server_processor})
    for _ in range(machine.rounds if saturated else 0):
        for server in chance.sample(saturated, len(saturated)):
            task = cell.task_of(server.role)
            bindings = cell.state.bindings
            result.saturated[server.role].append(
                driver.slice(server, task.work, cell.clients, bindings, 10, machine.measured // 2)
            )
    return result


@contextlib.contextmanager
def _crowd(machine: Machine, server: Server, cell: Cell) -> Iterator[Crowd]:
    processors = machine.both if machine.together else {machine.load_processor}
    crowd = Crowd(
        machine.tools / "bench_client", processors, server, cell.task_of(server.role),
        cell.clients, cell.state.bindings,
    )  # fmt: skip
    try:
        yield crowd
    finally:
        crowd.close()


def memory(machine: Machine, roles: Sequence[str], say: Say) -> list[Growth]:
    """Measures the memory of entries, each kind in new servers."""
    say("memory")
    growths = []
    for entries, count in _MEMORY.items():
        for role in roles:
            with _started(machine, [(role, False)]) as (driver, servers):
                (server,) = servers.values()
                # The memory of the first clients must not count for the entries.
                driver.slice(server, "delivery", 8, 0, machine.warm, machine.measured)
                before = server.private_memory()
                driver.fill(server, entries, count)
                each = (server.private_memory() - before) / count
                growths.append(Growth(role, entries, count, each))
        say(f"  {entries}")
    return growths
