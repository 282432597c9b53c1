# SPDX-License-Identifier: Apache-2.0
"""./dev bench: compares scache with the stock server, s6-fdholderd and the bare system calls."""

from __future__ import annotations

import argparse
import atexit
import dataclasses
import json
import os
import pathlib
import platform
import random
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import cells
import mail
import measure
import plots
import tables
from driver import Slice
from mail import Delivery
from measure import Growth, Machine, Result
from servers import BARE, OTHERS, OURS, REPOSITORY, STOCK, Programs, debian
from verdict import BELOW, below, checks

_BINARIES = REPOSITORY / "build"
_PAGE = REPOSITORY / "docs" / "benchmarks.md"
_AUTOGROUP = pathlib.Path("/proc/self/autogroup")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cells: three minutes")
    parser.add_argument("--cell", action="append", default=[], metavar="NAME",
                        help="measure these cells: WORK/CLIENTS/CONNECTIONS/BINDINGS, * for any")
    parser.add_argument("--without", action="append", default=[], metavar="SERVER",
                        choices=sorted(OTHERS), help="omit this server")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=FOLDER",
                        help="also measure the scache programs in this folder, as NAME")
    parser.add_argument("--together", action="store_true",
                        help="do not pin servers and clients to processors")
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="K/N",
                        help="measure part K of N of the cells; --again merges the parts")
    parser.add_argument("--mail", action="store_true",
                        help="measure only the delivery of mail by a Postfix instance")
    parser.add_argument("--messages", type=int, default=4_000, help="number of messages of --mail")
    parser.add_argument("--separate", action="store_true",
                        help="omit the load generator that never sleeps")
    parser.add_argument("--list", action="store_true", help="print the names of the cells and exit")
    parser.add_argument("--rounds", type=int, help="number of slices of each server in each cell")
    parser.add_argument("--slice", type=int, default=80, help="milliseconds of each slice")
    parser.add_argument("--warm", type=int, default=20, help="milliseconds of warm-up before it")
    parser.add_argument("--seed", type=int, help="random seed of the order of the servers")
    parser.add_argument("--ours", type=pathlib.Path, default=_BINARIES / "release/bin",
                        metavar="FOLDER", help="folder of scache and scached")
    parser.add_argument("--bin", type=pathlib.Path, default=_BINARIES / "bench/bin")
    parser.add_argument("--json", type=pathlib.Path, default=_BINARIES / "bench/results.json")
    parser.add_argument("--again", action="store_true",
                        help="measure nothing, print the stored results")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    return parser.parse_args()  # fmt: skip


def _part(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    return int(part), int(parts)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _processors() -> tuple[int, int]:
    """A processor for the servers and one for the load, on different cores."""
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    for other in allowed[1:]:
        siblings = pathlib.Path(
            f"/sys/devices/system/cpu/cpu{other}/topology/thread_siblings_list"
        ).read_text()
        numbers = {int(n) for part in siblings.split(",") for n in part.split("-")}
        if allowed[0] not in numbers:
            return allowed[0], other
    raise SystemExit("measuring takes two processor cores")


def _machine(arguments: argparse.Namespace) -> Machine:
    server, load = _processors()
    return Machine(
        programs=Programs(
            ours=arguments.ours.absolute(),
            bare=arguments.bin.absolute() / "bench_bare",
            variants={
                name: pathlib.Path(folder).absolute()
                for name, _, folder in (each.partition("=") for each in arguments.beside)
            },
        ),
        tools=arguments.bin.absolute(),
        server_processor=server,
        load_processor=load,
        rounds=arguments.rounds or (9 if arguments.quick else 13),
        warm=arguments.warm,
        measured=arguments.slice,
        together=arguments.together,
        saturated=not arguments.separate,
        without=frozenset(arguments.without),
    )


def _about(machine: Machine) -> dict[str, str]:
    """Describes the machine and the versions."""

    def said(*words: str) -> str:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()

    model = [
        line.partition(":")[2].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    virtual = said("systemd-detect-virt", "--vm") or "none"
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{model[0] if model else platform.machine()}, {os.cpu_count()} of them",
        "virtualisation": virtual,
        "kernel": platform.release(),
        "scache": said("git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"),
        "Postfix": _version_of_stock(),
        "s6 package": said("dpkg-query", "-W", "-f=${Version}", "s6"),
        "slices": f"{machine.rounds} of {machine.measured} ms for each server in each cell",
    }


def _version_of_stock() -> str:
    """The version in the program file, since the package is not installed."""
    program = debian.daemons(debian.unpacked()) / "scache"
    found = re.search(rb"mail_version=([\w.-]+)", program.read_bytes())
    return found[1].decode() if found else "unknown"


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    if os.geteuid() != 0:
        raise SystemExit("servers are started as master(8) starts them: that needs root")
    machine = _machine(arguments)
    chance = random.Random(arguments.seed)
    wanted = _wanted(arguments)
    begun = time.monotonic()
    results = measure.run(machine, wanted, chance, _say)
    # A result below its bar may be chance: measure it again, with new server processes.
    again = [result.cell for result in results if below(result) and not arguments.beside]
    if again:
        _say(f"once more, {len(again)} cells:")
    repeated = measure.run(machine, again, chance, _say)
    growths: list[Growth] = []
    if not arguments.cell and not arguments.without and arguments.part[0] == 1:
        growths = measure.memory(machine, (OURS, STOCK), _say)
    _say(f"{time.monotonic() - begun:.0f} s")
    return {
        "about": _about(machine),
        "results": [dataclasses.asdict(result) for result in results],
        "repeated": [dataclasses.asdict(result) for result in repeated],
        "memory": [dataclasses.asdict(growth) for growth in growths],
    }


def _come_first() -> None:
    """Raises the priority of the measurement over other sessions of the machine."""
    if os.geteuid() != 0:
        return
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    if _AUTOGROUP.exists():
        _AUTOGROUP.write_text("-20")
        atexit.register(_AUTOGROUP.write_text, "0")


def _wanted(arguments: argparse.Namespace) -> list[cells.Cell]:
    if arguments.cell:
        return cells.matching(arguments.cell)
    every = cells.quick() if arguments.quick else cells.full()
    part, parts = arguments.part
    return every[len(every) * (part - 1) // parts : len(every) * part // parts]


def _file(arguments: argparse.Namespace, part: int) -> pathlib.Path:
    """The file with the results of a part."""
    path: pathlib.Path = arguments.json
    return path.with_suffix(f".{part}.json") if arguments.part[1] > 1 else path


def _stored(arguments: argparse.Namespace) -> dict[str, Any]:
    """The stored results of all parts."""
    _, parts = arguments.part
    files = [_file(arguments, part + 1) for part in range(parts)] if arguments.again else [
        _file(arguments, arguments.part[0])]  # fmt: skip
    stored = [json.loads(file.read_text()) for file in files]
    if len({each["about"]["scache"] for each in stored}) > 1:
        raise SystemExit("the parts were measured of different trees")
    together = {name: sum((each[name] for each in stored), [])
                for name in ("results", "repeated", "memory")}  # fmt: skip
    return {"about": stored[0]["about"], **together}


def _mail(arguments: argparse.Namespace) -> list[Delivery]:
    """Delivers the mail if requested; otherwise returns the stored result."""
    file: pathlib.Path = arguments.json.with_name("mail.json")
    if arguments.mail:
        deliveries = mail.deliver(arguments.ours.absolute() / "scache", arguments.messages, _say)
        file.write_text(json.dumps([dataclasses.asdict(each) for each in deliveries]))
    if not file.exists():
        return []
    return [Delivery(**each) for each in json.loads(file.read_text())]


def _refuse_dirty_tree(about: dict[str, str] | None = None) -> None:
    """The page shows figures of a commit only, so that they can be reproduced."""
    changed = subprocess.run(
        ["git", "-C", str(REPOSITORY), "status", "--porcelain", "--", ".",
         ":!docs/benchmarks.md", ":!docs/plots"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if changed or (about and about["scache"].endswith("-dirty")):
        raise SystemExit("--write wants a tree without changes, when it is measured, too")


def _results(stored: list[dict[str, Any]]) -> list[Result]:
    return [
        Result(
            cells.Cell(
                each["cell"]["work"], each["cell"]["clients"], cells.State(**each["cell"]["state"])
            ),
            _slices(each["slices"]),
            _slices(each["saturated"]),
        )
        for each in stored
    ]


def _slices(stored: dict[str, list[dict[str, Any]]]) -> dict[str, list[Slice]]:
    return {role: [Slice(**part) for part in parts] for role, parts in stored.items()}


def _failures(results: Sequence[Result], repeated: Sequence[Result]) -> list[str]:
    """Ratios that were below their bars in both runs."""
    second = {
        (str(result.cell), check.name): check for result in repeated for check in checks(result)
    }
    found = []
    for result in results:
        for check in below(result):
            other = second.get((str(result.cell), check.name))
            if other and other.verdict == BELOW:
                found.append(f"{result.cell}: {check}; again {other.ratio}")
    return found


def _heavier(growths: Sequence[Growth]) -> list[str]:
    """Entries that take more memory than in the stock server."""
    stock = {growth.entries: growth.each for growth in growths if growth.server == STOCK}
    return [
        f"memory: {growth.each:.0f} bytes of {growth.entries}, stock {stock[growth.entries]:.0f}"
        for growth in growths
        if growth.server == OURS and growth.each >= stock.get(growth.entries, growth.each + 1)
    ]


def main() -> int:
    """Measures, stores and prints the results."""
    arguments = _arguments()
    if arguments.list:
        print("\n".join(map(str, _wanted(arguments))))
        return 0
    if arguments.write:
        _refuse_dirty_tree()
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    _come_first()
    deliveries = _mail(arguments)
    if arguments.mail:
        print(tables.mail(deliveries))
        if arguments.write:
            tables.write(_PAGE, {"mail": lambda: tables.mail(deliveries)})
        return 0
    if not arguments.again:
        _file(arguments, arguments.part[0]).write_text(json.dumps(_measure(arguments)))
    stored = _stored(arguments)
    results, repeated = _results(stored["results"]), _results(stored["repeated"])
    growths = [Growth(**each) for each in stored["memory"]]

    about = "".join(f"- {name}: {words}\n" for name, words in stored["about"].items())
    failures = _failures(results, repeated) + _heavier(growths)
    verdict = "".join(f"- {failure}\n" for failure in failures) or (
        "Every cell reaches what is to be reached, or falls short in one run of two at most.\n"
    )
    parts = {
        "machine": lambda: about,
        "verdict": lambda: verdict,
        "noise": lambda: tables.noise_of(results),
        "where": lambda: tables.where(results),
        "servers": lambda: tables.servers(results),
        "holding": lambda: tables.holding(results),
        "memory": lambda: tables.memory(growths),
        "cells": lambda: tables.cells(results),
    }
    if arguments.write:
        _refuse_dirty_tree(stored["about"])
        tables.write(_PAGE, parts)
        plots.draw(results, _PAGE.parent / "plots")
    print("\n".join(f"{name}\n\n{make()}" for name, make in parts.items()))
    if near := tables.shortfalls(results):
        print(f"not reached in the first run:\n\n{near}")
    if failures:
        print(f"not reached in two runs:\n\n{verdict}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
