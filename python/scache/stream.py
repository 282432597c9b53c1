"""A stream to the server: bytes and descriptors, each owned from the line that receives it.

A descriptor arrives with the bytes that it was sent with, so it belongs to the message whose bytes
the same recvmsg ends in. A stream has one request under way at a time, and therefore at most one
descriptor; whatever else comes is a breach, which ends the stream and closes all that came.
"""

from __future__ import annotations

import _socket
import array
import os
import socket
from typing import NoReturn

from scache.deadline import Deadline
from scache.descriptors import Arrived, Offer, no_room
from scache.errors import ProtocolError, ServerMissing, SystemFailure, Timeout
from scache.process import close_socket, is_ours, open_socket

_READ = 65_536
_GONE = (BrokenPipeError, ConnectionResetError)


class Stream:
    """One connection to a server. Not thread safe. After an error it is only there to be closed."""

    def __init__(self, path: str, deadline: Deadline) -> None:
        self._process = os.getpid()
        self._data = bytearray()
        self._arrived = Arrived("i")
        try:
            self._socket = open_socket()
        except OSError as problem:
            raise SystemFailure(problem.errno, problem.strerror) from None
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
                # A full backlog cannot be waited for.
                deadline.pause()
            except OSError as problem:
                raise ServerMissing(f"no server at {path}: {problem.strerror or problem}") from None

    def is_ours(self) -> bool:
        """Whether this process has opened it, and not one that has forked this one."""
        return is_ours(self._process)

    def _check_process(self) -> None:
        if not self.is_ours():
            raise ServerMissing("the stream belongs to another process")

    def send(self, data: bytes, deadline: Deadline, offer: Offer | None = None) -> None:
        """All, the offer's descriptor on the first byte. After an error some may have left."""
        sent = 0
        control = []
        if offer:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [offer.fileno()]))]
        while sent < len(data):
            self._check_process()
            try:
                if offer:
                    offer.is_sent = True
                sent += self._socket.sendmsg([data[sent:]], control, socket.MSG_NOSIGNAL)
                control = []
            except OSError as problem:
                if offer and control:
                    offer.is_sent = False
                if not isinstance(problem, BlockingIOError):
                    _fail(problem)
                deadline.wait(self._socket, write=True)

    def front(self) -> bytearray:
        """The bytes that have come and are not taken. To be read only."""
        return self._data

    def take(self, count: int) -> bytes:
        """The first bytes of them."""
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def expect_end(self, descriptors: int = 0) -> None:
        """Nothing but these has come: to be called behind each message that was taken."""
        if self._data or len(self._arrived) != descriptors:
            many = len(self._arrived)
            raise ProtocolError(f"{many} descriptors and {len(self._data)} bytes behind an answer")

    def take_descriptor(self, room: _socket.socket) -> bool:
        """It is the room's; False where it is no socket, and closed."""
        if self._arrived.give_to(room):
            return True
        self._arrived.close()
        return False

    def receive(self, deadline: Deadline, room: _socket.socket | None = None) -> None:
        """Waits until at least one more byte has come. Where a descriptor may come, with room."""
        while True:
            deadline.wait(self._socket)
            self._check_process()
            try:
                data = self._read() if room is None else self._look_first(room, deadline)
            except BlockingIOError:
                continue
            except OSError as problem:
                _fail(problem)
            if not data:
                raise ServerMissing("the server has closed the stream")
            self._data += data
            return

    def _read(self) -> bytes:
        data, truncated = self._arrived.receive(self._socket, _READ, 0)
        if truncated:
            raise ProtocolError("descriptors that nobody has asked for")
        return data

    def _look_first(self, room: _socket.socket, deadline: Deadline) -> bytes:
        """A look leaves the descriptor where it is, until there is room for it here."""
        while True:
            data, truncated = self._arrived.receive(self._socket, _READ, socket.MSG_PEEK)
            if not truncated:
                return self._socket.recv(len(data)) if data else data
            self._arrived.close()
            _socket.socket.close(room)
            try:
                deadline.pause()
            except Timeout:
                raise no_room() from None

    def is_quiet(self) -> bool:
        """Whether it is open, and nothing has come, as it is to be between two requests."""
        if self._data or not self.is_ours():
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        """Closes it, and every descriptor that nobody has taken. May be called again."""
        close_socket(self._socket)
        self._arrived.close()


def _fail(problem: OSError) -> NoReturn:
    if isinstance(problem, _GONE):
        raise ServerMissing("the server has closed the stream") from None
    raise SystemFailure(problem.errno, problem.strerror) from None
