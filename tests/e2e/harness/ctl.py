# SPDX-License-Identifier: Apache-2.0
"""Runs scachectl as users and scripts do."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Sequence
from typing import Any

from harness import program
from harness.waiting import PATIENCE


def path() -> pathlib.Path:
    """The path of scachectl: beside the scache under test, or in the suite's build."""
    if program.kind_under_test() == program.OURS:
        return program.under_test().path.with_name("scachectl")
    return program.REPOSITORY / os.environ.get("SCACHE_BUILD", "build/release") / "bin" / "scachectl"


def environment(socket: pathlib.Path | str | None, **more: str) -> dict[str, str]:
    """The environment of the suite, with the server's socket."""
    own = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    named = {} if socket is None else {"SCACHE_SOCKET": str(socket)}
    return {**own, **program.under_test().environment, **named, **more}


def run(
    socket: pathlib.Path | str | None,
    *words: str,
    keep: Sequence[int] = (),
    stdin: str = "",
    **more: str,
) -> subprocess.CompletedProcess[str]:
    """Runs a command. `keep`: descriptors that it inherits."""
    return subprocess.run(
        [path(), *words],
        env=environment(socket, **more),
        pass_fds=keep,
        input=stdin,
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def told(socket: pathlib.Path | str, *words: str) -> Any:
    """The JSON output of a command that must succeed."""
    ended = run(socket, *words, "--json")
    assert ended.returncode == 0, ended
    return json.loads(ended.stdout)
