# SPDX-License-Identifier: Apache-2.0
"""Clients in separate processes, each with one stream, that block for each answer."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Set

from driver import Slice
from servers import Server
from tally import Tallies

_CLOCK_OF_PROCESS = 2
_PATIENCE = 60.0
_PYTHON_CLIENT = pathlib.Path(__file__).with_name("client.py")


def cpu_seconds(pid: int) -> float:
    """The processor time of all threads of a process."""
    return time.clock_gettime(~pid << 3 | _CLOCK_OF_PROCESS)


@dataclasses.dataclass(frozen=True)
class Task:
    """The task of clients: a library, a workload, and the number of requests of an operation."""

    way: str
    work: str
    requests: int


class Crowd:
    """Client processes, which connect before the first slice."""

    def __init__(
        self,
        program: pathlib.Path,
        processors: Set[int],
        server: Server,
        task: Task,
        clients: int,
        bindings: int,
    ) -> None:
        self._server = server
        self._task = task
        memory = os.memfd_create("tallies")
        self._tallies = Tallies(memory, clients)
        self._slices = 1
        gate, self._gate = os.pipe()
        self._clients = []
        for place in range(clients):
            words = [server.path, task.way, task.work, place, clients, bindings, memory]
            argv: list[object] = [program, *words]
            if task.way == "python":
                argv = [sys.executable, _PYTHON_CLIENT, server.path, task.work, place, clients,
                        memory]  # fmt: skip
            process = subprocess.Popen(list(map(str, argv)), stdin=gate, pass_fds=[memory])
            os.sched_setaffinity(process.pid, processors)
            self._clients.append(process)
        os.close(gate)
        os.close(memory)
        self._await()

    def slice(self, warm: int, measured: int) -> Slice:
        """Starts them, waits for the warm-up, and measures; longer for a server that is so slow
        that it has answered nothing."""
        self._server.read_status()
        self._tallies.running = 1
        os.write(self._gate, b"g" * len(self._clients))
        time.sleep(warm / 1000)
        first, times = self._tallies.operations(), self._clocks()
        time.sleep(measured / 1000)
        end = time.monotonic() + _PATIENCE
        while (last := self._tallies.operations()) == first and time.monotonic() < end:
            time.sleep(measured / 1000)
        later = self._clocks()
        self._tallies.running = 0
        self._slices += 1
        self._await()
        operations = sum(last) - sum(first)
        if operations == 0:
            raise RuntimeError(f"{self._server.role} does no {self._task.work} in {_PATIENCE} s")
        nanoseconds = self._tallies.times(first, last)
        seconds, cpu, clients = (b - a for a, b in zip(times, later, strict=True))
        return Slice(
            operations=operations,
            requests=operations * self._task.requests,
            seconds=seconds,
            cpu=cpu,
            clients_cpu=clients,
            p50=nanoseconds[len(nanoseconds) // 2] / 1e9,
            p99=nanoseconds[len(nanoseconds) * 99 // 100] / 1e9,
        )

    def _clocks(self) -> tuple[float, float, float]:
        clients = sum(cpu_seconds(process.pid) for process in self._clients)
        return time.monotonic(), cpu_seconds(self._server.pid), clients

    def _await(self) -> None:
        """Waits until all have stopped. A fast one may have started twice, in place of another."""
        end = time.monotonic() + _PATIENCE
        while self._tallies.stops() < self._slices * len(self._clients):
            if any(process.poll() is not None for process in self._clients):
                raise RuntimeError(f"a client of {self._server.role} has ended")
            if time.monotonic() > end:
                raise RuntimeError(f"{self._server.role} does not answer")
            time.sleep(0.0005)

    def close(self) -> None:
        """Ends them."""
        os.close(self._gate)
        for process in self._clients:
            process.kill()
            process.wait()
