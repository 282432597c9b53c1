# SPDX-License-Identifier: Apache-2.0
"""A process full of clients of one kind. Run as: worker.py SOCKET KIND SEED; ends by a signal.

The last two kinds speak the direct protocol.
"""

from __future__ import annotations

import contextlib
import pathlib
import random
import socket
import sys
import time
from collections.abc import Callable

_ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(_ROOT / "tests" / "e2e"), str(_ROOT / "python")]

# ruff: noqa: E402
from harness import cargo, wire
from harness.client import Client, Ended, Silence
from harness.wire import Kind, Tag

import scache

KINDS = [cargo.unix, cargo.tcp, cargo.pipe]
NAMES = 40

# Whoever asks too much too fast is no load but a stampede.
PAUSE = 0.002


class Crew:
    """One process's clients and its dice."""

    def __init__(self, path: pathlib.Path, seed: int) -> None:
        self._path = path
        self._random = random.Random(seed)

    def client(self) -> Client:
        """A greeted client."""
        client = Client(self._path)
        client.expect(wire.GREETING)
        return client

    def _name(self) -> str:
        return f"smtp\nmx{self._random.randrange(NAMES)}\n25\n"

    def _ttl(self) -> int:
        return self._random.choice([1, 1, 1, 2])

    def _save(self, client: Client) -> None:
        item = self._random.choice(KINDS)()
        size = self._random.choice([10, 150, 700, 20_000])
        client.save_endp(self._name(), "p" * size, item, self._ttl())
        item.close()

    def deliver(self) -> None:
        """What smtp(8) does for one message, some messages long."""
        client = self.client()
        for _ in range(self._random.randint(1, 20)):
            destination = f"d{self._random.randrange(NAMES)}"
            if client.find_dest(destination).fd is None:
                client.find_endp(self._name())
            client.save_dest(destination, "of " + destination, self._name(), self._ttl())
            self._save(client)
            time.sleep(PAUSE)
        client.close()

    def hurry(self) -> None:
        """Many requests in one go."""
        client = self.client()
        count = self._random.randint(1, 300)
        client.send(wire.find_endp("nothing") * count)
        client.expect(wire.FIND_ENDP_MISS * count)
        client.close()
        time.sleep(10 * PAUSE)

    def babble(self) -> None:
        """Bytes that mean nothing, some of them with descriptors."""
        client = self.client()
        size = self._random.choice([1, 30, 300, 5_000])
        words = [b"request\0", b"find_endp\0", b"label\0", b"x\0", b"\0", b"dummy\0", b"\xff"]
        data = b"".join(self._random.choices(words, k=size))
        item = self._random.choice(KINDS)()
        client.send(data, [item.fd] * self._random.randint(0, 3))
        item.close()
        time.sleep(10 * PAUSE)
        client.close()

    def vanish(self) -> None:
        """Goes in the middle of something."""
        client = self.client()
        request = self._random.choice(
            [wire.find_endp(self._name()), wire.save_endp(self._name(), "p", self._ttl())]
        )
        client.send(request[: self._random.randint(0, 2 * len(request))])
        if self._random.random() < 0.5:
            client.send(wire.DUMMY)
        client.close()
        time.sleep(5 * PAUSE)

    def stall(self) -> None:
        """Stops in the middle of something, until the server has had enough."""
        clients = [self.client() for _ in range(4)]
        for client in clients:
            request = wire.save_endp(self._name(), "p", self._ttl())
            client.send(request[: self._random.randint(1, len(request))])
        for client in clients:
            client.ends()
            client.close()

    def hoard(self) -> None:
        """Finds connections and never reads them."""
        client = self.client()
        for _ in range(20):
            client.send(wire.find_endp(self._name()) + 2 * wire.DUMMY)
        time.sleep(50 * PAUSE)
        client.close()

    def share(self) -> None:
        """What a program does that shares its connections, and somebody who looks on."""
        with scache.Client(self._path) as client:
            for _ in range(self._random.randint(1, 20)):
                endpoint, destination = self._name(), f"d{self._random.randrange(NAMES)}"
                try:
                    found = client.find(destination=destination) or client.find(endpoint=endpoint)
                except scache.Unsupported:
                    # Somebody's pipe.
                    found = None
                mine, other = socket.socketpair()
                size = self._random.choice([0, 150, 700, 20_000])
                binding = scache.Binding(destination, "of " + destination, self._ttl())
                # The peer of what was found may have gone since.
                with contextlib.suppress(scache.Refused, ValueError):
                    client.save(
                        found or mine, endpoint, b"p" * size, self._ttl(), bindings=[binding]
                    )
                if found:
                    found.close()
                mine.close()
                other.close()
                time.sleep(PAUSE)
            if self._random.random() < 0.1:
                list(client.list())
                # Not everything: the test has a connection of its own.
                client.drop(prefix=self._random.choice(["smtp", "d"]))
            client.stats()

    def pile(self) -> None:
        """Asks for more than it may leave unread, reads some of it or nothing, and goes."""
        client = self.client()
        client.send(wire.wish("1"))
        client.expect(wire.AGREEMENT)
        names = (self._name().encode() for _ in range(64))
        lookups = (wire.frame(Kind.FIND, wire.field(Tag.ENDPOINT, name)) for name in names)
        client.send(b"".join(lookups))
        time.sleep(self._random.choice([0, 1, 50]) * PAUSE)
        for _ in range(self._random.choice([0, 10, 64])):
            client.frame()
        client.close()


def main() -> None:
    """The same again and again; who was dropped comes again."""
    path, kind, seed = sys.argv[1:]
    crew = Crew(pathlib.Path(path), int(seed))
    act: Callable[[], None] = getattr(crew, kind)
    while True:
        try:
            act()
        except (Ended, Silence, BrokenPipeError, ConnectionResetError) as problem:
            if isinstance(problem, Silence) and kind in ("deliver", "hurry", "pile"):
                raise


if __name__ == "__main__":
    main()
