"""bench_load, the process that plays all clients."""

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
    """What one short measurement has found; times in seconds."""

    operations: int
    requests: int
    seconds: float
    cpu: float
    p50: float
    p99: float
    # The clients', where they are processes of their own.
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
    """Commands in, answers out; an error when the program ends, which says why."""

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
        """From here on this is the server of that name."""
        self._ask("server", server.key, server.pid, server.path, server.status)

    def fill(self, server: Server, work: str, count: int, first: int = 0) -> None:
        """Does the work so often, each time with another name; the names have numbers."""
        if count:
            self._ask("fill", server.key, work, first, count)

    def slice(
        self, server: Server, work: str, clients: int, bindings: int, warm: int, measured: int
    ) -> Slice:
        """Lets so many clients repeat the work for so many milliseconds."""
        answer = self._ask("slice", server.key, work, clients, bindings, warm, measured)
        found = Slice(**answer)
        if found.operations == 0:
            raise RuntimeError(f"{server.key} does no {work} within {measured} ms")
        return found

    def close(self) -> None:
        """Ends it, in the middle of a slice if need be."""
        self._process.kill()
        self._process.wait()
