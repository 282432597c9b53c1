# SPDX-License-Identifier: Apache-2.0
"""15,000 sockets are in flight in each other, in rings. The kernel looks for those that nobody can
reach; others who send or close sockets wait for that."""

from __future__ import annotations

import contextlib
import functools
import math
import pathlib
import socket
import time
from collections.abc import Callable, Sequence

import lab
import scache
from harness.rings import Ring, chain, knot
from harness.waiting import until

# Users that every Debian has.
USERS = (1, 2, lab.NOBODY)
EVERYBODY = f'[socket]\nmode = "0666"\n[access]\nusers = {list(USERS)}\n'

# The endpoint of all of them.
RINGS = b"rings"

# So many sockets of a user are in flight at once.
COUNT = 5_000

Shape = Callable[[int], list[Ring]]
SHAPES: dict[str, Shape] = {
    "one chain": lambda count: [chain(count)],
    "chains of 50": lambda count: [chain(50) for _ in range(count // 50)],
    "one knot": lambda count: [knot(round(math.sqrt(count)))],
}


def streams() -> int:
    """How many UNIX-domain stream sockets the machine has."""
    for line in pathlib.Path("/proc/net/protocols").read_text().splitlines():
        if line.startswith("UNIX-STREAM "):
            return int(line.split()[2])
    return 0


def save(path: str, shape: Shape, count: int = COUNT) -> tuple[lab.Raw, list[Ring]]:
    """Only the server can reach them when they are saved. Their peers stay open: the server removes
    a connection whose peer has closed it."""
    client, rings = lab.Raw(path), shape(count)
    for ring in rings:
        client.save(ring.end.fileno(), RINGS)
        ring.end.close()
    return client, rings


def again_and_again(path: str, shape: Shape) -> None:
    """The next are made while the kernel looks for those that are dropped."""
    while True:
        client, rings = save(path, shape, COUNT // 2)
        client.ask(lab.DROP, lab.field(lab.ENDPOINT, RINGS))
        client.socket.close()
        for ring in rings:
            ring.close()
        # Without a rest the kernel's search takes the processors, and everybody waits for these.
        time.sleep(0.05)


def overload(path: str) -> None:
    """Rings in messages that nobody wants."""
    while True:
        rings = [chain(50) for _ in range(100)]
        ends = [ring.end.fileno() for ring in rings]
        with contextlib.suppress(OSError, EOFError):
            client = lab.Raw(path)
            socket.send_fds(client.socket, [lab.frame(lab.FIND, 1)], ends)
        for ring in rings:
            ring.close()


def saved(server: lab.Server, users: Sequence[int], what: str) -> None:
    """They stay in the cache for a while, and leave it all at once."""
    shape, at_first = SHAPES[what], streams()
    count = len(shape(COUNT)) * len(users)
    with contextlib.ExitStack() as stack:
        for user in users:
            stack.enter_context(lab.child(lambda: save(server.socket, shape), user))
        until(lambda: server.connections == count, "the rings are saved")
        print(f"  {what} of each: {count} connections, {streams() - at_first} open sockets")
        lab.others(server.socket, "they are saved", 2)
        with lab.child(lambda: drop_soon(server.socket)):
            lab.others(server.socket, "they are dropped", 2)
    gone(server, at_first)


def drop_soon(path: str) -> None:
    time.sleep(0.5)
    scache.Client(path, timeout=10).drop(endpoint=RINGS)


def gone(server: lab.Server, sockets: int) -> None:
    """Nothing is left of them. Other programs have some."""
    server.is_as_before(RINGS)
    until(lambda: streams() <= sockets + 200, "the kernel closes all of them")


def of_three_users() -> None:
    with lab.server(EVERYBODY + lab.ALLOW_INPUT) as server:
        sockets = streams()
        for what, shape in SHAPES.items():
            saved(server, USERS, what)
            with contextlib.ExitStack() as stack:
                for user in USERS:
                    work = functools.partial(again_and_again, server.socket, shape)
                    stack.enter_context(lab.child(work, user))
                lab.others(server.socket, "they are saved again and again")
            gone(server, sockets)
        with lab.child(lambda: overload(server.socket), lab.NOBODY):
            lab.others(server.socket, "rings that nobody asked for", 2)
        gone(server, sockets)


def of_the_server_s_user() -> None:
    """What a user has in flight counts for the server too, if it is the same user."""
    with lab.server(lab.ALLOW_INPUT, user=lab.NOBODY) as server:
        for what in SHAPES:
            saved(server, [lab.NOBODY] * 3, what)


ATTACKS = (of_three_users, of_the_server_s_user)
