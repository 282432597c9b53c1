# SPDX-License-Identifier: Apache-2.0
"""Runs the attacks of the modules that are named, or all: python3 tests/attack [MODULE...]"""

from __future__ import annotations

import importlib
import os
import resource
import sys

import lab

MODULES = ("locks", "crowds", "memory", "kinds", "rings", "masses", "storms")


def alone() -> None:
    """What an ordinary client waits beside nobody: on a busy machine there is nothing to measure."""
    with lab.server() as server:
        try:
            lab.others(server.socket, "alone", 2)
        except lab.Fault as fault:
            sys.exit(f"this machine is busy: {fault}")


def main(names: list[str]) -> int:
    if os.geteuid() != 0:
        sys.exit("the attacks need root: userfaultfd(2), packet sockets")
    unknown = set(names) - set(MODULES)
    if unknown:
        sys.exit(f"no such attacks: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    most = min(20_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    alone()
    failed = 0
    for name in names or MODULES:
        for attack in importlib.import_module(name).ATTACKS:
            print(f"{name}: {attack.__name__.replace('_', ' ')}", flush=True)
            try:
                attack()
            except (lab.Fault, lab.scache.Error, AssertionError) as fault:
                print(f"  FAILED: {fault}", flush=True)
                failed += 1
    print(f"{failed} attacks succeeded" if failed else "no attack succeeded")
    return failed > 0


sys.exit(main(sys.argv[1:]))
