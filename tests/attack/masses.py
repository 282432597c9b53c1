# SPDX-License-Identifier: Apache-2.0
"""As many connections as the server takes are listed, dropped, abandoned and expire at once."""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import threading
import time

import lab

COUNT = 19_000
MASS = lab.field(lab.ENDPOINT, b"mass")
TTL = 60_000

# Connections whose other ends stay open here.
PAIRS = 9_000
# As many as one process can hold the other ends of.
WATCHED = 19_000
IDLE = 5
GOODBYE = '[[goodbye]]\nendpoint = "*"\nprotocol = "smtp"\n'

# Clients that list at the same time.
LISTERS = 20
# Clients that leave while their saves are under way.
SAVERS = 100


def fill(path: str, count: int = COUNT, ttl: int = TTL) -> None:
    """Saves one connection so many times."""
    client = lab.Raw(path, 20)
    one, other = socket.socketpair()
    end = time.monotonic() + ttl / 1000
    with one, other:
        for _ in range(count):
            left = ttl if ttl == TTL else max(1, int((end - time.monotonic()) * 1000))
            answer = client.save(one.fileno(), b"mass", left)
            if answer != "saved":
                raise lab.Fault(f"a save is answered: {answer}")
    client.socket.close()


def list_all(path: str, streams: int = LISTERS) -> None:
    """Pages on all the streams, again and again."""
    clients = dict.fromkeys([lab.Raw(path, 20) for _ in range(streams)], b"")
    while True:
        for client, fields in clients.items():
            client.send(lab.LIST, fields)
        for client in clients:
            _, page = client.reply()
            cursor = page.get(lab.CURSOR)
            clients[client] = b"" if cursor is None else lab.field(lab.CURSOR, cursor)


def drop(path: str, by: int) -> None:
    """By endpoint, or by prefix; others' connections stay."""
    lab.Raw(path, 20).ask(lab.DROP, lab.field(by, b"mass"))


def drop_and_leave(path: str) -> None:
    """Again and again, until nothing is left."""
    while True:
        client = lab.Raw(path, 20)
        client.send(lab.DROP, MASS)
        client.socket.close()


def soon(work: functools.partial[None]) -> None:
    """When the clients that are measured have begun."""
    time.sleep(0.5)
    work()


def abandon(path: str, ahead: int) -> None:
    """All saves are sent, no answer is read, and the clients are gone; again and again."""
    one, _ = socket.socketpair()
    save = MASS + lab.field(lab.TTL, 200)
    while True:
        clients = [lab.Raw(path, 20) for _ in range(SAVERS)]
        for client in clients:
            client.socket.setblocking(False)
        for _ in range(ahead):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(lab.SAVE, save, one.fileno())
        for client in clients:
            client.socket.close()
        # Without a rest everybody waits for the processors.
        time.sleep(0.05)


def listed_and_dropped() -> None:
    with lab.server() as server:
        fill(server.socket)
        print(f"  {server.connections} connections")
        with lab.child(lambda: list_all(server.socket)):
            lab.others(server.socket, f"{LISTERS} clients list them")
        for by, what in ((lab.ENDPOINT, "their endpoint"), (lab.PREFIX, "a prefix")):
            if not server.connections:
                fill(server.socket)
            with lab.child(lambda by=by: soon(functools.partial(drop, server.socket, by))):
                lab.others(server.socket, f"they are dropped by {what}", 2)
        fill(server.socket)
        with lab.child(lambda: soon(functools.partial(drop_and_leave, server.socket))):
            lab.others(server.socket, "they are dropped by clients that leave", 2)
        server.is_as_before(b"mass")


def abandoned() -> None:
    with lab.server() as server:
        with lab.child(lambda: abandon(server.socket, COUNT // SAVERS)):
            lab.others(server.socket, f"{SAVERS} clients save and leave")
        lab.others(server.socket, "afterwards", 1)
        server.is_as_before(b"mass")


def everything_at_once() -> None:
    """Half of them expire while they are listed and dropped, and while clients abandon the rest."""
    half = COUNT // 2
    with lab.server() as server:
        fill(server.socket, half, 4_000)
        works = (list_all, drop_and_leave, functools.partial(abandon, ahead=half // SAVERS))
        with contextlib.ExitStack() as stack:
            for work in works:
                late = functools.partial(soon, functools.partial(work, server.socket))
                stack.enter_context(lab.child(late))
            lab.others(server.socket, "all at once", 4)
        lab.others(server.socket, "afterwards", 1)
        server.is_as_before(b"mass")


def fill_pairs(path: str, count: int, ttl: int) -> list[socket.socket]:
    """Saves so many connections that expire at the same time; returns their other ends."""
    client = lab.Raw(path, 20)
    end = time.monotonic() + ttl / 1000
    peers = []
    for _ in range(count):
        one, other = socket.socketpair()
        peers.append(other)
        with one:
            client.save(one.fileno(), b"mass", max(1, int((end - time.monotonic()) * 1000)))
    client.socket.close()
    return peers


def goodbyes() -> None:
    """Thousands of connections expire at once and say goodbye; nobody answers, or everybody."""
    with lab.server(GOODBYE) as server:
        for answers in (False, True):
            peers = fill_pairs(server.socket, PAIRS, 4_000)
            stop = threading.Event()
            answering = threading.Thread(target=answer, args=(peers, stop))
            if answers:
                answering.start()
            lab.others(server.socket, f"goodbyes with{'' if answers else 'out'} an answer", 8)
            stop.set()
            if answers:
                answering.join()
            for peer in peers:
                peer.close()
            with lab.scache.Client(server.socket, timeout=5) as user:
                counted = user.stats()
            said = [f"{name} {counted[name]}" for name in counted if name.startswith("goodbyes")]
            print("  " + ", ".join(said))
        server.is_as_before(b"mass")


def answer(peers: list[socket.socket], stop: threading.Event) -> None:
    """Answers each goodbye as soon as it comes."""
    poll = select.epoll()
    for peer in peers:
        poll.register(peer.fileno(), select.EPOLLIN | select.EPOLLONESHOT)
    by_number = {peer.fileno(): peer for peer in peers}
    while not stop.is_set():
        for number, _ in poll.poll(0.1):
            with contextlib.suppress(OSError):
                by_number[number].send(b"221 Bye\r\n")


def close_evenly(peers: list[socket.socket], seconds: float = 1.0) -> None:
    """Closes them one after another in this time."""
    begun = time.monotonic()
    for count, peer in enumerate(peers):
        ahead = count / len(peers) * seconds - (time.monotonic() - begun)
        if ahead > 0.002:
            time.sleep(ahead)
        peer.close()


def ends() -> None:
    """Thousands of idle connections cost nothing, until all end within a second."""
    with lab.server() as server:
        peers = fill_pairs(server.socket, WATCHED, TTL)
        time.sleep(1)
        before = server.processor_time
        time.sleep(IDLE)
        used = server.processor_time - before
        print(f"  {len(peers)} idle connections: {used:.2f} s of a processor in {IDLE} s")
        if used > 0.01 * IDLE:
            raise lab.Fault("the server does something")
        with lab.child(lambda: soon(functools.partial(close_evenly, peers))):
            for peer in peers:
                peer.close()
            lab.others(server.socket, "they end", 2)
        left = server.connections
        print(f"  {left} are left")
        if left:
            raise lab.Fault("connections that are over are in the cache")


ATTACKS = (listed_and_dropped, abandoned, everything_at_once, goodbyes, ends)
