# SPDX-License-Identifier: Apache-2.0
"""Starting a program the way master(8) does: descriptors at fixed numbers, nothing inherited."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import resource
import select
import signal
import traceback
from collections.abc import Iterator, Mapping, Sequence

from harness.waiting import PATIENCE


@dataclasses.dataclass
class Launch:
    """Everything that a process has from its parent."""

    program: pathlib.Path
    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: pathlib.Path
    descriptors: Mapping[int, int]
    umask: int = 0o077
    nofile: tuple[int, int] | None = None
    root: pathlib.Path | None = None


class Child:
    """A running process. Its end is awaited by pidfd, so that nothing is polled or lost."""

    def __init__(self, launch: Launch) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            _become(launch)
        self._pidfd = os.pidfd_open(self.pid)
        self._status: int | None = None

    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._status is None and not self._ended(0)

    def _ended(self, patience: float) -> bool:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(patience * 1000))

    def lives_for(self, seconds: float) -> bool:
        """Whether it has not ended by then."""
        return self._status is None and not self._ended(seconds)

    def wait(self, patience: float = PATIENCE) -> int:
        """The exit status, or the signal's number negated."""
        if self._status is None:
            assert self._ended(patience), f"process {self.pid} does not end"
            _, status = os.waitpid(self.pid, 0)
            self._status = os.waitstatus_to_exitcode(status)
            os.close(self._pidfd)
        return self._status

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Nothing runs in there meanwhile: what is sent, it finds all at once."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            yield
        finally:
            self.kill(signal.SIGCONT)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal, if there is anybody to get it."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _become(launch: Launch) -> None:
    """The child's side of the fork; never returns."""
    try:
        # Out of the way first, so that no number is overwritten before it is used.
        high = {to: os.dup2(origin, 1000 + to) for to, origin in launch.descriptors.items()}
        for to, origin in high.items():
            os.dup2(origin, to, inheritable=True)
        last = max(launch.descriptors)
        os.closerange(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        if launch.nofile:
            resource.setrlimit(resource.RLIMIT_NOFILE, launch.nofile)
        # Whoever runs the suite may ignore some of them.
        for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        os.umask(launch.umask)
        if launch.root:
            os.chroot(launch.root)
        os.chdir(launch.directory)
        os.execve(launch.program, list(launch.argv), dict(launch.environment))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(127)
