# SPDX-License-Identifier: Apache-2.0
"""What /proc tells about processes that this program started."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

from harness.waiting import PATIENCE, until


def children(parent: int) -> Iterator[int]:
    """The process ids of a process's children."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == parent:
            yield int(entry.name)


def program(pid: int) -> pathlib.Path | None:
    """The file that a process runs; nothing when it is gone or a zombie."""
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return None


def command(pid: int) -> list[str]:
    """The words that a process was started with."""
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode(errors="replace") for word in words.split(b"\0")[:-1]]


def descriptors(pid: int) -> list[str]:
    """What each open descriptor of a process refers to."""
    found: list[str] = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:
            # Closed between the listing and the look.
            continue
    return sorted(found)


def user(pid: int) -> int:
    """The effective user id of a process."""
    return int(_status(pid)["Uid"].split()[1])


def root(pid: int) -> str:
    """The root directory of a process."""
    return os.readlink(f"/proc/{pid}/root")


def gone(pid: int) -> bool:
    """Whether a process has ended; one that only awaits its parent's wait counts as ended."""
    try:
        return _status(pid)["State"].startswith(("Z", "X"))
    except (OSError, KeyError):
        return True


def wait_gone(pid: int, seconds: float = PATIENCE) -> None:
    """Return when the process has ended."""
    until(lambda: gone(pid), f"the end of process {pid}", seconds)


def with_environment(entry: str) -> Iterator[int]:
    """The processes that have this NAME=VALUE in their environment."""
    wanted = entry.encode()
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in words:
            yield int(folder.name)


def _parent(pid: int) -> int:
    try:
        return int(_status(pid)["PPid"])
    except (OSError, KeyError):
        return 0


def _status(pid: int) -> dict[str, str]:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
