# SPDX-License-Identifier: Apache-2.0
"""A client of the server, as patient or as hostile as a test wants it."""

from __future__ import annotations

import array
import collections
import dataclasses
import fcntl
import os
import pathlib
import select
import socket
import termios
import time
from collections.abc import Sequence

from harness import census, wire
from harness.cargo import Cargo
from harness.waiting import PATIENCE, until


class Silence(AssertionError):
    """Nothing came in time."""


class Ended(AssertionError):
    """The server closed the stream."""


@dataclasses.dataclass(frozen=True)
class Found:
    """The answer to a lookup, and the descriptor that came with a hit."""

    reply: bytes
    fd: int | None = None

    @property
    def identity(self) -> census.Identity | None:
        """What the descriptor refers to."""
        return None if self.fd is None else census.identity(self.fd)


class Client:
    """One stream to the server. Every read looks for descriptors, so that none is ever lost."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self._data = b""
        self._ended = False
        self._descriptors: collections.deque[int] = collections.deque()
        self._owned: list[int] = []

    # Sending.

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        """Sends all of it, the descriptors on the first byte."""
        self.socket.settimeout(PATIENCE)
        sent = 0
        if fds:
            numbers = array.array("i", fds)
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)]
            sent = self.socket.sendmsg([data], control)
        if sent < len(data):
            self.socket.sendall(data[sent:])

    def is_heard(self) -> bool:
        """Whether the server has read all that was sent."""
        unread = array.array("i", [0])
        fcntl.ioctl(self.socket, termios.TIOCOUTQ, unread)
        return unread[0] == 0

    def wait_until_heard(self) -> None:
        """Waits until the server has read all that was sent."""
        until(self.is_heard, "the server reads what was sent")

    # Receiving.

    def _fill(self, patience: float) -> None:
        if self._ended:
            raise Ended("the server closed the stream")
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        if not poll.poll(max(0.0, patience) * 1000):
            raise Silence(f"nothing came; so far {self._data[:200]!r}")
        room = socket.CMSG_SPACE(8 * array.array("i").itemsize)
        try:
            data, control, _, _ = self.socket.recvmsg(1 << 20, room, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            data, control = b"", []
        for level, kind, payload in control:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            numbers = array.array("i")
            numbers.frombytes(payload)
            self._descriptors.extend(numbers)
            self._owned.extend(numbers)
        self._ended = not data
        self._data += data

    def take(self, count: int, patience: float = PATIENCE) -> bytes:
        """Exactly that many bytes."""
        end = time.monotonic() + patience
        while len(self._data) < count:
            self._fill(end - time.monotonic())
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def reply(self, patience: float = PATIENCE) -> bytes:
        """One attribute list, byte for byte."""
        end = time.monotonic() + patience
        while (length := wire.first_list(self._data)) == 0:
            self._fill(end - time.monotonic())
        return self.take(length)

    def frame(self, patience: float = PATIENCE) -> Found:
        """One frame of the direct protocol, and the descriptor that came with it."""
        size = self.take(4, patience)
        frame = size + self.take(int.from_bytes(size, "little") - 4, patience)
        if not frame[5] & 1:
            return Found(frame)
        assert self._descriptors, "the frame came without its descriptor"
        return Found(frame, self._descriptors.popleft())

    def expect(self, data: bytes, patience: float = PATIENCE) -> None:
        """The next bytes are these."""
        assert self.take(len(data), patience) == data

    def descriptor(self, patience: float = PATIENCE) -> int:
        """One NUL byte, and the descriptor that came with it."""
        assert self.take(1, patience) == b"\0"
        assert self._descriptors, "the byte came without a descriptor"
        return self._descriptors.popleft()

    def says_nothing(self, seconds: float) -> bool:
        """Whether neither a byte nor the end of the stream comes in that time."""
        if self._data or self._ended:
            return False
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(seconds * 1000)

    def ends(self, patience: float = PATIENCE) -> float:
        """Waits for the end of the stream and throws away what comes before it; when it came."""
        end = time.monotonic() + patience
        while not self._ended:
            self._data = b""
            self._fill(end - time.monotonic())
        return time.monotonic()

    def is_open(self) -> bool:
        """Whether the server has not closed the stream."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP | select.POLLHUP)
        return not self._ended and not poll.poll(0)

    # The protocol as smtp(8) speaks it.

    def ask(self, request: bytes, patience: float = PATIENCE) -> bytes:
        """One request and its reply, without what may follow."""
        self.send(request)
        return self.reply(patience)

    def find_endp(self, label: wire.Text) -> Found:
        """A whole lookup by endpoint."""
        return self._find(wire.find_endp(label))

    def find_dest(self, label: wire.Text) -> Found:
        """A whole lookup by destination."""
        return self._find(wire.find_dest(label))

    def _find(self, request: bytes) -> Found:
        reply = self.ask(request)
        if not reply.startswith(b"status\x000\0"):
            return Found(reply)
        self.send(wire.DUMMY)
        descriptor = self.descriptor()
        self.send(wire.DUMMY)
        return Found(reply, descriptor)

    def save_endp(
        self, label: wire.Text, properties: wire.Text, cargo: Cargo, ttl: wire.Text = 100
    ) -> bytes:
        """A whole save of a connection; our copy of it is closed then, as smtp(8) does."""
        self.send(wire.save_endp(label, properties, ttl))
        self.expect(wire.DUMMY)
        self.send(b"\0", [cargo.fd])
        reply = self.reply()
        cargo.give_away()
        return reply

    def save_dest(
        self, label: wire.Text, properties: wire.Text, endpoint: wire.Text, ttl: wire.Text = 100
    ) -> bytes:
        """A whole save of a binding."""
        return self.ask(wire.save_dest(label, properties, endpoint, ttl))

    def drop_descriptors(self) -> None:
        """Closes every descriptor that came over the stream."""
        for descriptor in self._owned:
            os.close(descriptor)
        self._owned.clear()

    def close(self) -> None:
        """The stream, and every descriptor that came over it."""
        self.socket.close()
        self.drop_descriptors()
