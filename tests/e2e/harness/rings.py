# SPDX-License-Identifier: Apache-2.0
"""Sockets that are in flight in each other. Nobody can close them all: the kernel has to look for
those that nobody can reach any more, and does so when some UNIX-domain socket is closed."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator

from harness.waiting import until


class Ring:
    """Such sockets. Who holds `end` can reach them all; `witness` is its other end."""

    def __init__(self, end: socket.socket, witness: socket.socket) -> None:
        self.end = end
        self.witness = witness

    def is_there(self) -> bool:
        """Whether somebody can still reach them, or the kernel has not looked yet."""
        # The kernel looks now.
        for each in socket.socketpair():
            each.close()
        poll = select.poll()
        poll.register(self.witness, select.POLLHUP)
        return not poll.poll(0)

    def goes(self) -> None:
        """Waits until the kernel has closed them."""
        until(lambda: not self.is_there(), "the kernel closes what nobody can reach")

    def close(self) -> None:
        """Lets it go."""
        self.end.close()
        self.witness.close()


def chain(count: int) -> Ring:
    """Each of so many sockets is in flight in the next, and the last in the first."""
    end, witness = socket.socketpair()
    before = end.dup()
    for _ in range(count - 1):
        one, other = socket.socketpair()
        with before, other:
            socket.send_fds(other, [b"x"], [before.fileno()])
        before = one
    with before:
        socket.send_fds(witness, [b"x"], [before.fileno()])
    return Ring(end, witness)


def knot(count: int) -> Ring:
    """Each of so many sockets, at most 253, is in flight in each of them: count times count."""
    pairs = [socket.socketpair() for _ in range(count)]
    ends = [one.fileno() for one, _ in pairs]
    for _, other in pairs:
        socket.send_fds(other, [b"x"], ends)
    (end, witness), *rest = pairs
    for each in rest:
        for one in each:
            one.close()
    return Ring(end, witness)


def walk(end: socket.socket) -> Iterator[socket.socket]:
    """The sockets of a chain that are found from one of them, while they are there."""
    while True:
        _, received, _, _ = socket.recv_fds(end, 1, 1, socket.MSG_DONTWAIT)
        end = socket.socket(fileno=received[0])
        yield end


Make = Callable[[int], Ring]
