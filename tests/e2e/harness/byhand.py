# SPDX-License-Identifier: Apache-2.0
"""Running the program without master(8), as a person would."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pty
import time
from collections.abc import Sequence

from harness import program, scratch
from harness.child import Child, Launch


@dataclasses.dataclass(frozen=True)
class Ended:
    """What came of it."""

    status: int
    errors: str
    seconds: float


class ByHand:
    """One run: begun by the constructor, over at end()."""

    def __init__(self, *argv: str, terminal: bool = False, stream: int | None = None) -> None:
        self._scratch = scratch.Scratch({"maillog_file": None})
        self._begun = time.monotonic()
        self._opened: list[int] = []
        under_test = program.under_test()
        stdin = stream if stream is not None else self._open_input(terminal)
        errors = os.open(self._scratch.errors, os.O_WRONLY | os.O_CREAT, 0o666)
        self._opened.append(errors)
        environment = {"MAIL_CONFIG": str(self._scratch.config), **under_test.environment}
        self._child = Child(
            Launch(
                program=under_test.path,
                argv=["scache", *argv],
                environment=environment,
                directory=pathlib.Path("/"),
                descriptors={0: stdin, 1: stdin, 2: errors},
            )
        )

    def _open_input(self, terminal: bool) -> int:
        opened = pty.openpty() if terminal else (os.open("/dev/null", os.O_RDWR),)
        self._opened += opened
        return opened[-1]

    def end(self) -> Ended:
        """Waits for the end."""
        try:
            status = self._child.wait()
            errors = self._scratch.errors.read_text()
            return Ended(status, errors, time.monotonic() - self._begun)
        finally:
            self._child.kill()
            self._child.wait()
            for number in self._opened:
                os.close(number)
            self._scratch.close()


def all_at_once(runs: Sequence[ByHand]) -> list[Ended]:
    """The ends of all of them, in their order."""
    return [run.end() for run in runs]
