# SPDX-License-Identifier: Apache-2.0
"""scached under test: the stand-alone server, in a directory of its own."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from harness import program, wire
from harness.client import Client
from harness.holder import Holder
from harness.waiting import PATIENCE, until

# An unprivileged user that exists on every machine.
SOMEBODY = 65534


def executable() -> pathlib.Path:
    """The program, beside scache."""
    return program.under_test().path.with_name("scached")


class Manager:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, name: str | bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(PATIENCE)

    def told(self) -> str:
        """The next message."""
        return self.socket.recv(4096).decode()


class Scached(Holder):
    """One process. All its files are in `directory`."""

    def __init__(self, directory: pathlib.Path | None = None) -> None:
        self._own = directory is None
        self.directory = directory or pathlib.Path(tempfile.mkdtemp(prefix="scached-"))
        self.path = self.directory / "run" / "scached.sock"
        self.configuration = self.directory / "scached.toml"
        self.errors = self.directory / "errors"
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []

    def configure(self, text: str) -> None:
        """Writes the configuration file."""
        self.configuration.write_text(text)

    def start(
        self,
        *words: str,
        environment: Mapping[str, str] | None = None,
        wrapper: Sequence[str] = (),
        user: int | None = None,
        pass_fds: Sequence[int] = (),
        stderr: int | None = None,
        ready: bool = True,
    ) -> Scached:
        """Starts it; with `ready`, waits until it is ready. It logs to `stderr`, or to a file."""
        reading, writing = os.pipe()
        known = ["--ready-fd", str(writing)] if ready else []
        own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                [*wrapper, str(self._executable_by(user)), *words, *known],
                env=own | program.under_test().environment | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors if stderr is None else stderr,
                pass_fds=[*pass_fds, writing],
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        os.close(writing)
        self.pid = self.process.pid
        with open(reading, "rb") as pipe:
            if ready:
                assert pipe.read() == b"\n", self.log()
        return self

    def _executable_by(self, user: int | None) -> pathlib.Path:
        """A copy for another user, who may have no way to the folder of this tree."""
        if user is None:
            return executable()
        return pathlib.Path(shutil.copy(executable(), self.directory / "scached"))

    def start_here(self, *words: str, **more: object) -> Scached:
        """Starts it at the path of this object, with its configuration file if there is one."""
        if self.configuration.exists():
            words = ("--config", str(self.configuration), *words)
        return self.start("--socket", str(self.path), *words, **more)  # type: ignore[arg-type]

    def signal(self, number: int) -> None:
        """Sends a signal to it."""
        assert self.process is not None
        self.process.send_signal(number)

    def log(self) -> str:
        """Its output to standard error."""
        return self.errors.read_text()

    def wait_for(self, text: str) -> None:
        """Waits for a text in the log."""
        until(lambda: text in self.log(), lambda: f"{text!r} in {self.log()!r}")

    def client(self) -> Client:
        """A client that has read the greeting."""
        client = Client(self.path)
        self._clients.append(client)
        client.expect(wire.GREETING)
        return client

    def leave(self, *clients: Client) -> None:
        """Closes the clients."""
        for client in clients:
            client.close()
            self._clients.remove(client)

    def stranger(self, user: int = SOMEBODY, groups: Sequence[int] = ()) -> bytes:
        """The first bytes that another user receives."""
        words = (
            "import os, socket, sys;"
            f"os.setgroups({list(groups)}); os.setgid({user}); os.setuid({user});"
            f"s = socket.socket(socket.AF_UNIX); s.connect({str(self.path)!r});"
            "sys.stdout.buffer.write(s.recv(1000))"
        )
        return subprocess.run(
            ["/usr/bin/python3", "-c", words], stdout=subprocess.PIPE, check=True, timeout=PATIENCE
        ).stdout

    def reload(self) -> None:
        """Sends SIGHUP, and waits until the reload is complete."""
        said = self.log()
        self.signal(signal.SIGHUP)
        texts = ("configuration reloaded\n", "no changes were applied\n")
        until(lambda: self.log()[len(said) :].endswith(texts), "it reads its configuration again")

    def end(self, patience: float = PATIENCE) -> int:
        """Waits until it exits; returns its exit status."""
        assert self.process is not None
        return self.process.wait(patience)

    def stop(self) -> int:
        """Sends SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.end()

    def close(self) -> None:
        """Stops it if it still runs."""
        for client in self._clients:
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._own:
            shutil.rmtree(self.directory)


def run(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs scached until it exits."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return subprocess.run(
        [str(executable()), *words],
        env=own | program.under_test().environment | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class AsUser:
    """The server, as one of its users sees it."""

    def __init__(self, scached: Scached, user: int) -> None:
        self.scached = scached
        self.user = user

    def client(self) -> Client:
        """A client that is this user's, as the kernel reports it."""
        os.seteuid(self.user)
        try:
            return self.scached.client()
        finally:
            os.seteuid(0)

    def leave(self, *clients: Client) -> None:
        """Closes the clients."""
        self.scached.leave(*clients)
