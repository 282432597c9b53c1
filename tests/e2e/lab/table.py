# SPDX-License-Identifier: Apache-2.0
"""A table of numbers for people."""

from __future__ import annotations

from collections.abc import Sequence


def table(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Titles, a rule, and lines whose cells stand below the titles."""
    lines = [("", titles), *rows]
    widths = [max(len(cells[n]) for _, cells in lines) for n in range(len(titles))]
    left = max(len(name) for name, _ in lines)
    texts = [
        f"{name:<{left}}" + "".join(f"   {cell:>{width}}" for cell, width in zip(cells, widths))
        for name, cells in lines
    ]
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])
