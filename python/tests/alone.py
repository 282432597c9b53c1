# SPDX-License-Identifier: Apache-2.0
"""scached with the interface of the other servers under test."""

from __future__ import annotations

import types

from harness.holder import Holder
from harness.scached import Scached


class _Log:
    def __init__(self, scached: Scached) -> None:
        self._scached = scached
        self._heard = 0

    def rest(self) -> list[str]:
        """The unread lines of the log."""
        lines = self._scached.log().splitlines()
        unheard, self._heard = lines[self._heard :], len(lines)
        return [line for line in unheard if not line.endswith("more lines are left out")]


class Alone(Holder):
    """A scached started as users start it, which logs only errors."""

    def __init__(self) -> None:
        self._scached = Scached()
        self._scached.start_here("--log-level", "warning")
        assert self._scached.process
        self.pid = self._scached.process.pid
        self.baseline = len(self.descriptors())
        self.remaining = 0
        self.scratch = types.SimpleNamespace(socket=self._scached.path)
        self.log = _Log(self._scached)
        self._alive = True

    def hang_up(self) -> int:
        """Stops it and waits for its end."""
        self._alive = False
        return self._scached.stop()

    def finish(self) -> None:
        """Checks for leaks and log lines, and that it ends on a signal."""
        if self._alive:
            self.comes_to_hold_at_most(self.remaining)
            assert self.hang_up() == 0
        assert self.log.rest() == []

    def close(self) -> None:
        """Ends it in any state."""
        self._scached.close()
