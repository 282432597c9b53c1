# SPDX-License-Identifier: Apache-2.0
"""All kinds of clients at once for a while: the server stays as it was.

SCACHE_SOAK_SECONDS says for how long, SCACHE_SEED what the dice show.
"""

from __future__ import annotations

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from harness import cargo, census, wire
from harness.server import Server
from harness.waiting import until

Start = Callable[..., Server]

WORKER = pathlib.Path(__file__).parent / "soak" / "worker.py"
CREWS = (
    *("deliver", "deliver", "deliver", "hurry", "babble", "vanish", "stall", "hoard"),
    *("share", "pile"),
)

SECONDS = 20.0
LONGEST_TTL = 2
# A share of the time in which memory may still grow to its working size, and what noise adds.
WARM_UP = 0.4
NOISE = 3 << 20
# Nobody is kept waiting longer, on a machine that is busy with clients and other tests.
LONGEST_WAIT = 5.0


class Crews:
    """The worker processes: now and then one is killed and another takes its place."""

    def __init__(self, socket: pathlib.Path, seed: int) -> None:
        self._socket = socket
        self._random = random.Random(seed)
        self._seed = seed
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        for kind in CREWS:
            self._running.append((kind, self._start(kind)))
        self.killed = 0

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        self._seed += 1
        return subprocess.Popen([sys.executable, WORKER, self._socket, kind, str(self._seed)])

    def kill_one(self) -> None:
        """Kills one, wherever it is in its exchange, and starts its successor."""
        at = self._random.randrange(len(self._running))
        kind, process = self._running[at]
        assert process.poll() is None, f"a client of kind {kind} is not served as it should be"
        process.kill()
        process.wait()
        self.killed += 1
        self._running[at] = (kind, self._start(kind))

    def end(self) -> None:
        """Ends all."""
        for _, process in self._running:
            process.send_signal(signal.SIGKILL)
        for _, process in self._running:
            process.wait()


@pytest.fixture
def crews() -> Iterator[list[Crews]]:
    """Ends the crews of a test."""
    started: list[Crews] = []
    yield started
    for each in started:
        each.end()


def has_own_memory(server: Server) -> bool:
    """Whether a sanitizer is in there, whose memory says nothing: it reserves terabytes."""
    return int(census.state(server.pid)["VmSize"].split()[0]) > 1 << 30


def serve_one(server: Server, number: int) -> float:
    """A client that does everything right is served; how long it took."""
    begin = time.monotonic()
    client = server.client()
    item = cargo.unix()
    name = f"own {number}"
    assert client.find_endp(name).reply == wire.FIND_ENDP_MISS
    assert client.save_dest("own destination", "dp", name, 1) == wire.status(0)
    assert client.save_endp(name, "p", item, 2) == wire.status(0)
    found = client.find_dest("own destination")
    assert found.identity == item.identity
    item.close()
    server.leave(client)
    return time.monotonic() - begin


@pytest.mark.only("ours")
def test_stays_as_it_was(start: Start, crews: list[Crews]) -> None:
    seconds = float(os.environ.get("SCACHE_SOAK_SECONDS", SECONDS))
    seed = int(os.environ.get("SCACHE_SEED", "1"))
    server = start(main_cf={"ipc_timeout": "1s", "connection_cache_ttl_limit": f"{LONGEST_TTL}s"})
    at_first = server.resident()
    crews.append(Crews(server.scratch.socket, seed))
    begin = time.monotonic()
    waits: list[float] = []
    warm = most = 0
    while (now := time.monotonic()) < begin + seconds:
        waits.append(serve_one(server, len(waits)))
        if len(waits) % 5 == 0:
            crews[0].kill_one()
        resident = server.resident()
        most = max(most, resident)
        if now < begin + WARM_UP * seconds:
            warm = most
        # Lines are many; those who wrote them are known.
        server.log.rest()
        time.sleep(0.1)
    crews[0].end()

    until(lambda: server.holds() == 0, lambda: f"the same descriptors: {server.descriptors()}")
    at_last = server.resident()
    server.log.rest()
    print(
        f"{seconds:.0f} s, {len(waits)} clients of our own, {crews[0].killed} crews killed; "
        f"resident KiB: first {at_first >> 10}, warm {warm >> 10}, most {most >> 10}, "
        f"last {at_last >> 10}; longest wait {max(waits):.3f} s"
    )
    assert max(waits) < LONGEST_WAIT
    assert serve_one(server, len(waits)) < LONGEST_WAIT
    until(lambda: server.holds() == 0, "everything has expired")
    if not has_own_memory(server):
        assert at_last <= warm + NOISE
