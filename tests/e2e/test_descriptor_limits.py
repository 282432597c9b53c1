"""The server with few descriptors, at every limit: it serves with what it has and loses nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import pytest

from harness import cargo, wire
from harness.client import Client, Ended
from harness.server import Server
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
    "warning: scache_save_endp_service: not saved: the cache is full",
    "warning: scache_save_endp_service: unable to receive file descriptor: Application error",
)


def ask_in_turn(server: Server) -> list[Client]:
    """More clients than are kept at the lowest limits; each is served when it comes."""
    clients = []
    for _ in range(CLIENTS):
        clients.append(server.client())
        assert clients[-1].find_endp("nothing").reply == wire.FIND_ENDP_MISS
    return clients


def fill(client: Client, limit: int) -> list[cargo.Cargo]:
    """Saves until the server refuses; what it took."""
    taken: list[cargo.Cargo] = []
    while len(taken) < limit:
        item = cargo.unix()
        if client.save_endp("e", str(len(taken)), item) != wire.status(0):
            item.close()
            return taken
        taken.append(item)
    raise AssertionError(f"{limit} connections and no end")


def overload(client: Client) -> None:
    """A save with as many descriptors as one message takes."""
    ends = [end for _ in range(126) for end in socket.socketpair()]
    client.send(wire.save_endp("e", "many"))
    client.expect(wire.DUMMY)
    client.send(b"\0", [end.fileno() for end in ends])
    client.expect(wire.status(2))
    for end in ends:
        end.close()


def is_still_served(client: Client) -> bool:
    """Whether it was not closed to make room; then it must be served."""
    if not client.is_open():
        return False
    try:
        assert client.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    except (Ended, BrokenPipeError):
        return False
    return True


def check_limit(start: Start, limit: int) -> None:
    """Everything that can run out does, more than once."""
    server = start(nofile=(limit, limit))
    clients = ask_in_turn(server)
    for _ in range(2):
        taken = fill(clients[-1], limit)
        assert taken
        overload(clients[-1])
        newcomer = server.client()
        assert newcomer.find_endp("nothing").reply == wire.FIND_ENDP_MISS
        # Only the place of those that were idle longest may be somebody else's now.
        assert sum(is_still_served(client) for client in clients) >= 4
        for number, item in enumerate(taken):
            found = newcomer.find_endp("e")
            assert found.reply == wire.endp_found(str(number))
            assert found.identity == item.identity
            item.close()
        assert newcomer.find_endp("e").reply == wire.FIND_ENDP_MISS
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
    for _ in range(3):
        client = server.client()
        assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
        item = cargo.unix()
        saved = client.save_endp("e", "p", item)
        assert saved in (wire.status(0), wire.status(2))
        assert (client.find_endp("e").identity == item.identity) == (saved == wire.status(0))
        item.close()
        server.leave(client)
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
