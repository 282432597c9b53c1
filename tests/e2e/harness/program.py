# SPDX-License-Identifier: Apache-2.0
"""Which server is under test: Postfix's own scache, or ours."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from lab import debian

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
STOCK = "stock"
OURS = "ours"


@dataclasses.dataclass(frozen=True)
class Program:
    """An executable, and what its environment needs beyond what master(8) sets."""

    kind: str
    path: pathlib.Path
    environment: dict[str, str]


def kind_under_test() -> str:
    """SCACHE_UNDER_TEST: `stock` or `ours`, which is the default."""
    kind = os.environ.get("SCACHE_UNDER_TEST", OURS)
    if kind not in (STOCK, OURS):
        raise RuntimeError(f"SCACHE_UNDER_TEST must be {STOCK} or {OURS}, not {kind!r}")
    return kind


def under_test() -> Program:
    """The program; an error when it is not there, because a suite that cannot run has failed."""
    kind = kind_under_test()
    if kind == STOCK:
        tree = debian.unpacked()
        libraries = str(debian.libraries(tree))
        program = Program(kind, debian.daemons(tree) / "scache", {"LD_LIBRARY_PATH": libraries})
    else:
        path = pathlib.Path(os.environ.get("SCACHE_PROGRAM") or "build/release/bin/scache")
        program = Program(kind, REPOSITORY / path, _sanitizer_options() | _profile())
    if not os.access(program.path, os.X_OK):
        raise RuntimeError(f"there is no program {program.path}: build it, or set SCACHE_PROGRAM")
    return program


def _sanitizer_options() -> dict[str, str]:
    """A sanitizer's report goes to standard error and ends the server.

    Leaks cannot be looked for: that needs ptrace, which the kernel refuses to a process that has
    given up its privileges.
    """
    return {
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "halt_on_error=1:detect_leaks=0"),
        "UBSAN_OPTIONS": os.environ.get(
            "UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1"
        ),
    }


def sanitizer_leaves(*names: str) -> dict[str, str]:
    """An environment in which a sanitizer does not do these things of its own."""
    options = _sanitizer_options()["ASAN_OPTIONS"]
    return {"ASAN_OPTIONS": ":".join([options, *(f"{name}=0" for name in names)])}


def _profile() -> dict[str, str]:
    """Where a program that counts what is reached keeps its counts (./dev coverage)."""
    name = "LLVM_PROFILE_FILE"
    return {name: os.environ[name]} if name in os.environ else {}
