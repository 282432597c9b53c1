# SPDX-License-Identifier: Apache-2.0
"""One client that is a process of its own and uses the client for Python; see bench/separate.cpp.

client.py SOCKET WORK PLACE CLIENTS TALLIES
"""

from __future__ import annotations

import os
import pathlib
import random
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

# ruff: noqa: E402
import scache
from tally import Tallies

# Sizes as in Postfix (bench/sizes.hpp).
_NAME, _PROPERTIES = 80, b"y" * 150
_TTL = 90_000
_CARGO = 4


def main() -> None:
    """Repeats the workload until the shared memory stops the clients."""
    path, work, place, clients, descriptor = sys.argv[1:]
    number = int(place)
    tallies = Tallies(int(descriptor), int(clients))
    chance = random.Random(number)
    cargo = [socket.create_connection(listener.getsockname()) for listener in _listeners()]
    inodes = [os.fstat(each.fileno()).st_ino for each in cargo]
    cache = scache.Client(path, timeout=60)
    cache.find(endpoint=b"x" * _NAME)
    turn = 0

    def operate() -> None:
        nonlocal turn
        name = b"smtp\nh%03d%010d" % (number, chance.getrandbits(16))
        name = name.ljust(_NAME, b"x")
        if work == "savefind":
            turn = (turn + 1) % _CARGO
            cache.save(cargo[turn].dup(), name, _PROPERTIES, _TTL)
            found = cache.find(endpoint=name)
            if found is None or os.fstat(found.socket.fileno()).st_ino != inodes[turn]:
                raise SystemExit("a found connection is not the one that was saved")
            found.socket.close()
        elif cache.find(endpoint=name) is not None:
            raise SystemExit("a find finds what nobody has saved")

    tallies.stopped(number)
    while os.read(0, 1):
        began = time.monotonic_ns()
        while tallies.running:
            operate()
            ended = time.monotonic_ns()
            tallies.add(number, ended - began)
            began = ended
        tallies.stopped(number)


def _listeners() -> list[socket.socket]:
    found = []
    for _ in range(_CARGO):
        found.append(socket.create_server(("127.0.0.1", 0)))
    _kept.extend(found)
    return found


_kept: list[socket.socket] = []

if __name__ == "__main__":
    main()
