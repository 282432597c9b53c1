# SPDX-License-Identifier: Apache-2.0
"""The example works, and the documents contain it."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
import threading

from common import Start
from harness import program
from harness.waiting import PATIENCE

EXAMPLE = program.REPOSITORY / "examples" / "share.py"
README = program.REPOSITORY / "python" / "README.md"


def test_the_readme_shows_the_example() -> None:
    assert f"```python\n{EXAMPLE.read_text()}```\n" in README.read_text()


def run(path: pathlib.Path | str, times: int) -> None:
    """Runs it this number of times. The server answers only on its first connection."""
    heard = []
    saved = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo() -> None:
            listener.settimeout(PATIENCE)
            connection = listener.accept()[0]
            connection.settimeout(PATIENCE)
            with connection:
                for _ in range(times):
                    heard.append(connection.recv(100))
                    connection.sendall(heard[-1])
                # A connection whose peer has closed it is not saved.
                saved.wait(PATIENCE)

        thread = threading.Thread(target=echo)
        thread.start()
        environment = {
            **os.environ,
            "PYTHONPATH": str(program.REPOSITORY / "python"),
            "SCACHE_SOCKET": str(path),
        }
        code = EXAMPLE.read_text().replace("7007", str(listener.getsockname()[1]))
        for _ in range(times):
            words = [sys.executable, "-c", code]
            assert subprocess.check_output(words, env=environment, timeout=PATIENCE) == b"hello\n"
        saved.set()
        thread.join(PATIENCE)
    assert heard == [b"hello\n"] * times


def test_two_runs_share_a_connection(start: Start, kind: str) -> None:
    server = start(kind)
    run(server.scratch.socket, 2)
    server.log.rest()
    server.remaining = 1


def test_it_goes_on_without_a_cache() -> None:
    run("/nowhere/at/all", 1)
