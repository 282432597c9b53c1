# SPDX-License-Identifier: Apache-2.0
"""The table of where ours differs from the stock server on purpose: differences.toml."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from typing import Any

from harness import program
from lab import debian

_TABLE = pathlib.Path(__file__).resolve().parents[1] / "differences.toml"


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Each row by its name."""
    rows: dict[str, dict[str, Any]] = tomllib.loads(_TABLE.read_text())
    for name, row in rows.items():
        for field in (program.STOCK, program.OURS, "why", "expect"):
            assert field in row, f"row {name} of differences.toml lacks {field}"
    return rows


def expected(name: str, kind: str | None = None) -> dict[str, Any]:
    """What the row promises of a server, if no other is named of the one under test."""
    expect: dict[str, Any] = table()[name]["expect"][kind or program.kind_under_test()]
    releases = {release: _numbers(release) for release in expect if release[:1].isdigit()}
    if not releases:
        return expect
    ours = _numbers(debian.release())
    known = [release for release in releases if releases[release] <= ours]
    found: dict[str, Any] = expect[max(known, key=lambda release: releases[release])]
    return found


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
