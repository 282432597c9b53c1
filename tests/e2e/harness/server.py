# SPDX-License-Identifier: Apache-2.0
"""One server under test, started as master(8) starts it."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import socket
import time
from collections.abc import Mapping, Sequence

from harness import census, maillog, program, scratch, wire
from harness.child import Child, Launch
from harness.client import Client
from harness.holder import Holder
from harness.status import StatusChannel
from harness.waiting import PATIENCE

GENERATION = "10"
# What is logged at the end in any case, or where there was much to log.
_AT_THE_END = re.compile(r"^statistics: | more lines are left out$")

_REPORTS = ("AddressSanitizer", "UndefinedBehaviorSanitizer", "runtime error:", "LeakSanitizer")


@dataclasses.dataclass
class Setup:
    """How a server is started; the defaults are what master.cf of Debian gives, without chroot."""

    options: Sequence[str] = ()
    main_cf: Mapping[str, str | None] | str | None = None
    argv: Sequence[str] = ("-l", "-t", "unix", "-u")
    name: str = "scache"
    environment: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    nofile: tuple[int, int] | None = None
    backlog: int = 100
    umask: int = 0o077
    # Whether a first client is served before the test begins: without one there is no baseline.
    warm: bool = True


class Server(Holder):
    """The process and everything around it: status channel, mail log, clients, descriptors."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.program = program.under_test()
        self.scratch = scratch.Scratch(setup.main_cf)
        self.log = maillog.MailLog(self.scratch.postlog)
        self.status = StatusChannel()
        # What the test knows to remain in the cache, or to have leaked, when it ends.
        self.remaining = 0
        self._clients: list[Client] = []
        self._finished = False
        self.started = time.time()
        self.child = self._launch()
        self.pid = self.child.pid
        if setup.warm:
            try:
                self.warm_up()
            except BaseException:
                self.close()
                raise

    def _launch(self) -> Child:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.scratch.socket))
        self.scratch.socket.chmod(0o666)
        listener.listen(self.setup.backlog)
        listener.setblocking(False)
        flow = os.pipe2(os.O_NONBLOCK)
        null = os.open("/dev/null", os.O_RDWR)
        errors = os.open(self.scratch.errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        numbers = (null, null, errors, *flow, self.status.for_server.fileno(), listener.fileno())
        try:
            return Child(
                Launch(
                    program=self.program.path,
                    argv=[self.setup.name, *self.setup.argv, *self.setup.options],
                    environment=self._environment(),
                    directory=self.scratch.queue,
                    descriptors=dict(enumerate(numbers)),
                    nofile=self.setup.nofile,
                    umask=self.setup.umask,
                )
            )
        finally:
            for number in (null, errors, *flow):
                os.close(number)
            listener.close()
            self.status.for_server.close()

    def _environment(self) -> dict[str, str]:
        wanted: dict[str, str | None] = {
            "GENERATION": GENERATION,
            "LANG": "C",
            "MAIL_CONFIG": str(self.scratch.config),
            "MAIL_LOGTAG": "e2e",
            "POSTLOG_SERVICE": str(self.scratch.postlog),
            "POSTLOG_HOSTNAME": "e2e.test",
            **self.program.environment,
            **self.setup.environment,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    # Clients.

    def connect(self) -> Client:
        """A client that has not read the greeting yet."""
        client = Client(self.scratch.socket)
        self._clients.append(client)
        return client

    def client(self) -> Client:
        """A client that has been greeted."""
        client = self.connect()
        try:
            client.expect(wire.GREETING)
        except AssertionError as problem:
            raise AssertionError(f"no greeting: {self.describe()}") from problem
        return client

    def leave(self, *clients: Client) -> None:
        """Closes the clients."""
        for client in clients:
            client.close()
            self._clients.remove(client)

    def resident(self) -> int:
        """Its resident memory in bytes."""
        return census.resident(self.pid)

    # Its end.

    def hang_up(self, patience: float = PATIENCE) -> int:
        """Closes the status channel and waits for the exit."""
        self.status.hang_up()
        return self.child.wait(patience)

    def errors(self) -> str:
        """What it wrote to standard error."""
        return self.scratch.errors.read_text(errors="replace")

    def describe(self) -> str:
        """For messages: whether it lives, and what it said."""
        if self.child.alive():
            state = "it lives"
        else:
            state = f"it ended with {self.child.wait()}"
        return f"{state}; log {self.log.rest()}; standard error {self.errors()[-2000:]!r}"

    def finish(self) -> None:
        """Checks what every test promises: nothing leaked, nothing left in the log, a clean end."""
        if self._finished:
            return
        for client in list(self._clients):
            self.leave(client)
        if self.child.alive():
            if self.setup.warm:
                # Some of what remained may have ended since, with its peer.
                self.comes_to_hold_at_most(self.remaining)
            assert self.log.rest() == []
            assert self.hang_up() == 0, self.describe()
            left = [text for text in self.log.rest() if not _AT_THE_END.search(text)]
        else:
            left = self.log.rest()
        assert left == []
        for line in self.log.lines():
            assert line.pid == self.pid
        self.check_sanitizers()
        self.close()

    def check_sanitizers(self) -> None:
        """Fails when a sanitizer reported anything."""
        errors = self.errors()
        assert not any(word in errors for word in _REPORTS), errors

    def close(self) -> None:
        """Ends whatever is left, whatever state it is in."""
        self._finished = True
        for client in list(self._clients):
            self.leave(client)
        self.child.kill(signal.SIGKILL)
        self.child.wait()
        self.status.hang_up()
        self.log.close()
        self.scratch.close()
