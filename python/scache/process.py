"""This process and the sockets of its streams.

A child of fork(2) has copies of its parent's descriptors. It must neither speak on the parent's
streams nor keep them open. os.fork() announces itself; fork(2) called from C does not. So the
process is compared wherever a stream is used, and the first use in a child closes the copies.
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
    """The base class of socket.socket, which is C and is what it is under eventlet and gevent too.

    It is created in one step, and closes its descriptor with itself.
    """

    __slots__ = ("__weakref__",)
    __del__ = _socket.socket.close


class _Process:
    def __init__(self) -> None:
        self.id = os.getpid()
        # Held while a socket is opened or closed, and while the process forks: no child has a
        # descriptor that is not in `open`. A finalizer may close one within.
        self.lock = threading.RLock()
        self.open: set[weakref.ref[StreamSocket]] = set()


_process = _Process()


def is_ours(process: int) -> bool:
    """Whether this id, which os.getpid() returned, is this process's."""
    return process == os.getpid()


def open_socket() -> StreamSocket:
    """A new non-blocking UNIX stream socket, which no child of this process keeps."""
    known = _here().open
    made: list[StreamSocket] = []
    sockets = map(StreamSocket, (socket.AF_UNIX,), (socket.SOCK_STREAM | socket.SOCK_NONBLOCK,))
    references = map(weakref.ref, made, repeat(known.discard))
    _while_nobody_forks(partial(made.extend, sockets), partial(known.update, references))
    return made[0]


def close_socket(sock: StreamSocket) -> None:
    """Closes it. May be called again."""
    _while_nobody_forks(sock.close)


def _while_nobody_forks(*functions: Callable[[], object]) -> None:
    lock = _here().lock
    steps = map(call, (lock.acquire, *functions, lock.release))
    try:
        run(steps)
    except OSError:
        # The others give the lock back.
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
    # It is free where an interruption has kept _before_fork() from taking it.
    with contextlib.suppress(RuntimeError):
        _process.lock.release()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_here
)
