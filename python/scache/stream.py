# SPDX-License-Identifier: Apache-2.0
"""A stream to the server, of bytes and descriptors.

recvmsg(2) returns a descriptor with the bytes that it was sent with. A stream has one request in
progress at a time, and therefore at most one descriptor. Any other descriptor violates the
protocol: the client closes it, and the stream.
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
    """One connection to a server. Not thread safe. After an error it can only be closed."""

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
                # poll(2) does not wait for room in a full backlog.
                deadline.pause()
            except OSError as problem:
                text = f"cannot connect to the server at {path}: {problem.strerror or problem}"
                raise ServerMissing(text) from None

    def is_ours(self) -> bool:
        """Whether this process has opened it, not its parent."""
        return is_ours(self._process)

    def _check_process(self) -> None:
        if not self.is_ours():
            raise ServerMissing("the stream belongs to another process")

    def send(self, data: bytes, deadline: Deadline, offer: Offer | None = None) -> None:
        """Sends all bytes, with the descriptor on the first. After an error some may be sent."""
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
        """Returns the received bytes that were not taken yet. Read only."""
        return self._data

    def take(self, count: int) -> bytes:
        """Takes the first bytes."""
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def expect_end(self, descriptors: int = 0) -> None:
        """Checks after each message that nothing but these descriptors was received."""
        if self._data or len(self._arrived) != descriptors:
            many = len(self._arrived)
            text = f"{many} descriptors and {len(self._data)} bytes follow an answer"
            raise ProtocolError(f"the server violated the protocol: {text}")

    def take_descriptor(self, room: _socket.socket) -> bool:
        """Moves the descriptor to `room`. Returns False, and closes it, if it is not a socket."""
        if self._arrived.give_to(room):
            return True
        self._arrived.close()
        return False

    def receive(self, deadline: Deadline, room: _socket.socket | None = None) -> None:
        """Receives at least one byte. `room` is required if a descriptor may follow."""
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
                raise ServerMissing("the server closed the stream")
            self._data += data
            return

    def _read(self) -> bytes:
        data, truncated = self._arrived.receive(self._socket, _READ, 0)
        if truncated:
            raise ProtocolError("the server violated the protocol: it sent unrequested descriptors")
        return data

    def _look_first(self, room: _socket.socket, deadline: Deadline) -> bytes:
        """Peeks, which leaves the descriptor in the socket until one is free here."""
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
        """Whether it is open and has no input, as required between two requests."""
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
        """Closes it, and all descriptors that were not taken. May be called more than once."""
        close_socket(self._socket)
        self._arrived.close()


def _fail(problem: OSError) -> NoReturn:
    if isinstance(problem, _GONE):
        raise ServerMissing("the server closed the stream") from None
    raise SystemFailure(problem.errno, problem.strerror) from None
