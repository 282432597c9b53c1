# SPDX-License-Identifier: Apache-2.0
"""Requests for the direct protocol, which the stock server refuses like any unknown request."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.server import Server
from harness.wire import AGREEMENT, wish

Load = Callable[..., Cargo]

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "direct.json"
FRAMES = {
    frame["name"]: bytes.fromhex(frame["frame"])
    for frame in json.loads(VECTORS.read_text())["frames"]
}


@pytest.mark.difference("direct-protocol")
def test_a_client_asks_for_the_direct_protocol(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, other = server.client(), server.client()
    if not expect["agrees"]:
        assert client.ask(wish("1")) == wire.status(1)
        server.log.expect(expect["refusal"])
        assert client.ask(wire.find_endp("zz")) == wire.FIND_ENDP_MISS
        return
    assert client.ask(wish("1")) == AGREEMENT
    client.send(FRAMES["find by endpoint"])
    assert client.frame().reply == FRAMES["not found"]
    cargo = load()
    client.send(FRAMES["save"], [cargo.fd])
    reply = client.frame().reply
    # All except the id of the connection, which begins at a random number.
    assert reply[:32] == FRAMES["saved"][:32] and reply[40:] == FRAMES["saved"][40:]
    assert other.find_endp("e").identity == cargo.identity


@pytest.mark.difference("direct-protocol")
def test_what_postfix_saves_is_found_directly(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, other = server.client(), server.client()
    cargo = load()
    other.save_endp("e", "p", cargo)
    agrees = client.ask(wish("7")) == AGREEMENT
    assert agrees == expect["agrees"]
    if not agrees:
        server.log.expect(expect["refusal"])
        assert client.find_endp("e").identity == cargo.identity
        return
    client.send(FRAMES["find by endpoint"])
    found = client.frame()
    assert found.reply[4:6] == bytes([130, 1])
    assert found.identity == cargo.identity


@pytest.mark.difference("direct-protocol")
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(("0",), id="zero"),
        pytest.param(("one",), id="no number"),
        pytest.param((), id="missing"),
    ],
)
def test_without_a_version_the_stream_stays_in_postfixs_way(
    server: Server, load: Load, expect: dict[str, Any], version: tuple[str, ...]
) -> None:
    client, cargo = server.client(), load()
    assert client.ask(wish(*version)) == wire.status(1)
    server.log.expect(expect["refusal"])
    client.save_endp("a", "p", cargo)
    assert client.find_endp("a").identity == cargo.identity
