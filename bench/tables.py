# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/benchmarks.md, in Markdown."""

from __future__ import annotations

import pathlib
import re
import statistics
from collections.abc import Callable, Sequence

from cells import MANY, WIDE, WORKS, State
from mail import Delivery
from measure import Growth, Result
from ratios import ratio
from servers import BARE, OURS, S6, STOCK
from verdict import BELOW, NEAR, checks, compared, noise


_WHERE = ("savefind", "directsavefind", "libsavefind", "pythonsavefind")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [head, ["---:"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _median(result: Result, server: str, what: str) -> float:
    return statistics.median(getattr(part, what) for part in result.slices[server])


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.1f}" if seconds < 1e-4 else f"{seconds * 1e6:,.0f}"


def _verdict(result: Result) -> str:
    return ", ".join(
        f"{check.name}: {check.verdict}"
        for check in checks(result)
        if check.verdict in (BELOW, NEAR)
    )


def cells(results: Sequence[Result]) -> str:
    """One table for each workload."""
    text = ""
    for work, words in WORKS.items():
        of_work = [result for result in results if result.cell.work == work]
        others = [o for o in (BARE, STOCK, S6) if any(o in result.slices for result in of_work)]
        rows = [
            (
                str(result.cell.clients), f"{result.cell.state.connections:,}",
                f"{result.cell.state.wide or result.cell.state.bindings:,}",
                f"{_median(result, OURS, 'throughput'):,.0f}",
                _micro(_median(result, OURS, "p50")), _micro(_median(result, OURS, "p99")),
                _micro(_median(result, OURS, "cpu_of_request")),
                *(
                    str(compared(result, what, other)) if other in result.slices else ""
                    for other in others for what in ("throughput", "cpu_of_request")
                ),
                *_saturated(result),
                _verdict(result),
            )
            for result in of_work
        ]  # fmt: skip
        if rows:
            ratios = [f"{what} to {other}" for other in others for what in ("throughput", "CPU")]
            head = ["clients", "connections", "bindings", "requests/s", "p50 µs", "p99 µs",
                    "CPU µs", *ratios, "saturated: requests/s", "to bare", ""]  # fmt: skip
            text += f"\n### {words[0].upper()}{words[1:]} (`{work}`)\n\n{_table(head, rows)}"
    return text


def _saturated(result: Result) -> tuple[str, str]:
    """Throughput with the generator that never sleeps, and its ratio to that of bare."""
    if not result.saturated.get(OURS):
        return "", ""
    ours, bare = (
        [part.throughput for part in result.saturated[name]] for name in (OURS, BARE)
    )
    return f"{statistics.median(ours):,.0f}", str(ratio(ours, bare))


def where(results: Sequence[Result]) -> str:
    """The parts of the time of a request, in microseconds."""
    head = ("work", "clients", "between two answers", *(
        f"{name}: server, clients, idle" for name in (OURS, BARE)))  # fmt: skip
    rows = [
        (
            f"`{result.cell.work}`",
            str(result.cell.clients),
            _micro(1 / _median(result, OURS, "throughput")),
            *(
                ", ".join(
                    _micro(_median(result, name, what))
                    for what in ("cpu_of_request", "clients_cpu_of_request", "idle_of_request")
                )
                for name in (OURS, BARE)
            ),
        )
        for result in results
        if result.cell.state == State() and result.cell.work in _WHERE
    ]
    return _table(head, rows)


def mail(deliveries: Sequence[Delivery]) -> str:
    """The gain of a cache for a mail system."""
    head = ("", "messages", "messages a second", "SMTP sessions", "CPU of the cache, ms",
            "CPU of master(8), ms")  # fmt: skip
    rows = [
        (
            each.way, f"{each.messages:,}", f"{each.messages / each.seconds:,.0f}",
            f"{each.sessions:,}", f"{each.cache_cpu * 1e3:,.0f}" if each.cache_cpu else "",
            f"{each.master_cpu * 1e3:,.0f}",
        )
        for each in deliveries
    ]  # fmt: skip
    return _table(head, rows)


def servers(results: Sequence[Result]) -> str:
    """The results in the cells that s6-fdholderd supports."""
    names = (OURS, STOCK, S6, BARE)
    head = ("work", "clients", "connections", *(f"{name}: requests/s, CPU µs" for name in names))
    rows = [
        (
            f"`{result.cell.work}`",
            str(result.cell.clients),
            f"{result.cell.state.connections:,}",
            *(
                f"{_median(result, name, 'throughput'):,.0f}, "
                + _micro(_median(result, name, "cpu_of_request"))
                if name in result.slices
                else ""
                for name in names
            ),
        )
        for result in sorted(results, key=lambda result: list(WORKS).index(result.cell.work))
        if STOCK in result.slices and (S6 in result.slices or not result.cell.is_of_codec)
    ]
    return _table(head, rows)


def holding(results: Sequence[Result]) -> str:
    """The ratio of the processor time with a filled cache to that with an empty one, by server."""
    empty = {(r.cell.work, r.cell.clients): r for r in results if r.cell.state == State()}
    same = {"widefind": "miss", "widesave": "savedest"}
    head = ("work", "clients", "the cache holds", OURS, BARE, STOCK)

    def cost(result: Result, server: str) -> float:
        return _median(result, server, "cpu_of_request")

    rows = []
    for result in results:
        cell, state = result.cell, result.cell.state
        before = empty.get((same.get(cell.work, cell.work), cell.clients))
        largest = state in (State(19_000), State(19_000, 50_000), State(bindings=MANY))
        if before is None or not (largest or state.wide == WIDE):
            continue
        ratios = [
            f"{cost(result, name) / cost(before, name):.2f}" if name in before.slices else ""
            for name in (OURS, BARE, STOCK)
            if name in result.slices
        ]
        ratios += [""] * (3 - len(ratios))
        holds = f"{state.connections:,} connections, {state.bindings:,} destinations"
        if state.wide:
            holds = f"one destination with {state.wide:,} bindings"
        rows.append((f"`{cell.work}`", str(cell.clients), holds, *ratios))
    return _table(head, rows)


def memory(growths: Sequence[Growth]) -> str:
    """Bytes of memory for each entry."""
    words = {
        "connections": "a connection, 80 bytes of name and 150 of properties",
        "connections700": "a connection, 80 bytes of name and 700 of properties",
        "bindings": "a binding, two names of 80 bytes and 150 of properties",
    }
    names = list(dict.fromkeys(growth.server for growth in growths))
    each = {(growth.entries, growth.server): f"{growth.each:.0f}" for growth in growths}
    rows = [
        (text, *(each[entries, name] for name in names))
        for entries, text in words.items()
        if names
    ]
    return _table(("bytes for", *names), rows)


def noise_of(results: Sequence[Result]) -> str:
    """The control."""
    words = {"throughput": "throughput", "cpu_of_request": "CPU of a request"}
    rows = []
    for name, value in noise(list(results)).items():
        what, _, about = name.partition(": ")
        number = f"{value} of {len(results)}" if "cells" in about else f"{value:.3f}"
        rows.append((f"{words[what]}: {about}", number))
    return _table(("our server to itself", ""), rows)


def shortfalls(results: Sequence[Result]) -> str:
    """All checks that failed in this run, for the terminal."""
    return "".join(
        f"{check.verdict:5}  {result.cell}: {check}\n"
        for result in results
        for check in checks(result)
        if check.verdict in (BELOW, NEAR)
    )


def write(page: pathlib.Path, parts: dict[str, Callable[[], str]]) -> None:
    """Replaces the tables between their markers."""
    text = page.read_text()
    for name, make in parts.items():
        begin, end = f"<!-- {name} begin -->\n", f"<!-- {name} end -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{page} has no place for {name}")
        body = begin + "\n" + make().strip("\n") + "\n\n" + end
        text = pattern.sub(lambda _: body, text)
    page.write_text(text)
