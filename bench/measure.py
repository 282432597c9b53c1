"""Runs cells: servers side by side, in short slices and ever another order."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import random
from collections.abc import Callable, Iterator, Sequence

from cells import Cell, State
from driver import Driver, Slice
from servers import S6, Programs, Server, role_of

Say = Callable[[str], None]

# The stock server takes ever longer for each further binding.
_MEMORY = {"connections": 19_000, "connections700": 19_000, "bindings": 20_000}


@dataclasses.dataclass(frozen=True)
class Machine:
    """What runs where, and for how long, in milliseconds."""

    programs: Programs
    load: pathlib.Path
    server_processor: int
    load_processor: int
    rounds: int
    warm: int
    measured: int
    without: frozenset[str] = frozenset()


@dataclasses.dataclass
class Result:
    """A cell's slices by the servers' roles, those of one round at the same place for each."""

    cell: Cell
    slices: dict[str, list[Slice]]


@dataclasses.dataclass(frozen=True)
class Growth:
    """The memory that a server needs for each entry of a kind, in bytes."""

    server: str
    entries: str
    count: int
    each: float


@contextlib.contextmanager
def _started(machine: Machine, names: Sequence[str]) -> Iterator[tuple[Driver, list[Server]]]:
    servers: list[Server] = []
    driver = Driver(machine.load, machine.load_processor)
    try:
        for name in names:
            servers.append(Server(name, machine.programs, machine.server_processor))
            driver.add(servers[-1])
        yield driver, servers
        while servers:
            servers[-1].stop()
            servers.pop()
    except RuntimeError as problem:
        told = "".join(f"\n{server.name}: {server.complaints()}" for server in servers)
        raise RuntimeError(f"{problem}{told}") from problem
    finally:
        driver.close()
        for server in servers:
            server.kill()


def _fill(driver: Driver, server: Server, state: State) -> None:
    before = server.descriptors()
    driver.fill(server, "s6connections" if server.name == S6 else "connections", state.connections)
    if server.name != S6:
        driver.fill(server, "bindings", state.bindings)
        driver.fill(server, "widebindings", state.wide)
    held = server.descriptors() - before
    if held < state.connections:
        raise RuntimeError(f"{server.name} holds {held} connections, not {state.connections}")


def run(machine: Machine, cells: Sequence[Cell], chance: random.Random, say: Say) -> list[Result]:
    """Measures the cells; those of one state share their servers."""
    results = []
    for state in dict.fromkeys(cell.state for cell in cells):
        of_state = [cell for cell in cells if cell.state == state]
        names = list(dict.fromkeys(name for cell in of_state for name in cell.servers))
        names = [name for name in names if role_of(name) not in machine.without]
        say(f"{state.connections} connections, {state.wide or state.bindings} bindings")
        with _started(machine, names) as (driver, servers):
            for server in servers:
                _fill(driver, server, state)
            for cell in of_state:
                results.append(_measure(machine, driver, servers, cell, chance))
                say(f"  {cell}")
    return results


def _measure(
    machine: Machine, driver: Driver, servers: list[Server], cell: Cell, chance: random.Random
) -> Result:
    taking_part = [server for server in servers if server.name in cell.servers]
    result = Result(cell, {server.role: [] for server in taking_part})
    for _ in range(machine.rounds):
        for server in chance.sample(taking_part, len(taking_part)):
            result.slices[server.role].append(
                driver.slice(
                    server,
                    cell.work_of(server.name),
                    cell.clients,
                    cell.state.bindings,
                    machine.warm,
                    machine.measured,
                )
            )
    return result


def memory(machine: Machine, names: Sequence[str], say: Say) -> list[Growth]:
    """Measures what entries cost, each kind in servers of its own."""
    say("memory")
    growths = []
    for entries, count in _MEMORY.items():
        for name in names:
            with _started(machine, [name]) as (driver, (server,)):
                # What the first clients need is no entry's.
                driver.slice(server, "delivery", 8, 0, machine.warm, machine.measured)
                before = server.private_memory()
                driver.fill(server, entries, count)
                each = (server.private_memory() - before) / count
                growths.append(Growth(name, entries, count, each))
        say(f"  {entries}")
    return growths
