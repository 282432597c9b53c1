# SPDX-License-Identifier: Apache-2.0
"""The server is killed and started again and again, and gets all signals that come."""

from __future__ import annotations

import os
import signal
import time

import lab
from harness.sharing import Sharer, all_succeed, sharing
from harness.storm import HARMLESS

RESTARTS = 100
CLIENTS = 4
# So many signals in a millisecond.
BURST = 70

STORM = (signal.SIGHUP, *HARMLESS)



def signals() -> None:
    """SIGHUP makes the server read its configuration."""
    with lab.server("[ttl]\ndefault = '20s'\n") as server:

        def send(numbers: tuple[int, ...]) -> None:
            while True:
                for number in numbers * (BURST // len(numbers)):
                    os.kill(server.pid, number)
                # Without a rest the processors would have no time for the clients.
                time.sleep(0.001)

        for number in STORM:
            with lab.child(lambda number=number: send((number,))):
                lab.others(server.socket, signal.Signals(number).name, 1)
        with lab.child(lambda: send(STORM)), lab.child(lambda: send(STORM[::-1])):
            lab.others(server.socket, "all of them, from two processes")
        server.is_as_before(b"")


def until_served(sharers: list[Sharer], what: str) -> float:
    """How long it takes until each of them has succeeded, in milliseconds."""
    begun = time.perf_counter()
    before = [each.rounds for each in sharers]
    while any(each.rounds == was for each, was in zip(sharers, before, strict=True)):
        time.sleep(0.0005)
        if time.perf_counter() - begun > 5:
            raise lab.Fault(f"after {what} a client is not served")
    return (time.perf_counter() - begun) * 1000


def restarts() -> None:
    """What clients wait until they are served again, once the server listens."""
    for number in (signal.SIGKILL, signal.SIGTERM):
        name = signal.Signals(number).name
        waits = []
        with (
            lab.server() as server,
            sharing(server.socket, CLIENTS, restarts=True, pause=0.002) as sharers,
        ):
            for _ in range(RESTARTS):
                all_succeed(sharers)
                server.stop(number)
                server.start()
                waits.append(until_served(sharers, name))
        missing, lost = sum(s.missing for s in sharers), sum(s.lost for s in sharers)
        print(f"  {name}: {missing} times no server, {lost} times nothing found after a restart")
        lab.verdict(f"{name}, all {CLIENTS} clients", "times served again", waits, [])
        rounds = [wait for each in sharers for wait in each.waits]
        lab.verdict(f"{name}, {CLIENTS} clients", "saves and finds", rounds, [])


ATTACKS = (signals, restarts)
