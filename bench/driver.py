# SPDX-License-Identifier: Apache-2.0
"""bench_load, the process that simulates all clients."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
from typing import Any

from servers import Server


@dataclasses.dataclass(frozen=True)
class Slice:
    """The result of one slice; times in seconds."""

    operations: int
    requests: int
    seconds: float
    cpu: float
    p50: float
    p99: float
    # Of clients in separate processes.
    clients_cpu: float = 0.0

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu_of_request(self) -> float:
        """The server's processor time for each request."""
        return self.cpu / self.requests

    @property
    def clients_cpu_of_request(self) -> float:
        """The clients' processor time for each request."""
        return self.clients_cpu / self.requests

    @property
    def idle_of_request(self) -> float:
        """The time of both processors, for each request, in which neither server nor client ran."""
        return (2 * self.seconds - self.cpu - self.clients_cpu) / self.requests


class Driver:
    """Sends commands and reads answers. Raises an error when the program ends with a message."""

    def __init__(self, program: pathlib.Path, processor: int) -> None:
        self._process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        os.sched_setaffinity(self._process.pid, {processor})

    def _ask(self, *words: object) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        line = " ".join(map(str, words))
        self._process.stdin.write(line + "\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the load has ended ({self._process.wait()}) after: {line}")
        return json.loads(answer)

    def add(self, server: Server) -> None:
        """Registers the server under its name."""
        self._ask("server", server.key, server.pid, server.path, server.status)

    def fill(self, server: Server, work: str, count: int, first: int = 0) -> None:
        """Repeats the workload `count` times, with a new numbered name each time."""
        if count:
            self._ask("fill", server.key, work, first, count)

    def slice(
        self, server: Server, work: str, clients: int, bindings: int, warm: int, measured: int
    ) -> Slice:
        """Has clients repeat the workload for a number of milliseconds; longer if a server is so
        slow that it answers nothing in that time."""
        for longer in (1, 4, 16, 64):
            words = (work, clients, bindings, warm, measured * longer)
            found = Slice(**self._ask("slice", server.key, *words))
            if found.operations > 0:
                return found
        raise RuntimeError(f"{server.key} does no {work} within {measured * longer} ms")

    def close(self) -> None:
        """Ends it, also within a slice."""
        self._process.kill()
        self._process.wait()
