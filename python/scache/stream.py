"""A stream to the server: bytes and descriptors, each owned from the line that receives it.

Here are the only recvmsg and the only sendmsg. A descriptor arrives with the bytes that it was sent
with, so it belongs to the message whose bytes the same recvmsg ends in. This client has one request
under way at a time, and therefore at most one descriptor; whatever else comes is a breach, which
ends the stream and closes all that came.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import select
import socket
import time

from scache.deadline import Deadline
from scache.errors import ProtocolError, ServerMissing

_READ = 65_536
# As many as one message can bring: what found no room would be lost without a word.
_ROOM = socket.CMSG_SPACE(253 * array.array("i").itemsize)
# A full backlog cannot be waited for; seconds until it is tried again.
_PAUSE = 0.01
_GONE = (BrokenPipeError, ConnectionResetError)


class Stream:
    """One connection to a server. Not thread safe. After an error it is only there to be closed."""

    def __init__(self, path: str, deadline: Deadline) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._data = bytearray()
        self._descriptors: list[int] = []
        try:
            self._connect(path, deadline)
        except BaseException:
            self.close()
            raise

    def _connect(self, path: str, deadline: Deadline) -> None:
        while True:
            try:
                return self._socket.connect(path)
            except BlockingIOError:
                left = deadline.left()
                time.sleep(_PAUSE if left is None else min(_PAUSE, left))
            except OSError as problem:
                raise ServerMissing(f"no server at {path}: {problem.strerror or problem}") from None

    def send(self, data: bytes, deadline: Deadline, descriptor: int | None = None) -> None:
        """All of it, the descriptor on the first byte. After an error some bytes may have gone."""
        sent = 0
        control = []
        if descriptor is not None:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        while sent < len(data):
            try:
                sent += self._socket.sendmsg([data[sent:]], control, socket.MSG_NOSIGNAL)
                control = []
            except BlockingIOError:
                deadline.wait(self._socket, select.POLLOUT)
            except _GONE:
                raise ServerMissing("the server has closed the stream") from None

    def front(self) -> bytearray:
        """The bytes that have come and are not taken. To be read only."""
        return self._data

    def take(self, count: int) -> bytes:
        """The first bytes of them."""
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def take_descriptor(self, expected: bool) -> int | None:
        """The descriptor that came with what was taken, the caller's from now on.

        To be called behind each message: what is not part of it, and what is missing, is a breach.
        """
        if self._data or len(self._descriptors) != expected:
            many = len(self._descriptors)
            raise ProtocolError(f"{many} descriptors and {len(self._data)} bytes behind an answer")
        return self._descriptors.pop() if expected else None

    def receive(self, deadline: Deadline) -> None:
        """Waits until at least one more byte has come."""
        while True:
            try:
                data, control, flags, _ = self._socket.recvmsg(
                    _READ, _ROOM, socket.MSG_CMSG_CLOEXEC
                )
                break
            except BlockingIOError:
                deadline.wait(self._socket, select.POLLIN)
            except _GONE:
                raise ServerMissing("the server has closed the stream") from None
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers = array.array("i")
                numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
                self._descriptors.extend(numbers)
        if flags & socket.MSG_CTRUNC:
            # With room for all of them this has one cause; the found connection is lost by it.
            raise OSError(errno.EMFILE, "no room for the descriptor of a found connection")
        if not data:
            raise ServerMissing("the server has closed the stream")
        self._data += data

    def is_quiet(self) -> bool:
        """Whether it is open and nothing has come, as it is to be between two requests."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLRDHUP)
        return not self._data and not poll.poll(0)

    def close(self) -> None:
        """Closes it, and every descriptor that nobody has taken."""
        self._socket.close()
        while self._descriptors:
            with contextlib.suppress(OSError):
                os.close(self._descriptors.pop())
