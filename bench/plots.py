# SPDX-License-Identifier: Apache-2.0
"""Line plots in SVG."""

from __future__ import annotations

import math
import pathlib
import statistics
from collections.abc import Sequence
from xml.sax.saxutils import escape

from cells import CLIENTS, State
from measure import Result
from servers import BARE, OURS, S6, STOCK

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 90, 50, 60
_COLOURS = {OURS: "#0b6e4f", STOCK: "#c0392b", BARE: "#7f8c8d", S6: "#8e6bbf"}
_MARKS = {OURS: 4.5, STOCK: 4.5, BARE: 3.0, S6: 3.0}

Series = dict[str, list[tuple[int, float]]]


def _decades(values: Sequence[float]) -> tuple[float, float]:
    return 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))


def _ticks(low: float, high: float) -> list[float]:
    steps = [f * 10**e for e in range(-3, 9) for f in (1, 2, 5)]
    wide = high / low > 1000
    return [s for s in steps if low <= s <= high and (not wide or math.log10(s) % 1 == 0)]


def line_plot(title: str, x_words: str, y_words: str, series: Series) -> str:
    """A plot with evenly spaced x values and a logarithmic y axis."""
    xs = sorted({x for points in series.values() for x, _ in points})
    low, high = _decades([y for points in series.values() for _, y in points])
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at_x(x: int) -> float:
        return _LEFT + inner_width * (xs.index(x) / max(len(xs) - 1, 1))

    def at_y(y: float) -> float:
        part = (math.log10(y) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return _TOP + inner_height * (1 - part)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for tick in _ticks(low, high):
        y = at_y(tick)
        out.append(f'<line x1="{_LEFT}" x2="{_LEFT + inner_width}" y1="{y:.1f}" y2="{y:.1f}" '
                   'stroke="#ddd"/>')  # fmt: skip
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
    for x in xs:
        out.append(f'<text x="{at_x(x):.1f}" y="{_TOP + inner_height + 20}" '
                   f'text-anchor="middle">{x:,}</text>')  # fmt: skip
    out.append(f'<text x="{_LEFT + inner_width / 2}" y="{_HEIGHT - 16}" '
               f'text-anchor="middle">{escape(x_words)}</text>')  # fmt: skip
    middle = _TOP + inner_height / 2
    out.append(f'<text x="18" y="{middle}" text-anchor="middle" '
               f'transform="rotate(-90 18 {middle})">{escape(y_words)}</text>')  # fmt: skip
    labels: list[float] = []
    for name, points in sorted(series.items(), key=lambda item: item[1][-1][1]):
        colour = _COLOURS[name]
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.extend(
            f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="{_MARKS[name]}" fill="{colour}"/>'
            for x, y in points
        )
        # From the lowest upwards, so that labels do not overlap.
        place = min([at_y(points[-1][1]) + 4, *(other - 15 for other in labels)])
        labels.append(place)
        out.append(f'<text x="{at_x(points[-1][0]) + 10:.1f}" y="{place:.1f}" '
                   f'fill="{colour}" font-weight="bold">{escape(name)}</text>')  # fmt: skip
    return "\n".join([*out, "</svg>\n"])


def _series(results: Sequence[Result], wanted: dict[int, str], what: str, factor: float) -> Series:
    """The medians of the cells with these names, by server."""
    by_name = {str(result.cell): result for result in results}
    series: Series = {}
    for x, name in wanted.items():
        if name not in by_name:
            continue
        for server, slices in by_name[name].slices.items():
            if server in _COLOURS:
                value = statistics.median(getattr(part, what) for part in slices) * factor
                series.setdefault(server, []).append((x, value))
    return series


def draw(results: Sequence[Result], folder: pathlib.Path) -> list[pathlib.Path]:
    """All plots for which there are results."""
    held = (0, 19_000)
    bound = (0, 50_000)
    plots = {
        "savefind-by-connections": (
            "save_endp + find_endp, 16 clients", "connections in the cache",
            "server CPU, µs a request", "cpu_of_request", 1e6,
            {n: f"savefind/16/{State(connections=n)}" for n in held},
        ),
        "savedest-by-bindings": (
            "save_dest, one client", "bindings in the cache",
            "median latency, µs", "p50", 1e6,
            {n: f"savedest/1/{State(bindings=n)}" for n in bound},
        ),
        "delivery-by-bindings": (
            "a delivery, 16 clients", "bindings in the cache",
            "server CPU, µs a request", "cpu_of_request", 1e6,
            {n: f"delivery/16/{State(bindings=n)}" for n in bound},
        ),
        "savefind-by-clients": (
            "save_endp + find_endp, empty cache", "clients",
            "requests a second", "throughput", 1,
            {n: f"savefind/{n}/{State()}" for n in CLIENTS},
        ),
        "directsavefind-by-clients": (
            "direct save + find, 19,000 connections; stock and s6 in their ways", "clients",
            "requests a second", "throughput", 1,
            {n: f"directsavefind/{n}/{State(19_000)}" for n in CLIENTS},
        ),
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    drawn = []
    for name, (title, x_words, y_words, what, factor, wanted) in plots.items():
        series = _series(results, wanted, what, factor)
        if series:
            drawn.append(folder / f"{name}.svg")
            drawn[-1].write_text(line_plot(title, x_words, y_words, series))
    return drawn
