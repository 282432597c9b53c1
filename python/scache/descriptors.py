# SPDX-License-Identifier: Apache-2.0
"""Descriptors that are received or sent. Each has exactly one owner at every bytecode."""

from __future__ import annotations

import _socket
import array
import contextlib
import errno
import os
import socket
from functools import partial
from itertools import chain, repeat
from operator import call, itemgetter
from typing import TYPE_CHECKING

from scache.atomic import run
from scache.errors import SystemFailure

# The most descriptors of one message: the kernel closes those that do not fit.
_MOST = 253
_CONTROL = socket.CMSG_SPACE(_MOST * array.array("i").itemsize)


class Arrived(array.array[int] if TYPE_CHECKING else array.array):
    """Received descriptors that have no other owner yet. Its finalizer closes them."""

    def receive(self, sock: _socket.socket, size: int, flags: int) -> tuple[bytes, bool]:
        """Returns the bytes, and whether the kernel has discarded a descriptor."""
        came: list[tuple[bytes, list[tuple[int, int, bytes]], int, object]] = []
        controls = chain.from_iterable(map(itemgetter(1), came))
        flags |= socket.MSG_CMSG_CLOEXEC
        run(
            chain(
                map(came.append, map(sock.recvmsg, (size,), (_CONTROL,), (flags,))),
                map(self.frombytes, map(itemgetter(2), controls)),
            )
        )
        data, _, told, _ = came[0]
        return data, bool(told & socket.MSG_CTRUNC)

    def give_to(self, room: _socket.socket) -> bool:
        """Moves the last one to `room`. Returns False, and keeps it, if it is not a socket."""
        init = partial(_socket.socket.__init__, room, -1, -1, -1, self[-1])
        try:
            run(map(call, (partial(_socket.socket.close, room), init, self.pop)))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Closes them. May be called more than once."""
        while self:
            with contextlib.suppress(OSError):
                run(map(os.close, map(array.array.pop, repeat(self, len(self)))))

    def __del__(self) -> None:
        self.close()


def reserve() -> _socket.socket:
    """Reserves a descriptor: a socket that a found connection replaces."""
    # eventlet and gevent replace socket.socket; usable() converts to their class.
    plain = issubclass(socket.socket, _socket.socket)
    kind = socket.socket if plain else _socket.socket
    try:
        return kind(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as problem:
        raise no_room(problem.errno) from None


def usable(room: _socket.socket) -> socket.socket:
    """Converts `room` to a socket.socket."""
    if not isinstance(room, socket.socket):
        room = socket.socket(room.family, room.type, room.proto, fileno=room.detach())
    # O_NONBLOCK is as the previous owner has set it, and must match the timeout.
    room.settimeout(socket.getdefaulttimeout())
    return room


def no_room(number: int | None = errno.EMFILE) -> SystemFailure:
    """The error if no descriptor is free."""
    return SystemFailure(number, "cannot reserve a descriptor for the lookup")


def is_unusable_by_mistake(sock: socket.socket) -> bool:
    """Whether this program never connected the socket, or shut it down for sending.

    A connection that the peer has closed is no mistake of this program.
    """
    close, established, close_wait, last_ack, closing = 7, 1, 8, 9, 11
    try:
        state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return _is_unusable_by_mistake_locally(sock)
    if state == close:
        # A connection that was reset still has a port, unlike one that was never connected.
        return bool(sock.getsockname()[1] == 0)
    return state not in (established, close_wait, last_ack, closing)


def _is_unusable_by_mistake_locally(sock: socket.socket) -> bool:
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        return False
    # An empty write sends nothing, but fails after a shutdown. An end of input is the peer's.
    try:
        sock.send(b"", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        return False
    except BrokenPipeError:
        pass
    except OSError as problem:
        return problem.errno == errno.ENOTCONN
    try:
        sock.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


class Offer:
    """A caller's socket that is being saved.

    Once the server may have a copy, this process must not use the socket: the offer closes it, at
    the latest in its finalizer.
    """

    # Whether the descriptor has been sent, or may have been.
    is_sent = False

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        """The descriptor, which the caller still owns."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes the caller's socket if it was sent, even if a file object still uses it."""
        if not self.is_sent:
            return
        if isinstance(self._socket, _socket.socket):
            _socket.socket.close(self._socket)
        elif self._socket.fileno() >= 0:
            os.close(self._socket.detach())

    def __del__(self) -> None:
        self.close()
