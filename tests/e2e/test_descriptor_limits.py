# SPDX-License-Identifier: Apache-2.0
"""The server with few descriptors, at every limit: it serves with what it has and loses nothing.

Half of the clients use the Postfix protocol, half in the direct protocol."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest

from harness import cargo
from harness.client import Ended
from harness.server import Server
from harness.talkers import WAYS, Talker
from harness.waiting import until

Start = Callable[..., Server]

# Postfix gives its servers thousands. With fewer than LEAST there is no room for a single client;
# from ENOUGH on there is for as many as there may be.
LEAST = 11
ENOUGH = 24
MOST = 200
WIDTH = 16
CLIENTS = 10

SHORTAGES = (
    "warning: could allocate space for only ",
    "warning: accept connection: Too many open files",
    "warning: scache_save_endp_service: unable to receive file descriptor: Application error",
    "warning: direct: scache socket: more than one descriptor arrived with a frame, "
    "or the descriptor table is full",
)


def ask_in_turn(server: Server) -> list[Talker]:
    """More clients than are kept at the lowest limits; each is served when it comes."""
    clients = []
    for number in range(CLIENTS):
        clients.append(WAYS[number % 2](server))
        assert clients[-1].find("nothing") is None
    return clients


def room_for_connections(limit: int) -> int:
    """As many as the server holds with so many descriptors."""
    rest = limit - min(96, limit // 4) - min(64, limit // 64)
    clients = max(rest // 48, 8)
    return max(rest - 2 * clients, 1)


def fill(client: Talker, room: int) -> list[tuple[str, cargo.Cargo]]:
    """Saves more than there is room for; what is cached then, with its properties."""
    saved: list[tuple[str, cargo.Cargo]] = []
    for number in range(room + 3):
        item = cargo.unix()
        if client.save(str(number), item):
            saved.append((str(number), item))
        else:
            item.close()
    for _, item in saved[:-room]:
        item.closed_by()
        item.close()
    return saved[-room:]


def overload(client: Talker) -> None:
    """A save with as many descriptors as one message takes."""
    ends = [end for _ in range(126) for end in socket.socketpair()]
    client.overload([end.fileno() for end in ends])
    for end in ends:
        end.close()


def is_still_served(talker: Talker) -> bool:
    """Whether it was not closed to make room; then it must be served."""
    if not talker.client.is_open():
        return False
    try:
        assert talker.find("nothing") is None
    except (Ended, BrokenPipeError):
        return False
    return True


def check_limit(start: Start, limit: int) -> None:
    """Everything that can run out does, more than once."""
    server = start(nofile=(limit, limit))
    clients = ask_in_turn(server)
    for come in WAYS:
        taken = fill(clients[-1], room_for_connections(limit))
        assert taken
        overload(clients[-1])
        newcomer = come(server)
        assert newcomer.find("nothing") is None
        # Only the place of those that were idle longest may be somebody else's now.
        assert sum(is_still_served(client) for client in clients) >= 4
        for properties, item in taken:
            assert newcomer.find("e") == (properties, item.identity)
            item.close()
        assert newcomer.find("e") is None
        clients[-1] = newcomer
    left = [line for line in server.log.rest() if not line.startswith(SHORTAGES)]
    assert left == []
    server.finish()


@pytest.mark.only("ours")
@pytest.mark.parametrize("limit", range(LEAST - 4, LEAST))
def test_a_server_without_room_says_so(start: Start, limit: int) -> None:
    server = start(nofile=(limit, limit), warm=False)
    with contextlib.suppress(ConnectionRefusedError):
        server.connect()

    def has_spoken() -> bool:
        lines = server.log.rest()
        return any("Too many open files" in line for line in lines) or not server.child.alive()

    until(has_spoken, "a word on the shortage")
    if not server.child.alive():
        assert server.child.wait() > 0
    server.close()


@pytest.mark.only("ours")
@pytest.mark.parametrize("limit", range(LEAST, ENOUGH))
def test_hardly_any_descriptors_serve_one_client_after_the_other(start: Start, limit: int) -> None:
    server = start(nofile=(limit, limit))
    for come in 2 * WAYS:
        talker = come(server)
        assert talker.find("e") is None
        item = cargo.unix()
        try:
            saved = talker.save("p", item)
        except Ended:
            # There was no room for what came with the frame.
            server.leave(talker.client)
            talker, saved = come(server), False
        assert talker.find("e") == (("p", item.identity) if saved else None)
        item.close()
        server.leave(talker.client)
        server.comes_to_hold(0)
    assert [line for line in server.log.rest() if not line.startswith(SHORTAGES)] == []


@pytest.mark.only("ours")
@pytest.mark.parametrize("lowest", range(ENOUGH, MOST + 1, WIDTH))
def test_few_descriptors_are_shared_out(start: Start, lowest: int) -> None:
    for limit in range(lowest, min(lowest + WIDTH, MOST + 1)):
        try:
            check_limit(start, limit)
        except BaseException as problem:
            problem.add_note(f"with {limit} descriptors")
            raise
