# SPDX-License-Identifier: Apache-2.0
"""What the other side of a cached connection hears when the connection leaves the cache."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import cargo as cargos
from harness.cargo import Cargo
from harness.server import Server
from harness.waiting import PATIENCE

Load = Callable[..., Cargo]
Start = Callable[..., Server]

# The default.
ON = {"connection_cache_goodbye": None}


def heard(cargo: Cargo, answer: bytes = b"221 2.0.0 Bye\r\n") -> str:
    """What the other side hears, which answers at once."""
    return cargo.hears(answer).decode()


def ends(server: Server) -> list[str]:
    """Waits for the end of the server; returns what it logged, which is statistics."""
    server.child.wait()
    lines = server.log.rest()
    assert all(line.startswith("statistics: ") for line in lines)
    return lines


@pytest.mark.difference("goodbye")
@pytest.mark.parametrize("kind", [cargos.tcp, cargos.unix])
def test_an_expired_connection(
    start: Start, load: Load, kind: Callable[[], Cargo], expect: dict[str, Any]
) -> None:
    server = start(main_cf=ON)
    client, cargo = server.client(), load(kind)
    client.save_endp("e", "p", cargo, 1)
    assert heard(cargo) == expect["said"]


@pytest.mark.difference("goodbye")
@pytest.mark.parametrize("end", ["signal", "master", "idle"])
def test_the_end_of_the_server(start: Start, load: Load, end: str, expect: dict[str, Any]) -> None:
    server = start("-o", "max_idle=1s", main_cf=ON)
    client, cargo = server.client(), load(cargos.tcp)
    client.save_endp("e", "p", cargo)
    if end == "signal":
        server.child.kill(signal.SIGTERM)
    elif end == "master":
        server.status.hang_up()
    else:
        server.leave(client)
    assert heard(cargo) == expect["said"]
    ends(server)


@pytest.mark.only("ours")
def test_nobody_waits_long_for_an_answer(start: Start, load: Load) -> None:
    server = start(main_cf=ON)
    client, cargo = server.client(), load(cargos.tcp)
    client.save_endp("e", "p", cargo, 1)
    assert heard(cargo, answer=b"") == "QUIT\r\n"
    client.save_endp("e", "p", other := load(cargos.tcp))
    begun = time.monotonic()
    server.child.kill(signal.SIGTERM)
    ends(server)
    assert 0.8 < time.monotonic() - begun < 3
    assert heard(other, answer=b"") == "QUIT\r\n"


@pytest.mark.only("ours")
def test_a_second_signal_ends_it_at_once(start: Start, load: Load) -> None:
    server = start(main_cf=ON)
    cargo = load(cargos.tcp)
    server.client().save_endp("e", "p", cargo)
    server.child.kill(signal.SIGTERM)
    cargo.other.settimeout(PATIENCE)
    assert cargo.other.recv(100) == b"QUIT\r\n"
    begun = time.monotonic()
    server.child.kill(signal.SIGTERM)
    ends(server)
    assert time.monotonic() - begun < 0.8


@pytest.mark.only("ours")
def test_a_found_connection_hears_nothing(start: Start, load: Load) -> None:
    server = start(main_cf=ON)
    client, cargo = server.client(), load(cargos.tcp)
    client.save_endp("e", "p", cargo)
    assert client.find_endp("e").fd is not None
    server.status.hang_up()
    ends(server)
    cargo.other.setblocking(False)
    with pytest.raises(BlockingIOError):
        cargo.other.recv(100)


@pytest.mark.only("ours")
def test_a_parameter_turns_it_off(start: Start, load: Load) -> None:
    server = start(main_cf={"connection_cache_goodbye": "no"})
    client, cargo = server.client(), load(cargos.tcp)
    client.save_endp("e", "p", cargo, 1)
    assert heard(cargo) == ""


@pytest.mark.only("ours")
def test_the_log_counts_them(start: Start, load: Load) -> None:
    server = start(main_cf=ON)
    client, first, second = server.client(), load(cargos.tcp), load(cargos.tcp)
    client.save_endp("e", "p", first, 1)
    assert heard(first) == "QUIT\r\n"
    client.save_endp("e", "p", second, 1)
    assert heard(second, answer=b"") == "QUIT\r\n"
    server.status.hang_up()
    assert "statistics: goodbyes=2 answered=1 unanswered=1 skipped=0" in ends(server)
