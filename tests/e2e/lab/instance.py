# SPDX-License-Identifier: Apache-2.0
"""A private Postfix: its own configuration, queue and log in a scratch directory.

It shares nothing with the machine's mail system, listens on no port and leaves nothing behind.
Any number of them may run at once. Only root can run one.
"""

from __future__ import annotations

import atexit
import contextlib
import grp
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from types import TracebackType

from harness.waiting import PATIENCE, until
from lab import debian, processes, settings
from lab.maillog import MailLog

# No instance outlives this, whatever becomes of the program that made it.
_LONGEST_LIFE = 900

# The directories of a queue with their modes, all the owner's but the root's own.
_OWNERS_FOLDERS = {
    **dict.fromkeys(
        ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming")
        + ("private", "saved", "trace"),
        0o700,
    ),
    "maildrop": 0o730,
    "public": 0o710,
}


# What a sanitizer's report on standard error can be told by.
_REPORTS = ("Sanitizer", "runtime error:")

# Instances that are not removed yet: an interrupt may strike while one of them is being removed.
_PRESENT: set[Postfix] = set()


class CannotRun(RuntimeError):
    """No private instance is possible here, or it did not start."""


class Postfix:
    """One running instance; a context manager."""

    def __init__(
        self,
        transports: Mapping[str, str],
        *,
        server: pathlib.Path | None = None,
        has_server: bool = True,
        chroot: bool = False,
        options: Iterable[str] = (),
        parameters: Mapping[str, str] | None = None,
        hosts: Mapping[str, Iterable[str]] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Mail for a domain goes by `transports[domain]`, as in a transport table.

        `server` is the program that serves as scache, Postfix's own if there is none; `options`
        are words for its command line. Without `has_server`, master.cf has no scache: another
        program may listen in its place. `parameters` go to main.cf, over what is there. `hosts`
        tells the instance's clients the addresses of host names. `environment` reaches every
        daemon.
        """
        self._transports = dict(transports)
        self._server = server
        self._has_server = has_server
        self._chroot = chroot
        self._options = list(options)
        self._parameters = dict(parameters or {})
        self._hosts = {name: list(addresses) for name, addresses in (hosts or {}).items()}
        self._environment = dict(environment or {})
        self._tree = debian.unpacked()
        self._master: subprocess.Popen[bytes] | None = None
        self.base = pathlib.Path()
        self.log = MailLog(self.base)

    def __enter__(self) -> Postfix:
        if os.geteuid() != 0:
            raise CannotRun("only root can run a Postfix instance, even a private one")
        scratch = pathlib.Path(tempfile.gettempdir()).resolve()
        if not all(folder.stat().st_mode & 0o001 for folder in (scratch, *scratch.parents)):
            raise CannotRun(f"{settings.OWNER} cannot enter {scratch}: set TMPDIR to another place")
        self.base = scratch / f"scache-postfix-{secrets.token_hex(6)}"
        _PRESENT.add(self)
        self.base.mkdir()
        self.log = MailLog(self.base / "maillog")
        try:
            self._lay_out()
            self._choose_server()
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A test that fails shows what the instance said.
        if problem is not None and hasattr(problem, "add_note"):
            bad = self.log.lines(r"(warning|error|fatal|panic|reject|status=(deferred|bounced))")
            parts = [*bad[-20:], "and ends in:", *self.log.lines()[-15:], self.said()[-4000:]]
            problem.add_note("the mail log has:\n" + "\n".join(parts))
        self._end()
        said = self.said()
        self._remove()
        if problem is None and any(word in said for word in _REPORTS):
            raise AssertionError(f"a sanitizer has something to say:\n{said[-8000:]}")

    @property
    def inlet(self) -> pathlib.Path:
        """The socket on which the instance takes mail, by SMTP."""
        return self.base / "queue/public/inject"

    @property
    def master(self) -> int:
        """The process id of master."""
        assert self._master is not None
        return self._master.pid

    @property
    def server_program(self) -> pathlib.Path:
        """The program that serves as scache."""
        return (self._server or debian.daemons(self._tree) / "scache").resolve()

    @property
    def owner(self) -> int:
        """The user id of mail_owner, under which the daemons run."""
        return pwd.getpwnam(settings.OWNER).pw_uid

    def server_pid(self) -> int | None:
        """The process id of the serving scache; there is none before the first client."""
        for pid in processes.children(self.master):
            if processes.program(pid) == self.server_program:
                return pid
        return None

    def wait_server(self, other_than: int | None = None) -> int:
        """Its process id as soon as there is one, other than that of an earlier process."""
        return until(
            lambda: (pid if (pid := self.server_pid()) != other_than else None),
            "scache to be started",
        )

    def pids(self, name: str) -> list[int]:
        """The processes of one of the daemons, smtp for instance."""
        path = debian.daemons(self._tree) / name
        return [pid for pid in processes.children(self.master) if processes.program(pid) == path]

    def postfix(self, *words: str) -> str:
        """Run the command `postfix` on this instance: what it says."""
        return self._command("postfix", *words)

    def reload(self) -> None:
        """As the administrator does it: every daemon ends and is started again when needed."""
        self.postfix("reload")

    def set_parameter(self, name: str, value: str) -> None:
        """Edit main.cf; daemons read it when they start."""
        self._command("postconf", "-e", f"{name}={value}")
        self._backdate()

    def set_server(self, options: Iterable[str]) -> None:
        """Edit the line of master.cf with which scache is started; a reload makes it count."""
        self._options = list(options)
        self._choose_server()

    def add_service(self, line: str) -> None:
        """Add a line to master.cf, as postconf -M takes it; a reload makes it count."""
        self._command("postconf", "-M", line)
        self._backdate()

    def restart(self) -> None:
        """Stop, wait until every process has ended, and start again."""
        self.postfix("stop")
        self.wait_stopped()
        self.inlet.unlink(missing_ok=True)
        self._start()

    def said(self) -> str:
        """What the daemons wrote to their standard error; in good health that is nothing."""
        return (self.base / "master.out").read_text(errors="replace")

    def _lay_out(self) -> None:
        group = grp.getgrnam(settings.GROUP).gr_gid
        self.base.chmod(0o755)
        for folder in ("etc", "queue", "queue/etc", "queue/pid", "data"):
            self._folder(folder, 0o755)
        os.chown(self.base / "data", self.owner, -1)
        for name, mode in _OWNERS_FOLDERS.items():
            folder = self._folder(f"queue/{name}", mode)
            os.chown(folder, self.owner, group if name in ("maildrop", "public") else -1)
        etc = self.base / "etc"
        (etc / "main.cf").write_text(
            settings.main_cf(
                settings.Places(self.base, self._tree),
                self._transports,
                self._parameters,
                self._environment,
            )
        )
        (etc / "master.cf").write_text(settings.master_cf())
        (etc / "transport").write_text(
            "".join(f"{domain} {where}\n" for domain, where in self._transports.items())
        )
        (self.base / "queue/etc/nsswitch.conf").write_text("hosts: files\n")
        (self.base / "queue/etc/host.conf").write_text("multi on\n")
        (self.base / "queue/etc/hosts").write_text(
            "".join(f"{a} {name}\n" for name, all_of in self._hosts.items() for a in all_of)
        )

    def _folder(self, name: str, mode: int) -> pathlib.Path:
        path = self.base / name
        path.mkdir()
        path.chmod(mode)
        return path

    def _choose_server(self) -> None:
        name = "scache"
        if self._server is not None:
            # The command's base name is the log tag, so the path may lead anywhere.
            folder = debian.daemons(self._tree).resolve()
            name = os.path.relpath(self._server.resolve(), folder)
        words = " ".join([name, *self._options])
        chroot = "y" if self._chroot else "n"
        self._backdate()
        if not self._has_server:
            self._command("postconf", "-MX", "scache/unix")
            return self._backdate()
        self._command("postconf", "-M", f"scache/unix=scache unix - - {chroot} - 1 {words}")
        self._backdate()

    def _backdate(self) -> None:
        # Postfix reads a file that was just changed again and again until it is some seconds old.
        for name in ("main.cf", "master.cf", "transport"):
            os.utime(self.base / "etc" / name, (time.time() - 100,) * 2)

    def _variables(self) -> dict[str, str]:
        return {
            **self._environment,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C",
            "LD_LIBRARY_PATH": str(debian.libraries(self._tree)),
            "MAIL_CONFIG": f"{self.base}/etc",
        }

    def _command(self, name: str, *words: str) -> str:
        path = debian.commands(self._tree) / name
        done = subprocess.run(
            [path, "-c", f"{self.base}/etc", *words], env=self._variables(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise CannotRun(f"{name} {' '.join(words)}: {done.stdout.strip()}")
        return done.stdout

    def _start(self) -> None:
        # In the foreground, so that it is our child, but with a session and group of its own.
        with (self.base / "master.out").open("wb") as output:
            self._master = subprocess.Popen(
                [debian.daemons(self._tree) / "master", "-s", "-e", str(_LONGEST_LIFE)]
                + ["-c", f"{self.base}/etc"],
                env=self._variables(), cwd=self.base / "queue", stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        until(self._started, "master to start")

    def _started(self) -> bool:
        assert self._master is not None
        if self._master.poll() is not None:
            raise CannotRun(f"master ended at once; it said: {self.said().strip() or 'nothing'}")
        return bool(self.log.lines(r"master\[\d+\]: daemon started")) and self.inlet.exists()

    def wait_stopped(self, seconds: float = PATIENCE) -> None:
        """Return when master has ended and every process of the instance with it."""
        assert self._master is not None
        self._master.wait(seconds)
        until(lambda: not self.all_pids(), "the instance's daemons to end", seconds)

    def all_pids(self) -> list[int]:
        """Every process of this instance, whoever its parent is."""
        found = processes.with_environment(f"MAIL_CONFIG={self.base}/etc")
        return [pid for pid in found if not processes.gone(pid)]

    def _end(self) -> None:
        """No process is left afterwards."""
        if self._master is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._master.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._master.wait(5)
        with contextlib.suppress(AssertionError):
            until(lambda: not self.all_pids(), "the instance's daemons to end", 5)
        for pid in self.all_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._master is not None:
            self._master.wait()

    def _remove(self) -> None:
        self._end()
        shutil.rmtree(self.base, ignore_errors=True)
        _PRESENT.discard(self)


@atexit.register
def _remove_present() -> None:
    """The last chance of what an interrupted program left."""
    if _PRESENT:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for postfix in list(_PRESENT):
        postfix._remove()
