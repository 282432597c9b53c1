# SPDX-License-Identifier: Apache-2.0
"""The sockets of this process's streams.

A child of fork(2) has copies of its parent's descriptors. It must neither use the parent's streams
nor keep them open. os.fork() calls registered functions; fork(2) called from C does not. So every
use of a stream compares the process id, and the first use in a child closes the copies.
"""

from __future__ import annotations

import _socket
import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Callable
from functools import partial
from itertools import repeat
from operator import call

from scache.atomic import run


class StreamSocket(_socket.socket):
    """The C base class of socket.socket, which eventlet and gevent do not replace.

    It is created in one step, and its finalizer closes the descriptor.
    """

    __slots__ = ("__weakref__",)
    __del__ = _socket.socket.close


class _Process:
    def __init__(self) -> None:
        self.id = os.getpid()
        # Held while a socket is opened or closed, and while the process forks, so that a child has
        # no descriptor that is not in `open`. Recursive, because a finalizer may close a socket.
        self.lock = threading.RLock()
        self.open: set[weakref.ref[StreamSocket]] = set()


_process = _Process()


def is_ours(process: int) -> bool:
    """Whether this process has the id."""
    return process == os.getpid()


def open_socket() -> StreamSocket:
    """Opens a non-blocking UNIX stream socket, which a child of this process closes."""
    known = _here().open
    made: list[StreamSocket] = []
    sockets = map(StreamSocket, (socket.AF_UNIX,), (socket.SOCK_STREAM | socket.SOCK_NONBLOCK,))
    references = map(weakref.ref, made, repeat(known.discard))
    _while_nobody_forks(partial(made.extend, sockets), partial(known.update, references))
    return made[0]


def close_socket(sock: StreamSocket) -> None:
    """Closes the socket. May be called more than once."""
    _while_nobody_forks(sock.close)


def _while_nobody_forks(*functions: Callable[[], object]) -> None:
    lock = _here().lock
    steps = map(call, (lock.acquire, *functions, lock.release))
    try:
        run(steps)
    except OSError:
        # The remaining steps release the lock.
        run(steps)
        raise


def _here() -> _Process:
    global _process
    if not is_ours(_process.id):
        for reference in list(_process.open):
            if inherited := reference():
                inherited.close()
        _process = _Process()
    return _process


def _before_fork() -> None:
    _here().lock.acquire()


def _after_fork_in_parent() -> None:
    # An interruption may have kept _before_fork() from taking the lock.
    with contextlib.suppress(RuntimeError):
        _process.lock.release()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_here
)
