# SPDX-License-Identifier: Apache-2.0
"""Servers of other projects that log how a client leaves: Redis, PostgreSQL, Dovecot, Exim."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator

from harness.waiting import PATIENCE, until
from lab import packages

# An account that every Debian has, and that owns no files.
NOBODY, NOGROUP = 65534, 65534


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a server runs."""

    folder: pathlib.Path
    port: int
    # The words before a command of its package.
    inside: list[str]
    log: pathlib.Path


def _redis(place: Place) -> list[str]:
    return ["redis-server", "--port", str(place.port), "--bind", "127.0.0.1"] + [
        "--loglevel", "verbose", "--logfile", str(place.log), "--save", "", "--dir",
        str(place.folder),
    ]  # fmt: skip


def _postgresql(place: Place) -> list[str]:
    found = subprocess.run(
        [*place.inside, "sh", "-c", "ls -d /usr/lib/postgresql/*/bin"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    programs = found.stdout.split()[-1]
    data = place.folder / "data"
    somebody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOGROUP}", "--clear-groups"]
    subprocess.run(
        [*place.inside, *somebody, f"{programs}/initdb", "-D", str(data), "-A", "trust"]
        + ["-U", "e2e", "-N", "--locale=C", "-E", "UTF8"],
        capture_output=True, check=True, cwd=place.folder,
    )  # fmt: skip
    settings = {
        "port": str(place.port), "listen_addresses": "127.0.0.1", "fsync": "off", "jit": "off",
        "unix_socket_directories": str(place.folder), "log_disconnections": "on",
        "log_min_messages": "debug1", "shared_buffers": "1MB", "max_connections": "10",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [*somebody, f"{programs}/postgres", "-D", str(data), *words]


def _dovecot(place: Place) -> list[str]:
    configuration = place.folder / "dovecot.conf"
    told = subprocess.run(
        [*place.inside, "dovecot", "--version"], capture_output=True, text=True, check=True
    )
    if told.stdout.startswith("2.3"):
        first, mail = "", f"mail_location = maildir:{place.folder}/mail"
    else:
        # From 2.4 on; it reads these names of settings in later versions, too.
        first = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0"
        mail = f"mail_driver = maildir\nmail_path = {place.folder}/mail"
    configuration.write_text(f"""\
{first}
base_dir = {place.folder}/run
state_dir = {place.folder}/state
log_path = {place.log}
protocols = lmtp
listen = 127.0.0.1
ssl = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
{mail}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {place.port}
  }}
}}
""")
    return ["dovecot", "-F", "-c", str(configuration)]


def _exim(place: Place) -> list[str]:
    configuration = place.folder / "exim.conf"
    configuration.write_text(f"""
exim_user = nobody
exim_group = nogroup
primary_hostname = exim.test
spool_directory = {place.folder}/spool
log_file_path = {place.folder}/log%s
pid_file_path = {place.folder}/pid
log_selector = +smtp_connection
local_interfaces = 127.0.0.1
daemon_smtp_ports = {place.port}
acl_smtp_rcpt = accept
host_lookup =
rfc1413_hosts =
""")
    return ["exim4", "-C", str(configuration), "-bdf"]


def _lines(stream: socket.socket, *says: bytes) -> None:
    """A dialogue of lines that the client begins after a greeting."""
    with stream.makefile("rb") as answers:
        for word in (b"", *says):
            stream.sendall(word)
            while (line := answers.readline())[3:4] == b"-":
                pass
            assert line.startswith((b"2", b"+")), line


def _talk_smtp(stream: socket.socket) -> None:
    _lines(stream, b"EHLO e2e.test\r\n", b"NOOP\r\n")


def _talk_lmtp(stream: socket.socket) -> None:
    _lines(stream, b"LHLO e2e.test\r\n", b"NOOP\r\n")


def _talk_redis(stream: socket.socket) -> None:
    stream.sendall(b"PING\r\n")
    assert stream.recv(100) == b"+PONG\r\n"


def _talk_postgresql(stream: socket.socket) -> None:
    body = struct.pack(">I", 196608) + b"user\0e2e\0database\0postgres\0\0"
    stream.sendall(struct.pack(">I", len(body) + 4) + body)
    said = b""
    # ReadyForQuery, idle.
    while not said.endswith(b"Z\0\0\0\5I"):
        data = stream.recv(4096)
        assert data, said
        said += data


@dataclasses.dataclass(frozen=True)
class Kind:
    """A server: its package, how it starts and is spoken to, and what it logs of a client."""

    package: str
    protocol: str
    command: Callable[[Place], list[str]]
    talk: Callable[[socket.socket], None]
    # After a goodbye, and after a close without one. Either may be nothing.
    polite: str
    lost: str
    owner: int = 0
    # What it logs when it serves clients, if it listens earlier.
    ready: str = ""


KINDS = {
    "exim": Kind(
        "exim4-daemon-light", "smtp", _exim, _talk_smtp,
        "SMTP connection from .* closed by QUIT", "SMTP connection from .* lost",
    ),
    "dovecot": Kind(
        "dovecot-lmtpd", "lmtp", _dovecot, _talk_lmtp,
        "Disconnect from .*: .*(Logged out|has quit)", "Disconnect from .*: .*[Cc]onnection closed",
    ),
    "redis": Kind("redis-server", "redis", _redis, _talk_redis, "", "Client closed connection"),
    "postgresql": Kind(
        "postgresql", "postgresql", _postgresql, _talk_postgresql,
        "", "unexpected EOF on client connection", NOBODY, "ready to accept connections",
    ),
}  # fmt: skip


class Receiver:
    """One running server."""

    def __init__(self, kind: Kind, place: Place) -> None:
        self.kind = kind
        self._place = place

    @property
    def log(self) -> str:
        """What it has logged."""
        with contextlib.suppress(FileNotFoundError):
            return self._place.log.read_text(errors="replace")
        return ""

    def connect(self) -> socket.socket:
        """A connection that is idle after some requests."""
        stream = socket.create_connection(("127.0.0.1", self._place.port), timeout=PATIENCE)
        self.kind.talk(stream)
        return stream


def free_port() -> int:
    """A port of the loopback address that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def receiver(name: str) -> Iterator[Receiver]:
    """A server of its own, in a directory of its own."""
    kind = KINDS[name]
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"scache-{name}-"))
    process = None
    try:
        folder.chmod(0o755)
        for each in ("spool", "mail", "run", "state"):
            (folder / each).mkdir()
            os.chown(folder / each, NOBODY, NOGROUP)
        if kind.owner:
            os.chown(folder, kind.owner, -1)
        # Exim was built with the name of an account that its package would create.
        for table, row in (
            ("passwd", f"Debian-exim:x:{NOBODY}:{NOGROUP}::/:/usr/sbin/nologin\n"),
            ("group", f"Debian-exim:x:{NOGROUP}:\n"),
        ):
            (folder / table).write_text(pathlib.Path(f"/etc/{table}").read_text() + row)
        inside = packages.inside(packages.unpacked(kind.package), folder)
        place = Place(folder, free_port(), inside, folder / "logmain")
        place.log.touch()
        os.chown(place.log, NOBODY, NOGROUP)
        with place.log.open("ab") as output:
            process = subprocess.Popen(
                [*place.inside, *kind.command(place)], cwd=folder, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        one = Receiver(kind, place)
        until(
            lambda: listens(place.port) and kind.ready in one.log,
            lambda: f"{name} to listen: {one.log[-2000:]}",
        )
        yield one
    finally:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def listens(port: int) -> bool:
    """Whether somebody listens. A connection that only tried would be in the log."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        sockets = [line.split()[1:4] for line in table]
    return any(local == f"0100007F:{port:04X}" and state == "0A" for local, _, state in sockets)
