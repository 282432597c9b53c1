# SPDX-License-Identifier: Apache-2.0
"""Eight processes that share the connections to one server, with and without a cache."""

from __future__ import annotations

import contextlib
import http.client
import os
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import scache
from common import OURS, Start, get
from harness import program
from harness.scached import Scached
from harness.waiting import PATIENCE, until
from web import Web

EXAMPLE = program.REPOSITORY / "examples" / "prefork.py"
WORKERS = 8


class Crowd:
    """A client for each of the processes, which serve one at a time."""

    def __init__(self, port: int) -> None:
        self._clients = [
            http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(WORKERS)
        ]
        self._pool = ThreadPoolExecutor(WORKERS)
        # The number of answers of each client.
        self.answers = [0] * WORKERS

    def ask_one(self, number: int, path: str) -> None:
        """One client sends a request."""
        assert get(self._clients[number], path)
        self.answers[number] += 1

    def ask(self, path: str, times: int = 1) -> None:
        """All clients send this number of requests at once."""

        def some(number: int) -> None:
            for _ in range(times):
                self.ask_one(number, path)

        list(self._pool.map(some, range(WORKERS)))

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """All clients send requests until the test ends them."""
        enough = threading.Event()

        def go_on(number: int) -> None:
            while not enough.is_set():
                self.ask_one(number, "/")

        with contextlib.ExitStack() as last:
            results = self._pool.map(go_on, range(WORKERS))
            last.callback(lambda: list(results))
            last.callback(enough.set)
            yield

    def go_on(self) -> None:
        """Waits until each client has received more answers."""
        before = list(self.answers)
        until(
            lambda: all(now >= was + 5 for now, was in zip(self.answers, before, strict=True)),
            lambda: f"answers: {before}, then {self.answers}",
        )

    def close(self) -> None:
        """Ends all clients."""
        self._pool.shutdown()
        for client in self._clients:
            client.close()


@contextlib.contextmanager
def prefork(web: Web, path: pathlib.Path) -> Iterator[Crowd]:
    """The example, before a web server and with a cache; all its workers live to the end."""
    environment = {**os.environ, "SCACHE_SOCKET": str(path)}
    environment["PYTHONPATH"] = str(program.REPOSITORY / "python")
    words = [sys.executable, str(EXAMPLE), "0", str(web.port)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            port = int(server.stdout.readline().rstrip(b"/\n").rpartition(b":")[2])
            children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children")
            workers = children.read_text()
            assert len(workers.split()) == WORKERS
            with contextlib.closing(Crowd(port)) as crowd:
                yield crowd
                assert children.read_text() == workers
        finally:
            server.terminate()
    assert server.returncode == 0


def test_there_are_never_more_connections_than_processes(web: Web, start: Start, kind: str) -> None:
    server = start(kind)
    with prefork(web, server.scratch.socket) as crowd:
        for number in range(WORKERS):
            crowd.ask_one(number, "/")
        assert web.connections == 1
        # Each needs a connection while the others have theirs.
        crowd.ask("/meet")
        assert web.connections == WORKERS
        crowd.ask("/", 20)
        assert (web.connections, web.most) == (WORKERS, WORKERS)
        assert len(web.requests) == 22 * WORKERS
    server.log.rest()
    server.remaining = WORKERS


@pytest.fixture
def scached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scached]:
    """It is not started yet."""
    monkeypatch.setenv("SCACHE_UNDER_TEST", OURS)
    with contextlib.closing(Scached()) as server:
        yield server


def test_the_cache_may_be_killed_and_come_back(web: Web, scached: Scached) -> None:
    scached.start_here()
    with prefork(web, scached.path) as crowd:
        crowd.ask("/meet")
        with crowd.asking():
            crowd.go_on()
            scached.signal(signal.SIGKILL)
            crowd.go_on()
            scached.end()
            # Each keeps a connection of its own.
            crowd.go_on()
            without = web.connections
            crowd.go_on()
            assert web.connections == without
            scached.start_here()
            crowd.go_on()
        crowd.ask("/meet")
        # They are shared again, and no client opened another one.
        assert web.connections == without
        until(lambda: web.now == WORKERS, "those that the first server had are closed")
        with scache.Client(scached.path) as cache:
            assert cache.stats()["connections"] == WORKERS
    assert scached.stop() == 0
