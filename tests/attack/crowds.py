# SPDX-License-Identifier: Apache-2.0
"""One client wants more than its share of places, of turns, of closes."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable

import lab
import scache


def half_requests() -> None:
    """900 streams with the first byte of a request each."""

    def hoard() -> None:
        streams: list[socket.socket] = []
        while True:
            for stream in streams[:]:
                with contextlib.suppress(BlockingIOError):
                    try:
                        ended = stream.recv(100, socket.MSG_DONTWAIT) == b""
                    except ConnectionError:
                        ended = True
                    if ended:
                        stream.close()
                        streams.remove(stream)
            while len(streams) < 900:
                stream = socket.socket(socket.AF_UNIX)
                stream.setblocking(False)
                try:
                    stream.connect(path)
                    stream.send(b"r")
                except OSError:
                    stream.close()
                    break
                streams.append(stream)
            time.sleep(0.02)

    with lab.server() as server:
        path = server.socket
        old = scache.Client(path, timeout=5)
        old.find(endpoint="x")
        with lab.child(hoard):
            time.sleep(2)
            for who, client in (("old", old), ("new", scache.Client(path, timeout=5))):
                begun = time.monotonic()
                try:
                    client.find(endpoint="x")
                except scache.Error as error:
                    raise lab.Fault(f"the {who} client is not served: {error}") from None
                print(f"  the {who} client is served after {time.monotonic() - begun:.2f} s")


def pump(path: str, streams: int, piece: bytes) -> Callable[[], None]:
    """Requests are sent ahead on so many streams, as many as they take."""

    def work() -> None:
        clients = [lab.Raw(path) for _ in range(streams)]
        sent = dict.fromkeys(clients, 0)
        for client in clients:
            client.socket.setblocking(False)
        while True:
            for client in clients:
                with contextlib.suppress(OSError):
                    sent[client] += client.socket.send(piece[sent[client] :])
                    sent[client] %= len(piece)
                with contextlib.suppress(OSError):
                    client.socket.recv(1 << 20)

    return work


def turns() -> None:
    """Requests that are much work, on one stream and on 400."""
    with lab.server() as server:
        filler = lab.Raw(server.socket, 20)
        for number in range(1024):
            binding = lab.field(lab.ENDPOINT, b"nobody is at %d" % number)
            filler.ask(
                lab.BIND,
                lab.field(lab.DESTINATION, b"d") + binding + lab.field(lab.TTL, 3_600_000),
            )
        _, held = socket.socketpair()
        bindings = b"".join(
            lab.field(lab.BINDING, lab.field(lab.DESTINATION, b"%d" % number))
            for number in range(4_090)
        )
        big = lab.field(lab.ENDPOINT, b"e") + lab.field(lab.DESTINATION, b"q")
        big += lab.field(lab.DESTINATION_PROPERTIES, b"z" * 60_000)
        works = {
            "lookups that miss": lab.frame(lab.FIND, 1, lab.field(lab.ENDPOINT, b"x")) * 200,
            "lookups over 1,024 bindings": lab.frame(
                lab.FIND, 1, lab.field(lab.DESTINATION, b"d")
            )
            * 200,
            "bindings of 60 kB": lab.frame(lab.BIND, 1, big) * 3,
            "drops by prefix": lab.frame(lab.DROP, 1, lab.field(lab.PREFIX, b"zz")) * 200,
            "statistics": lab.frame(lab.STATISTICS, 1) * 200,
        }
        for streams in (1, 400):
            for what, piece in works.items():
                with lab.child(pump(server.socket, streams, piece)):
                    time.sleep(1)
                    lab.ordinary(server.socket, f"{what}, {streams} streams", 2)

        def save() -> None:
            clients = [lab.Raw(server.socket) for _ in range(400)]
            fields = lab.field(lab.ENDPOINT, b"s") + lab.field(lab.TTL, 1_000) + bindings
            while True:
                for client in clients:
                    client.send(lab.SAVE, fields, held.fileno())
                for client in clients:
                    client.reply()

        with lab.child(save):
            time.sleep(1)
            lab.ordinary(server.socket, "saves with 4,090 bindings, 400 streams")
        time.sleep(0.5)
        before = server.processor_time
        time.sleep(2)
        spent = server.processor_time - before
        print(f"  {spent:.2f} s of processor time in 2 s after their clients were killed")
        if spent > 0.5:
            raise lab.Fault("what clients had under way goes on after their end")


def masses() -> None:
    """Sockets whose close takes long, a thousand that expire together."""
    with lab.server('[socket]\nmode = "0666"\n[access]\nusers = ["nobody"]\n') as server:

        def save() -> None:
            client = lab.Raw(server.socket)
            for _ in range(1_000):
                with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3) as packet:
                    client.save(packet.fileno(), b"p", 1_500)

        with lab.child(save):
            lab.ordinary(server.socket, "1,000 packet sockets expire", 5)


def log_reader_is_slow() -> None:
    """Nobody, or hardly anybody, reads the log."""
    piece = lab.frame(99, 1) * 50
    read, write = os.pipe()
    with lab.server(stderr=write) as server, lab.child(pump(server.socket, 8, piece)):
        time.sleep(1)
        lab.ordinary(server.socket, "a pipe that nobody reads")
    os.close(read)
    os.close(write)
    terminal, end = os.openpty()
    with lab.server(stderr=end) as server, lab.child(pump(server.socket, 8, piece)):
        time.sleep(1)
        lab.ordinary(server.socket, "a terminal that is stopped")
    os.close(terminal)
    os.close(end)


ATTACKS = (half_requests, turns, masses, log_reader_is_slow)
