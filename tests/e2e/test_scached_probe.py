# SPDX-License-Identifier: Apache-2.0
"""[[probe]] of scached.toml: idle connections that are asked whether they work."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import pytest

from harness import cargo as cargos
from harness import ctl, wire
from harness.cargo import Cargo
from harness.scached import Scached
from harness.waiting import PATIENCE, until

pytestmark = pytest.mark.only("ours")
Load = Callable[..., Cargo]
OPTIONS = b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n"


def peer_of(cargo: Cargo) -> socket.socket:
    """The other end, which waits patiently."""
    cargo.other.settimeout(PATIENCE)
    return cargo.other


def stats(scached: Scached) -> dict[str, int]:
    """The statistics."""
    told: dict[str, int] = ctl.told(scached.path, "stats")
    return told


def test_a_probe_of_any_bytes(scached: Scached, load: Load) -> None:
    scached.configure(
        '[[probe]]\nendpoint = "http:*"\nidle = "100ms"\n'
        'send = "OPTIONS * HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n"\n'
        'expect = "HTTP/1.1 2"\nend = "\\r\\n\\r\\n"\n'
    )
    scached.start_here()
    client = scached.client()
    cargo, other = load(cargos.tcp), load(cargos.tcp)
    client.save_endp("http:a", "p", cargo)
    client.save_endp("other", "p", other)
    assert peer_of(cargo).recv(100) == OPTIONS
    assert client.find_endp("http:a").reply == wire.FIND_ENDP_MISS
    peer_of(cargo).sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    until(lambda: stats(scached)["probes_passed"] == 1, "the probe to pass")
    assert peer_of(cargo).recv(100) == OPTIONS
    peer_of(cargo).sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert peer_of(cargo).recv(100) == b""
    told = stats(scached)
    assert (told["probes_failed"], told["dead"], told["connections"]) == (1, 1, 1)
    other.other.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.other.recv(1)
    scached.wait_for("warning: a probe has failed: endpoint=http:a: wrong answer")


def test_silence_ends_after_the_wait(scached: Scached, load: Load) -> None:
    scached.configure(
        '[[probe]]\nendpoint = "*"\nprotocol = "redis"\nidle = "100ms"\nwait = "100ms"\n'
    )
    scached.start_here()
    cargo = load(cargos.unix)
    scached.client().save_endp("e", "p", cargo)
    assert peer_of(cargo).recv(100) == b"PING\r\n"
    assert peer_of(cargo).recv(100) == b""
    scached.wait_for("warning: a probe has failed: endpoint=e: no answer")


def test_a_server_ends_during_a_probe(scached: Scached, load: Load) -> None:
    scached.configure('[[probe]]\nendpoint = "*"\nprotocol = "redis"\nidle = "100ms"\n')
    scached.start_here()
    cargo = load(cargos.unix)
    scached.client().save_endp("e", "p", cargo)
    assert peer_of(cargo).recv(100) == b"PING\r\n"
    scached.signal(signal.SIGTERM)
    assert scached.end() == 0
    assert peer_of(cargo).recv(100) == b""


def test_a_new_rule_applies_to_connections_that_are_saved_later(
    scached: Scached, load: Load
) -> None:
    scached.configure("")
    scached.start_here()
    client = scached.client()
    before, later = load(cargos.tcp), load(cargos.tcp)
    client.save_endp("before", "p", before)
    scached.configure('[[probe]]\nendpoint = "*"\nprotocol = "redis"\nidle = "100ms"\n')
    scached.reload()
    client.save_endp("later", "p", later)
    assert peer_of(later).recv(100) == b"PING\r\n"
    peer_of(later).sendall(b"+PONG\r\n")
    until(lambda: stats(scached)["probes_passed"] == 1, "the probe to pass")
    before.other.setblocking(False)
    with pytest.raises(BlockingIOError):
        before.other.recv(1)
