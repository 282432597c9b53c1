# SPDX-License-Identifier: Apache-2.0
"""The bash completion of scachectl."""

from __future__ import annotations

import re
import subprocess

import pytest

from harness import ctl, program

pytestmark = pytest.mark.only("ours")

SCRIPT = program.REPOSITORY / "packaging" / "completions" / "scachectl.bash"
COMMANDS = {"ping", "stats", "list", "drop", "save", "find", "run", "postfix"}
EVERYWHERE = {"--help", "--json", "--socket", "--timeout", "--verbose"}


def completed(*words: str) -> set[str]:
    """The completions of the last word."""
    ask = (
        'source "$1"; shift; COMP_WORDS=(scachectl "$@"); COMP_CWORD=$#;'
        ' _scachectl; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "--norc", "-euc", ask, "bash", str(SCRIPT), *words]
    ended = subprocess.run(command, text=True, capture_output=True, check=True)
    assert ended.stderr == ""
    return set(ended.stdout.split())


def options_of(*words: str) -> set[str]:
    """The long options in the help."""
    said = ctl.run(None, *words, "--help").stdout
    return set(re.findall(r"^\s+(?:-\w,)?(--[a-z-]+)", said, re.MULTILINE))


def test_commands_are_completed() -> None:
    assert completed("") == COMMANDS | options_of()
    assert completed("s") == {"stats", "save"}
    assert completed("--socket", "/s", "pi") == {"ping"}
    assert completed("-v", "dr") == {"drop"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_options_are_those_that_the_help_names(command: str) -> None:
    offered = completed(command, "-") - {"--"}
    of_enable = options_of("postfix", "enable") if command == "postfix" else set()
    assert offered == options_of(command) | of_enable | EVERYWHERE


def test_options_stand_behind_others() -> None:
    assert completed("save", "--endpoint", "e", "--f") == {"--fd"}
    assert completed("list", "--properties", "--c") == {"--connections"}
    assert completed("save", "--properties", "--c") == set()


def test_files_are_sockets_and_commands_programs() -> None:
    assert "/tmp/" in completed("--socket", "/tm") or "/tmp" in completed("--socket", "/tm")
    assert "true" in completed("find", "--endpoint", "e", "--", "tru")
    assert completed("find", "--endpoint", "e", "--", "echo", "--en") == set()
