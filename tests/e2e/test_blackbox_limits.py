# SPDX-License-Identifier: Apache-2.0
"""Full tables: descriptors, clients, descriptors on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.client import Client
from harness.lines import no_error
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

NOT_RECEIVED = "warning: scache_save_endp_service: unable to receive file descriptor: "
NOT_SAVED = "warning: scache_save_endp_service: not saved: "
FEW = 160
THOUSAND = 1000


def full(start: Start, load: Load, expect: dict[str, Any]) -> tuple[Server, Client, range]:
    """A server, a client that has saved far more than there is room for, and what is cached."""
    server = start(nofile=(FEW, FEW))
    server.log.expect(*expect["at_start"])
    client = server.client()
    for count in range(2 * FEW):
        if client.save_endp("e", str(count), load()) != wire.status(0):
            assert expect["refuses"]
            assert 140 <= count <= FEW
            return server, client, range(count)
    assert not expect["refuses"]
    return server, client, range(2 * FEW - expect["holds"], 2 * FEW)


@pytest.mark.difference("full-table")
def test_saves_when_the_table_is_full(start: Start, load: Load, expect: dict[str, Any]) -> None:
    server, client, cached = full(start, load, expect)
    if expect["refuses"]:
        assert server.log.next_line().text in [NOT_RECEIVED + reason for reason in no_error()]
    assert client.find_endp("e").reply == wire.endp_found(str(cached[0]))
    assert client.save_endp("e", "again", load()) == wire.status(0)
    for number in cached[1:]:
        assert client.find_endp("e").reply == wire.endp_found(str(number))
    assert client.find_endp("e").reply == wire.endp_found("again")
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("full-table")
def test_new_clients_while_the_table_is_full(
    start: Start, load: Load, expect: dict[str, Any]
) -> None:
    server, _, cached = full(start, load, expect)
    if expect["refuses"]:
        server.log.next_line()
    others = [server.connect() for _ in range(3)]
    if not expect["goes_on"]:
        assert server.child.wait() == 1
        errors = server.log.rest()
        assert set(errors[:-1]) == {"error: accept connection: Too many open files"}
        assert errors[-1] == "fatal: too many errors - program terminated"
        return
    for other in others:
        other.expect(wire.GREETING)
        assert other.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    for number in cached:
        assert others[number % 3].find_endp("e").reply == wire.endp_found(str(number))
    assert others[0].save_endp("e", "p", load()) == wire.status(0)
    assert others[0].find_endp("e").reply == wire.endp_found("p")


@pytest.mark.difference("few-descriptors")
def test_very_few_descriptors(start: Start, load: Load, expect: dict[str, Any]) -> None:
    server = start(nofile=(64, 64), warm=False)
    client = server.connect()
    if "status" in expect:
        assert server.child.wait() == expect["status"]
        server.log.expect(*expect["log"])
        return
    server.log.expect(*expect["log"])
    client.expect(wire.GREETING)
    assert client.save_endp("e", "p", load()) == wire.status(0)
    assert client.find_endp("e").reply == wire.endp_found("p")


@pytest.mark.difference("client-limit")
def test_as_many_clients_as_there_may_be(start: Start, expect: dict[str, Any]) -> None:
    server = start(nofile=(THOUSAND, THOUSAND))
    clients = [server.connect() for _ in range(expect["clients"])]
    for client in clients:
        client.expect(wire.GREETING)
    for client in clients:
        assert client.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    assert all(client.is_open() for client in clients)


@pytest.mark.difference("client-limit")
def test_the_client_that_was_idle_longest_makes_room(
    start: Start, expect: dict[str, Any]
) -> None:
    server = start(nofile=(THOUSAND, THOUSAND))
    clients = [server.connect() for _ in range(expect["clients"])]
    for client in clients:
        client.expect(wire.GREETING)
    clients[0].find_endp("nothing")
    if expect["limited"]:
        clients[2].send(wire.find_endp("nothing")[:-1])
        clients[2].wait_until_heard()
    newcomers = [server.client() for _ in range(2)]
    for newcomer in newcomers:
        assert newcomer.find_endp("nothing").reply == wire.FIND_ENDP_MISS
    if expect["limited"]:
        clients[1].ends()
        clients[3].ends()
        clients[2].send(b"\0")
        clients[2].expect(wire.FIND_ENDP_MISS)
    assert clients[0].find_endp("nothing").reply == wire.FIND_ENDP_MISS
    closed = {1, 3} if expect["limited"] else set()
    for number, client in enumerate(clients):
        assert client.is_open() == (number not in closed)


@pytest.mark.only("ours")
@pytest.mark.difference("unread-descriptors")
def test_a_client_that_never_reads_its_descriptors(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, other, count = server.client(), server.client(), 60
    for number in range(count):
        other.save_endp("e", str(number), load())
    client.send((wire.find_endp("e") + 2 * wire.DUMMY) * count)
    client.wait_until_heard()
    rest = 0
    while (found := other.find_endp("e")).fd is not None:
        rest += 1
        assert found.fd is not None
    assert count - rest <= expect["at_most"]
    # What it was promised and could not be sent comes back when it leaves.
    server.leave(client)
    while other.find_endp("e").fd is not None:
        pass
    server.log.rest()
