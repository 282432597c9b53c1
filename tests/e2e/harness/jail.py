# SPDX-License-Identifier: Apache-2.0
"""A root directory of its own for a program, so that a test can be its system logger."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

from harness import scratch
from harness.child import Child, Launch
from harness.program import Program

_LIBRARY = re.compile(r"(/\S+) \(0x")
_FOR_PROGRAM = pathlib.Path("/program")


class Jail:
    """The program with its libraries, accounts, a queue directory and /dev/log."""

    def __init__(self, program: Program, settings: dict[str, str]) -> None:
        self._program = program
        self._scratch = scratch.Scratch("")
        self.root = self._scratch.root
        self._copy_program()
        for name in ("passwd", "group", "nsswitch.conf"):
            if (origin := pathlib.Path("/etc") / name).exists():
                shutil.copy(origin, self.root / "etc" / name)
        main_cf = {
            "compatibility_level": "3.6",
            "queue_directory": "/spool",
            "data_directory": "/data",
            "mail_owner": scratch.MAIL_OWNER,
            "setgid_group": scratch.SETGID_GROUP,
            "myhostname": "e2e.test",
            **settings,
        }
        path = self.root / "etc" / "main.cf"
        path.write_text("".join(f"{name} = {value}\n" for name, value in main_cf.items()))
        os.utime(path, (time.time() - 100,) * 2)
        (self.root / "dev").mkdir()
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(str(self.root / "dev" / "log"))
        (self.root / "dev" / "log").chmod(0o666)
        self.log.settimeout(10)

    def _copy_program(self) -> None:
        found = subprocess.run(
            ["ldd", str(self._program.path)],
            env={**os.environ, **self._program.environment},
            check=True,
            capture_output=True,
            text=True,
        )
        for name in _LIBRARY.findall(found.stdout):
            target = self.root / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, target)
        shutil.copy(self._program.path, self.root / _FOR_PROGRAM.name)

    def run(self, *argv: str) -> int:
        """Runs the program as `scache` with these arguments to its end; its exit status."""
        null = os.open("/dev/null", os.O_RDWR)
        errors = os.open(self._scratch.errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            child = Child(
                Launch(
                    program=_FOR_PROGRAM,
                    argv=["scache", *argv],
                    environment={"MAIL_CONFIG": "/etc", **self._program.environment},
                    directory=pathlib.Path("/spool"),
                    descriptors={0: null, 1: null, 2: errors},
                    root=self.root,
                )
            )
        finally:
            os.close(null)
            os.close(errors)
        self.pid = child.pid
        return child.wait()

    def records(self) -> list[str]:
        """What was logged so far."""
        self.log.setblocking(False)
        found = []
        while True:
            try:
                found.append(self.log.recv(65536).decode("latin-1"))
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Removes everything."""
        self.log.close()
        self._scratch.close()
