"""The servers that are measured, each started in the way it is meant to be."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import socket
import sys
from collections.abc import Iterator

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))

# ruff: noqa: E402
from harness import census
from harness.child import Child, Launch
from harness.maillog import MailLog
from harness.scratch import Scratch
from lab import debian

OURS = "ours"
# The same program once more: what differs between the two is noise.
CONTROL = "control"
# Both as the server that stands alone, for the direct protocol.
SCACHED = "scached"
SCACHED_CONTROL = "scached-control"
STOCK = "stock"
BARE = "bare"
S6 = "s6"
_ROLES = {SCACHED: OURS, SCACHED_CONTROL: CONTROL}
ROLES = frozenset((OURS, CONTROL, STOCK, BARE, S6))

_S6_PROGRAM = pathlib.Path("/usr/bin/s6-fdholderd")
_OPEN_FILES = 20_000
_SO_SNDBUFFORCE = 32
# What its own defaults would end while it is measured, and would say of that.
_SCACHED_TOML = """
ttl.limit = "100000s"
limits.request_time = "300s"
log.level = "warning"
"""


def role_of(name: str) -> str:
    """As what it is compared: a server may be two programs."""
    return _ROLES.get(name, name)


@dataclasses.dataclass(frozen=True)
class Programs:
    """Where the programs are that this repository builds."""

    scache: pathlib.Path
    scached: pathlib.Path
    bare: pathlib.Path


class Server:
    """A running server with an empty cache, on one processor."""

    def __init__(self, name: str, programs: Programs, processor: int) -> None:
        self.name = name
        self.scratch = Scratch(
            {"connection_cache_ttl_limit": "100000s", "max_idle": "100000s", "ipc_timeout": "300s"}
        )
        self.log = MailLog(self.scratch.postlog)
        # Room for what is told before the load looks again; a server that waits would be slow.
        self._status, self._status_of_server = socket.socketpair()
        self._status_of_server.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 4 << 20)
        with _on_processor(processor):
            self._child = self._start(programs)
        self.pid = self._child.pid
        self._status_of_server.close()
        try:
            self._await_first_word()
        except BaseException:
            self.kill()
            raise

    def _start(self, programs: Programs) -> Child:
        if self.name == S6:
            return self._start_s6()
        if self.name in _ROLES:
            return self._start_scached(programs.scached)
        return self._start_postfix(programs)

    @property
    def role(self) -> str:
        """As what it is compared."""
        return role_of(self.name)

    @property
    def path(self) -> pathlib.Path:
        """Its socket."""
        return self.scratch.socket

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        self.path.chmod(0o666)
        listener.listen(100)
        listener.setblocking(False)
        return listener

    def _start_postfix(self, programs: Programs) -> Child:
        program = {BARE: programs.bare, STOCK: None}.get(self.name, programs.scache)
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
        """Until it has opened and closed what it opens and closes at its start."""
        if self.name == S6:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(str(self.path))
            if not client.recv(1):
                raise RuntimeError(f"{self.name} does not serve: {self.complaints()}")

    @property
    def status(self) -> int:
        """The master's end of its status channel."""
        return self._status.fileno()

    def descriptors(self) -> int:
        """How many are open."""
        return len(census.descriptors(self.pid))

    def private_memory(self) -> int:
        """Bytes of memory that are its own and written to."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("smaps_rollup tells no Private_Dirty")

    def complaints(self) -> list[str]:
        """What it has said that nobody wants to hear, and whether it has ended."""
        said = [line.text for line in self.log.lines() if not line.text.startswith("statistics:")]
        errors = self.scratch.errors.read_text(errors="replace").strip()
        return said + [errors] * bool(errors) + ["it has ended"] * (not self._child.alive())

    def stop(self) -> None:
        """Ends it. Whatever it had to complain of makes the measurement worthless."""
        if complaints := self.complaints():
            raise RuntimeError(f"{self.name} complains: {complaints}")
        self.kill()

    def kill(self) -> None:
        """Ends it, whatever state it is in."""
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
def _on_processor(number: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
