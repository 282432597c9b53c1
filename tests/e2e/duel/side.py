# SPDX-License-Identifier: Apache-2.0
"""One of the two servers, and its clients, as a script moves them."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import pathlib
import select
import socket
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

from harness import cargo, census, program, wire
from harness.server import Server, Setup
from harness.waiting import PATIENCE

# The kinds of things that are saved. Files are left out: one path would be one identity.
KINDS: dict[str, Callable[[], cargo.Cargo]] = {
    "unix": cargo.unix,
    "tcp": cargo.tcp,
    "pipe": cargo.pipe,
}


class Link:
    """One client's stream. Everything that comes is kept, in its order."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self.data = b""
        self.ended = False
        self.descriptors: list[int] = []

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends all; where the server has closed the stream, nothing."""
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sent = self.socket.sendmsg([data], control if descriptors else [])
            self.socket.sendall(data[sent:])

    def fill(self, patience: float) -> bool:
        """Reads once, if something comes in time; whether it did."""
        if self.ended:
            return False
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        if not poll.poll(patience * 1000):
            return False
        try:
            data, numbers, _, _ = socket.recv_fds(
                self.socket, 65536, 8, socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT
            )
        except ConnectionResetError:
            data, numbers = b"", []
        self.descriptors += numbers
        self.data += data
        self.ended = not data
        return True

    def list(self) -> bytes:
        """One attribute list, or what there was when the stream ended."""
        end = time.monotonic() + PATIENCE
        while not self.ended and not wire.first_list(self.data):
            assert self.fill(end - time.monotonic()), f"no answer; so far {self.data!r}"
        size = wire.first_list(self.data) or len(self.data)
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def byte(self) -> bytes:
        """The byte that carries a descriptor."""
        if not self.data and not self.ended:
            assert self.fill(PATIENCE), "no descriptor"
        taken, self.data = self.data[:1], self.data[1:]
        return taken

    def rest(self) -> bytes:
        """What is there without waiting; a mark where the stream has ended."""
        while self.fill(0):
            pass
        taken, self.data = self.data, b""
        return taken + (b"<end>" if self.ended else b"")

    def wait_until_heard(self) -> None:
        """Waits until the server has read all that was sent."""
        end = time.monotonic() + PATIENCE
        while self._unheard() and time.monotonic() < end:
            time.sleep(0.0002)

    def _unheard(self) -> int:
        unread = array.array("i", [0])
        fcntl.ioctl(self.socket, termios.TIOCOUTQ, unread)
        return unread[0]

    def close(self) -> None:
        """The stream and what came over it."""
        self.socket.close()
        self.ended = True
        for number in self.descriptors:
            os.close(number)
        self.descriptors = []


class Side:
    """A server with its clients, its things saved and its log."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        with mock.patch.dict(os.environ, {"SCACHE_UNDER_TEST": kind}):
            self.server = Server(Setup())
        self.links: dict[int, Link] = {}
        # Names under which something may be.
        self.endpoints: set[bytes] = set()
        self._saved: dict[census.Identity, tuple[int, cargo.Cargo]] = {}
        self._sync = self._greeted()

    def _greeted(self) -> Link:
        link = Link(self.server.scratch.socket)
        assert link.list() == wire.GREETING
        return link

    def link(self, number: int) -> Link:
        """The client of that number, connected if it is not."""
        if number not in self.links:
            self.links[number] = self._greeted()
        return self.links[number]

    def leave(self, number: int) -> None:
        """The client goes."""
        if number in self.links:
            self.links.pop(number).close()

    def make(self, kind: str, tag: int) -> cargo.Cargo:
        """A new thing to save, known by its tag."""
        item = KINDS[kind]()
        self._saved[item.identity] = (tag, item)
        return item

    def tag_of(self, descriptor: int) -> int:
        """Which saved thing a descriptor is."""
        return self._saved[census.identity(descriptor)][0]

    def settle(self) -> None:
        """Waits until everything that was sent has been dealt with: later requests are answered.

        One of them may overtake the end of a stream, which is seen after what came before it.
        """
        for link in self.links.values():
            link.wait_until_heard()
        for _ in range(3):
            self._sync.send(wire.find_endp("sync"))
            assert self._sync.list() == wire.FIND_ENDP_MISS

    def log(self, at_least: int = 0) -> list[str]:
        """The lines since the last time."""
        return self.server.log.rest(at_least)

    def forget(self) -> None:
        """Closes the clients and the other ends of what was saved."""
        for number in list(self.links):
            self.leave(number)
        for _, item in self._saved.values():
            item.close()
        self._saved.clear()

    def finish(self) -> list[str]:
        """Ends the server; its statistics, without the time at which they begin."""
        self.forget()
        self._sync.close()
        assert self.server.hang_up() == 0, self.server.describe()
        lines = self.server.log.rest()
        self.server.check_sanitizers()
        return [line for line in lines if not line.startswith("statistics: start")]

    def close(self) -> None:
        """Whatever has happened."""
        self.forget()
        self._sync.close()
        self.server.close()


@contextlib.contextmanager
def both() -> Iterator[tuple[Side, Side]]:
    """The stock server and ours."""
    stock = Side(program.STOCK)
    try:
        ours = Side(program.OURS)
        try:
            yield stock, ours
        finally:
            ours.close()
    finally:
        stock.close()
