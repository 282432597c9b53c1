"""The table of where ours differs from the stock server on purpose: differences.toml."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from typing import Any

from harness import program

_TABLE = pathlib.Path(__file__).resolve().parents[1] / "differences.toml"


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Each row by its name."""
    rows: dict[str, dict[str, Any]] = tomllib.loads(_TABLE.read_text())
    for name, row in rows.items():
        for field in (program.STOCK, program.OURS, "why", "expect"):
            assert field in row, f"row {name} of differences.toml lacks {field}"
    return rows


def expected(name: str) -> dict[str, Any]:
    """What the row promises of the server under test."""
    expect: dict[str, Any] = table()[name]["expect"][program.kind_under_test()]
    return expect
