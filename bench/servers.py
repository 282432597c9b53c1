# SPDX-License-Identifier: Apache-2.0
"""The servers of the benchmark, each started as intended by its authors."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Set

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))

# ruff: noqa: E402
from harness import census
from harness.child import Child, Launch
from harness.maillog import MailLog
from harness.scratch import Scratch
from lab import debian

OURS = "ours"
# The control is the same program: a difference between the two is noise.
CONTROL = "control"
STOCK = "stock"
BARE = "bare"
S6 = "s6"
OTHERS = frozenset((CONTROL, STOCK, S6))

_S6_PROGRAM = pathlib.Path("/usr/bin/s6-fdholderd")
_OPEN_FILES = 20_000
_SO_SNDBUFFORCE = 32
# The client for Python asks every server for the direct protocol first.
_EXPECTED = re.compile(r'statistics: |warning: unrecognized request: "direct", ignored$')
# Disables defaults that would remove entries during the measurement, or log about it.
_SCACHED_TOML = """
ttl.limit = "100000s"
limits.request_time = "300s"
log.level = "warning"
"""


@dataclasses.dataclass(frozen=True)
class Programs:
    """The folders of the programs of this repository, and of variants by name."""

    ours: pathlib.Path
    bare: pathlib.Path
    variants: Mapping[str, pathlib.Path] = dataclasses.field(default_factory=dict)

    def folder(self, role: str) -> pathlib.Path:
        """The folder of scache and scached of a role."""
        return self.variants.get(role, self.ours)


class Server:
    """A running server with an empty cache.

    `role`: as what it is compared. `direct`: ours is the server that stands alone.
    """

    def __init__(
        self, role: str, programs: Programs, processors: Set[int], *, direct: bool
    ) -> None:
        self.role = role
        self.direct = direct
        self.scratch = Scratch(
            {"connection_cache_ttl_limit": "100000s", "max_idle": "100000s", "ipc_timeout": "300s"}
        )
        self.log = MailLog(self.scratch.postlog)
        # Room for all status messages of a slice: a full channel would block the server.
        self._status, self._status_of_server = socket.socketpair()
        self._status_of_server.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 64 << 20)
        with _on_processors(processors):
            self._child = self._start(programs)
        self.pid = self._child.pid
        self._status_of_server.close()
        try:
            self._await_first_word()
        except BaseException:
            self.kill()
            raise

    def _start(self, programs: Programs) -> Child:
        if self.role == S6:
            return self._start_s6()
        if self.direct and self.role not in (BARE, STOCK):
            return self._start_scached(programs.folder(self.role) / "scached")
        return self._start_postfix(programs)

    @property
    def key(self) -> str:
        """A unique name of the server."""
        return f"{self.role}-direct" if self.direct else self.role

    @property
    def path(self) -> pathlib.Path:
        """The path of its socket."""
        return self.scratch.socket

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        self.path.chmod(0o666)
        listener.listen(100)
        listener.setblocking(False)
        return listener

    def _start_postfix(self, programs: Programs) -> Child:
        program = {BARE: programs.bare, STOCK: None}.get(
            self.role, programs.folder(self.role) / "scache"
        )
        environment = {
            "GENERATION": "10",
            "LANG": "C",
            "MAIL_CONFIG": str(self.scratch.config),
            "MAIL_LOGTAG": "bench",
            "POSTLOG_SERVICE": str(self.scratch.postlog),
            "POSTLOG_HOSTNAME": "bench.test",
        }
        if program is None:
            tree = debian.unpacked()
            program = debian.daemons(tree) / "scache"
            environment["LD_LIBRARY_PATH"] = str(debian.libraries(tree))
        argv = ["scache", "-l", "-t", "unix", "-u"]
        with self._listen() as listener, _plain_files(self.scratch) as (null, errors):
            flow = os.pipe2(os.O_NONBLOCK)
            status = self._status_of_server.fileno()
            numbers = (null, null, errors, *flow, status, listener.fileno())
            try:
                return self._launch(program, argv, environment, numbers)
            finally:
                for number in flow:
                    os.close(number)

    def _start_s6(self) -> Child:
        rules = self.scratch.root / "rules" / "uid" / "default"
        (rules / "env").mkdir(parents=True)
        (rules / "allow").touch()
        for name in ("STORE", "RETRIEVE"):
            (rules / "env" / f"S6_FDHOLDER_{name}_REGEX").write_text("^")
        folder = str(self.scratch.root / "rules")
        argv = ["s6-fdholderd", "-c", "256", "-n", "19500", "-i", folder]
        with self._listen() as listener, _plain_files(self.scratch) as (null, errors):
            return self._launch(_S6_PROGRAM, argv, {}, (listener.fileno(), null, errors))

    def _start_scached(self, program: pathlib.Path) -> Child:
        configuration = self.scratch.root / "scached.toml"
        configuration.write_text(_SCACHED_TOML)
        argv = ["scached", "--config", str(configuration), "--socket", str(self.path)]
        is_ready, ready = os.pipe()
        with _plain_files(self.scratch) as (null, errors):
            child = self._launch(program, [*argv, "--ready-fd", "3"], {}, (null, null, errors, ready))
        os.close(ready)
        with os.fdopen(is_ready, "rb") as word:
            word.read(1)
        return child

    def _launch(
        self,
        program: pathlib.Path,
        argv: list[str],
        environment: dict[str, str],
        numbers: tuple[int, ...],
    ) -> Child:
        if not os.access(program, os.X_OK):
            raise RuntimeError(f"there is no program {program}")
        return Child(
            Launch(
                program=program,
                argv=argv,
                environment=environment,
                directory=self.scratch.queue,
                descriptors=dict(enumerate(numbers)),
                nofile=(_OPEN_FILES, _OPEN_FILES),
            )
        )

    def _await_first_word(self) -> None:
        """Waits until its number of descriptors is stable after the start."""
        if self.role == S6:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(str(self.path))
            if not client.recv(1):
                raise RuntimeError(f"{self.key} does not serve: {self.complaints()}")

    @property
    def status(self) -> int:
        """The master's end of its status channel."""
        return self._status.fileno()

    def read_status(self) -> None:
        """Discards the status messages. No process waits for them, so that none is woken."""
        with contextlib.suppress(BlockingIOError):
            while self._status.recv(1 << 20, socket.MSG_DONTWAIT):
                pass

    def descriptors(self) -> int:
        """The number of open descriptors."""
        return len(census.descriptors(self.pid))

    def private_memory(self) -> int:
        """Bytes of private dirty memory."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("smaps_rollup tells no Private_Dirty")

    def complaints(self) -> list[str]:
        """Unexpected log lines, and whether the server has ended."""
        said = [line.text for line in self.log.lines() if not _EXPECTED.match(line.text)]
        errors = self.scratch.errors.read_text(errors="replace").strip()
        return said + [errors] * bool(errors) + ["it has ended"] * (not self._child.alive())

    def kill(self) -> None:
        """Kills it."""
        self._child.kill(signal.SIGKILL)
        self._child.wait()
        self._status.close()
        self.log.close()
        self.scratch.close()


@contextlib.contextmanager
def _plain_files(scratch: Scratch) -> Iterator[tuple[int, int]]:
    null = os.open("/dev/null", os.O_RDWR)
    errors = os.open(scratch.errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        yield null, errors
    finally:
        os.close(null)
        os.close(errors)


@contextlib.contextmanager
def _on_processors(numbers: Set[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, numbers)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
