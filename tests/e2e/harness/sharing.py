# SPDX-License-Identifier: Apache-2.0
"""Programs that save a connection and find it again, over and over."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from harness.waiting import PATIENCE, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python"))

# ruff: noqa: E402
import scache


class Sharer(threading.Thread):
    """One of them. It has an endpoint of its own, so that it must find its own connection.

    If the server is restarted meanwhile (`restarts`), the connection may be gone, and the client
    may say that the server is missing. Anything else is a fault.
    """

    def __init__(
        self,
        path: pathlib.Path | str,
        name: str,
        *,
        restarts: bool = False,
        timeout: float = PATIENCE,
        pause: float = 0.0,
    ) -> None:
        super().__init__(daemon=True)
        self._client = scache.Client(path, timeout=timeout)
        self._endpoint = name
        self._restarts = restarts
        self._pause = pause
        self._over = threading.Event()
        # How often it has found what it had saved, and how long that took, in milliseconds.
        self.rounds = 0
        self.waits: list[float] = []
        self.lost = 0
        self.missing = 0
        self.faults: list[str] = []
        self.start()

    def run(self) -> None:
        """Until it is ended, or something is wrong."""
        while not self._over.is_set() and not self.faults:
            mine, peer = socket.socketpair()
            with mine, peer:
                try:
                    self._share(mine, peer)
                    time.sleep(self._pause)
                except scache.ServerMissing as problem:
                    self.missing += 1
                    if not self._restarts:
                        self.faults.append(repr(problem))
                    time.sleep(0.001)
                except Exception as problem:
                    self.faults.append(repr(problem))
        self._client.close()

    def _share(self, mine: socket.socket, peer: socket.socket) -> None:
        begun = time.perf_counter()
        self._client.save(mine, self._endpoint, ttl=60)
        found = self._client.find(endpoint=self._endpoint)
        while found is not None:
            with found:
                if _are_connected(found.socket, peer):
                    self.waits.append((time.perf_counter() - begun) * 1000)
                    self.rounds += 1
                    return
                # An earlier one of its own, whose save was interrupted, has lost its other end.
                if not self._restarts or not _is_over(found.socket):
                    raise AssertionError("it found somebody else's connection")
            found = self._client.find(endpoint=self._endpoint)
        self.lost += 1
        if not self._restarts:
            raise AssertionError("the connection is lost")

    def stop(self) -> None:
        """Waits for its end, whatever came of it."""
        self._over.set()
        self.join(2 * PATIENCE)

    def end(self) -> None:
        """Ends it; fails if something was wrong."""
        self.stop()
        assert not self.is_alive(), "it is not served"
        assert not self.faults, self.faults


def _are_connected(one: socket.socket, other: socket.socket) -> bool:
    word = os.urandom(8)
    with contextlib.suppress(OSError):
        other.send(word)
        return one.recv(8, socket.MSG_DONTWAIT) == word
    return False


def _is_over(one: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        return one.recv(1, socket.MSG_DONTWAIT) == b""
    return False


def all_succeed(sharers: Sequence[Sharer]) -> None:
    """Waits until each of them has found what it saved once more."""
    before = [each.rounds for each in sharers]

    def done() -> bool:
        faults = [fault for each in sharers for fault in each.faults]
        assert not faults, faults
        return all(each.rounds > was + 1 for each, was in zip(sharers, before, strict=True))

    until(done, lambda: f"success of {[each.rounds for each in sharers]}, from {before}")


@contextlib.contextmanager
def sharing(
    path: pathlib.Path | str, count: int, *, restarts: bool = False, pause: float = 0.0
) -> Iterator[list[Sharer]]:
    """So many of them, which must all have been served."""
    sharers = [
        Sharer(path, f"sharer {n}", restarts=restarts, pause=pause) for n in range(count)
    ]
    try:
        yield sharers
        all_succeed(sharers)
    except BaseException:
        for each in sharers:
            each.stop()
        raise
    for each in sharers:
        each.end()
