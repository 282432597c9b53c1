# SPDX-License-Identifier: Apache-2.0
"""Requests that are sent before the last one is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.lines import no_error
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

NOT_RECEIVED = "warning: scache_save_endp_service: unable to receive file descriptor: "


def test_the_last_dummy_may_come_with_the_next_request(server: Server, load: Load) -> None:
    client = server.client()
    for text in ("p", "q"):
        client.save_endp("e", text, load())
    client.send(wire.find_endp("e"))
    client.expect(wire.endp_found("p"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY + wire.find_endp("e"))
    client.expect(wire.endp_found("q"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY + wire.find_endp("e"))
    client.expect(wire.FIND_ENDP_MISS)


def test_the_last_dummy_may_come_with_a_save(server: Server, load: Load) -> None:
    client, cargo, second = server.client(), load(), load()
    client.save_endp("e", "p", cargo)
    client.send(wire.find_endp("e"))
    client.expect(wire.endp_found("p"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY + wire.save_endp("e", "q"))
    client.expect(wire.DUMMY)
    client.send(b"\0", [second.fd])
    client.expect(wire.status(0))
    assert client.find_endp("e").identity == second.identity


def test_the_last_dummy_may_come_in_pieces_with_the_next_request(
    server: Server, load: Load
) -> None:
    client = server.client()
    client.save_endp("e", "p", load())
    client.send(wire.find_endp("e"))
    client.expect(wire.endp_found("p"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY[:-1])
    assert client.says_nothing(0.05)
    client.send(wire.DUMMY[-1:] + wire.find_endp("e")[:10])
    assert client.says_nothing(0.05)
    client.send(wire.find_endp("e")[10:])
    client.expect(wire.FIND_ENDP_MISS)


@pytest.mark.only("ours")
@pytest.mark.difference("pipelining")
@pytest.mark.parametrize("count", [2, 1000, 5000])
def test_requests_sent_at_once_are_all_answered(server: Server, count: int) -> None:
    client = server.client()
    client.send(wire.find_endp("a") * count)
    client.expect(wire.FIND_ENDP_MISS * count)
    assert client.says_nothing(0.02)


@pytest.mark.difference("pipelining")
def test_two_requests_sent_at_once(server: Server, expect: dict[str, Any]) -> None:
    client = server.client()
    client.send(wire.find_endp("a") + wire.find_dest("b"))
    client.expect(wire.FIND_ENDP_MISS)
    if expect["second_is_answered"]:
        client.expect(wire.FIND_DEST_MISS)
    else:
        assert client.says_nothing(0.2)


@pytest.mark.only("ours")
@pytest.mark.difference("pipelining")
def test_answers_come_in_the_order_of_the_requests(server: Server) -> None:
    client = server.client()
    requests = [
        (wire.find_endp("a"), wire.FIND_ENDP_MISS),
        (wire.find_dest("b"), wire.FIND_DEST_MISS),
        (wire.save_dest("d", "p", "e"), wire.status(0)),
        (wire.attributes(("request", "frob")), wire.status(1)),
        (wire.find_dest("d"), wire.FIND_DEST_MISS),
    ]
    client.send(b"".join(request for request, _ in requests) * 100)
    client.expect(b"".join(reply for _, reply in requests) * 100)
    server.log.expect(*['warning: unrecognized request: "frob", ignored'] * 100)


@pytest.mark.only("ours")
@pytest.mark.difference("pipelining")
def test_a_save_and_a_lookup_sent_at_once(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.send(wire.save_endp("e", "p"))
    client.expect(wire.DUMMY)
    client.send(b"\0" + wire.find_endp("e"), [cargo.fd])
    client.expect(wire.status(0))
    client.expect(wire.endp_found("p"))
    client.send(wire.DUMMY)
    client.descriptor()
    client.send(wire.DUMMY)
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.only("ours")
@pytest.mark.difference("early-dummies")
def test_a_lookup_and_both_its_dummies_sent_at_once(server: Server, load: Load) -> None:
    client, cargos = server.client(), [load() for _ in range(10)]
    for number, cargo in enumerate(cargos):
        client.save_endp("e", f"p{number}", cargo)
    client.send((wire.find_endp("e") + wire.DUMMY * 2) * len(cargos))
    for number, _ in enumerate(cargos):
        client.expect(wire.endp_found(f"p{number}"))
        client.descriptor()
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("early-dummies")
def test_a_lookup_and_one_dummy_sent_at_once(
    start: Start, load: Load, expect: dict[str, Any]
) -> None:
    server = start("-o", "ipc_timeout=1s")
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    client.send(wire.find_endp("e") + wire.DUMMY)
    client.expect(wire.endp_found("p"))
    if expect["taken"]:
        client.descriptor()
        client.send(wire.DUMMY)
    else:
        server.log.expect(*expect["log"])
    assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("early-descriptor")
def test_a_descriptor_sent_before_the_dummy_was_read(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, cargo = server.client(), load()
    with server.child.stopped():
        client.send(wire.save_endp("e", "p"))
        client.send(b"\0", [cargo.fd])
    client.expect(wire.DUMMY)
    if expect["taken"]:
        client.expect(wire.status(0))
        assert client.find_endp("e").identity == cargo.identity
    else:
        assert client.says_nothing(0.1)
        client.send(wire.find_endp("L"))
        client.expect(wire.status(2))
        server.log.expect_one_of(NOT_RECEIVED, no_error())
        server.log.expect(*expect["log"])


@pytest.mark.difference("left-over-error")
def test_a_descriptor_sent_with_the_request_itself_is_none_for_the_save(
    server: Server, load: Load
) -> None:
    client, cargo = server.client(), load()
    client.send(wire.save_endp("e", "p"), [cargo.fd])
    client.expect(wire.DUMMY)
    client.send(b"\0")
    client.expect(wire.status(2))
    server.log.expect_one_of(NOT_RECEIVED, no_error())
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.comes_to_hold(1)
