# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells of a process: its descriptors, its memory, its identity."""

from __future__ import annotations

import os
import pathlib
import stat

Identity = tuple[int, int, int, int]


def descriptors(pid: int) -> dict[int, str]:
    """Each open descriptor, and what it is."""
    found = {}
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
    return found


def close_on_exec(pid: int, descriptor: int) -> bool:
    """Whether the descriptor would be closed by exec."""
    return bool(_flags(pid, descriptor) & os.O_CLOEXEC)


def _flags(pid: int, descriptor: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "flags":
            return int(value, 8)
    raise AssertionError("fdinfo names no flags")


def state(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    fields = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in fields}


def sleeps(pid: int) -> bool:
    """Whether the process waits for something to happen."""
    return state(pid)["State"].startswith("S")


def is_sanitized(pid: int) -> bool:
    """Whether the program has a sanitizer, which keeps freed memory."""
    return "libasan" in pathlib.Path(f"/proc/{pid}/maps").read_text()


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    return int(state(pid)["VmRSS"].split()[0]) * 1024


def signals(pid: int, field: str) -> set[int]:
    """The signals in one of SigIgn, SigCgt, SigBlk."""
    mask = int(state(pid)[field], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def limit_of_open_files(pid: int) -> tuple[int, int]:
    """Soft and hard limit."""
    for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft, hard = line.split()[3:5]
            return int(soft), int(hard)
    raise AssertionError("no limit of open files")


def identity(descriptor: int) -> Identity:
    """What a descriptor refers to: equal for two descriptors of one connection or file."""
    about = os.fstat(descriptor)
    return stat.S_IFMT(about.st_mode), about.st_dev, about.st_ino, about.st_rdev
