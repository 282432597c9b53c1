# SPDX-License-Identifier: Apache-2.0
"""Things worth saving: connections of every kind, with the other end kept to watch them."""

from __future__ import annotations

import os
import pathlib
import select
import socket
import struct
import time

from harness import census
from harness.waiting import PATIENCE


class Cargo:
    """A descriptor to be saved. After give_away() only its other end, if any, is held here."""

    def __init__(self, descriptor: int, peer: socket.socket | int | None = None) -> None:
        self.fd = descriptor
        self.peer = peer
        self.identity = census.identity(descriptor)

    @property
    def other(self) -> socket.socket:
        """The other end, a socket."""
        assert isinstance(self.peer, socket.socket)
        return self.peer

    def hears(self, answer: bytes = b"") -> bytes:
        """What the other end hears until the connection ends. It answers what it hears."""
        said = b""
        self.other.settimeout(PATIENCE)
        while data := self.other.recv(1000):
            said += data
            if answer:
                self.other.sendall(answer)
        return said

    def give_away(self) -> None:
        """Closes our copy, as smtp(8) does after a save."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def closed_by(self, patience: float = PATIENCE) -> float:
        """Waits until nobody holds the saved end any more; when that was (monotonic)."""
        poll = select.poll()
        poll.register(self._peer_number(), select.POLLRDHUP | select.POLLHUP)
        assert poll.poll(patience * 1000), "nobody closed the saved connection"
        return time.monotonic()

    def is_held(self) -> bool:
        """Whether somebody still holds the saved end."""
        poll = select.poll()
        poll.register(self._peer_number(), select.POLLRDHUP | select.POLLHUP)
        return not poll.poll(0)

    def _peer_number(self) -> int:
        assert self.peer is not None, "this cargo has no other end"
        return self.peer if isinstance(self.peer, int) else self.peer.fileno()

    def close(self) -> None:
        """Both ends."""
        self.give_away()
        if isinstance(self.peer, int):
            if self.peer >= 0:
                os.close(self.peer)
                self.peer = -1
        elif self.peer is not None:
            self.peer.close()


def unix() -> Cargo:
    """One end of a UNIX stream pair: what TLS reuse saves."""
    mine, peer = socket.socketpair()
    return Cargo(mine.detach(), peer)


def tcp() -> Cargo:
    """A TCP connection over loopback: the client's end is saved."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mine = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
    return Cargo(mine.detach(), peer)


def lingering_tcp(seconds: int) -> Cargo:
    """A TCP connection whose close would wait: unsent data, and SO_LINGER set."""
    cargo = tcp()
    mine = socket.socket(fileno=cargo.fd)
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))
    mine.setblocking(False)
    try:
        while True:
            mine.send(b"x" * 65536)
    except BlockingIOError:
        pass
    mine.detach()
    return cargo


def pipe() -> Cargo:
    """The writing end of a pipe; the reading end sees when it is closed."""
    reading, writing = os.pipe()
    return Cargo(writing, reading)


def file(path: pathlib.Path) -> Cargo:
    """An ordinary file, its offset not at the front."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(descriptor, b"some text")
    os.lseek(descriptor, 5, os.SEEK_SET)
    return Cargo(descriptor)


def datagrams() -> Cargo:
    """One of a pair of datagram sockets."""
    mine, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return Cargo(mine.detach(), peer)


def null() -> Cargo:
    """/dev/null."""
    return Cargo(os.open("/dev/null", os.O_RDWR))
