# SPDX-License-Identifier: Apache-2.0
"""Two hundred short-lived mail clients, with and without a cache: what one connection saves.

Everything is on loopback and in a scratch directory: scached, a mail server that takes its time to
greet, and examples/smtp_send.cpp, a new process for each mail. Needs no privileges.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from harness.waiting import PATIENCE, GaveUp
from lab.progress import Progress
from lab.sink import Manner, Sink
from lab.table import table

_GREETING_DELAY = 0.02


class Failed(RuntimeError):
    """The mail did not come through as it must."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one way to send it all."""

    connections: int
    seconds: float


def main(words: Sequence[str]) -> int:
    """Send the mail in both ways, then say what was saved."""
    options = _options(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _show(options.programs, options.mails)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (Failed, GaveUp, OSError, subprocess.SubprocessError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mail over one connection, by many processes.")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where they are built")
    parser.add_argument("--mails", type=int, default=200, help="how many (200)")
    options = parser.parse_args(words)
    if options.mails < 1:
        parser.error("at least one mail is needed")
    return options


def _show(programs: pathlib.Path, mails: int) -> None:
    print(
        f"{mails} mails, each sent by a process of its own (examples/smtp_send.cpp), to a mail"
        f" server\non loopback that greets after {_GREETING_DELAY * 1000:.0f} ms."
    )
    without = _send("without a cache", programs, mails, None)
    with _scached(programs) as path:
        cached = _send("with scached", programs, mails, path)
        listed = _ctl(programs, path, "list", "--connections")
        counted = _ctl(programs, path, "stats")
    ways = (without, cached)
    rows = [
        ("TCP connections", [str(way.connections) for way in ways]),
        ("seconds", [f"{way.seconds:.2f}" for way in ways]),
        ("milliseconds for a mail", [f"{way.seconds * 1000 / mails:.1f}" for way in ways]),
    ]
    print("\n" + table(["no cache", "scached"], rows))
    print(
        f"\nsaved: {without.connections - cached.connections} connections,"
        f" {without.seconds - cached.seconds:.1f} seconds"
    )
    print(f"\n$ scachectl list --connections\n{listed}\n$ scachectl stats\n{counted}", end="")


def _send(title: str, programs: pathlib.Path, mails: int, path: pathlib.Path | None) -> Outcome:
    environment = {name: text for name, text in os.environ.items() if name != "SCACHE_SOCKET"}
    if path:
        environment["SCACHE_SOCKET"] = str(path)
    with Sink(manner=Manner(greeting_delay=_GREETING_DELAY)) as sink, Progress(title, mails) as bar:
        began = time.monotonic()
        for number in range(1, mails + 1):
            words = [programs / "smtp_send", sink.address, str(sink.port), f"mail-{number}"]
            subprocess.run(words, env=environment, check=True, timeout=PATIENCE)
            bar.show(number, f"TCP connections: {len(sink.sessions)}")
        seconds = time.monotonic() - began
        if sorted(sink.messages) != sorted(f"mail-{n}" for n in range(1, mails + 1)):
            raise Failed(f"{mails} mails were sent, {len(set(sink.messages))} came")
        return Outcome(len(sink.sessions), seconds)


@contextlib.contextmanager
def _scached(programs: pathlib.Path) -> Iterator[pathlib.Path]:
    """A server in a scratch directory, ready when it is told."""
    with tempfile.TemporaryDirectory(prefix="scache-show-") as folder:
        path = pathlib.Path(folder) / "socket"
        reader, writer = os.pipe()
        words = [programs / "scached", "--socket", str(path), "--ready-fd", str(writer)]
        words += ["--log-level", "warning"]
        with subprocess.Popen(words, pass_fds=[writer]) as server:
            os.close(writer)
            try:
                with open(reader, "rb") as ready:
                    if ready.read() != b"\n":
                        raise Failed("scached does not start")
                yield path
            finally:
                server.terminate()


def _ctl(programs: pathlib.Path, path: pathlib.Path, *words: str) -> str:
    command = [programs / "scachectl", "--socket", str(path), *words]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
