# SPDX-License-Identifier: Apache-2.0
"""One client saves descriptors of every kind, as fast as it can."""

from __future__ import annotations

import functools
import pathlib
import tempfile

import lab
from harness.kinds import Kind, each

AT_LEAST = 46
# So many of those that cost others most are shown.
SHOWN = 5


def save(kind: Kind, directory: pathlib.Path, path: str) -> None:
    """Each descriptor is new, and only the server has it in the end."""
    client = lab.Raw(path)
    while True:
        with kind.made(directory, pathlib.Path(path)) as descriptor:
            client.save(descriptor, b"k", 200)


def every_kind() -> None:
    missing: list[str] = []
    measured: dict[str, lab.Ordinary] = {}
    with lab.server() as server, tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for kind, _ in each(directory, pathlib.Path(server.socket), missing):
            with lab.child(functools.partial(save, kind, directory, server.socket)):
                # Many lookups in a short time.
                measured[kind.name] = lab.Ordinary(server.socket, 0.5, pause=0.0025)
                measured[kind.name].end()
        server.is_as_before(b"k")
    print(f"  {len(measured)} kinds of descriptors; missing are {', '.join(missing)}")
    if len(measured) < AT_LEAST:
        raise lab.Fault(f"this kernel has only {len(measured)} kinds of descriptors")
    for kind_name, client in sorted(measured.items(), key=cost, reverse=True)[:SHOWN]:
        client.verdict(kind_name)


def cost(one: tuple[str, lab.Ordinary]) -> tuple[int, float]:
    """By errors, then by waits."""
    _, client = one
    return len(client.errors), lab.most(client.waits)


ATTACKS = (every_kind,)
