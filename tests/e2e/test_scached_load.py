# SPDX-License-Identifier: Apache-2.0
"""Load on scached: it returns memory, and unfinished requests do not keep other clients out."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import time
from collections.abc import Callable

import pytest

from harness import census, ctl, wire
from harness.cargo import Cargo
from harness.scached import Scached
from harness.waiting import until

pytestmark = pytest.mark.only("ours")

MEGABYTE = 1 << 20


def resident(pid: int) -> int:
    """The resident memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"no process {pid}")


def test_memory_of_bindings_goes_back_when_they_expire(scached: Scached) -> None:
    scached.start_here()
    assert scached.process is not None
    pid = scached.process.pid
    if census.is_sanitized(pid):
        pytest.skip("a sanitizer keeps what is freed")
    client = scached.client()
    before = resident(pid)
    properties = "p" * 60_000
    for i in range(1_000):
        assert client.save_dest(f"d{i}", properties, "e", 2) == wire.status(0)
    assert resident(pid) > before + 40 * MEGABYTE
    # Many small bindings, so that the tables grow; the last one stays.
    for i in range(20_000):
        assert client.save_dest(f"s{i}", "", f"e{i}", 2) == wire.status(0)
    assert client.save_dest("last", "", "e", 60) == wire.status(0)
    until(lambda: resident(pid) < before + 20 * MEGABYTE, "memory to be returned")


def test_bindings_that_fill_their_memory_leave_connections_theirs(
    scached: Scached, load: Callable[..., Cargo]
) -> None:
    scached.configure("[limits]\nbinding_bytes = 1048576\n")
    scached.start_here()
    client = scached.client()
    assert client.save_endp("e", "p", load()) == wire.status(0)
    for number in range(300):
        assert client.save_dest(f"d{number}", "p" * 10_000, "e", 60) == wire.status(0)
    told = ctl.told(scached.path, "stats")
    assert 90 < told["bindings"] < 110
    assert told["connections"] == 1
    assert client.find_endp("e").reply == wire.endp_found("p")


def test_half_a_request_keeps_nobody_out(scached: Scached) -> None:
    scached.configure("[limits]\nclients = 20\n")
    scached.start_here()
    hoard: list[socket.socket] = []
    for _ in range(60):
        stream = socket.socket(socket.AF_UNIX)
        stream.setblocking(False)
        stream.connect(str(scached.path))
        # The server may close it at once.
        with contextlib.suppress(BrokenPipeError):
            stream.send(b"r")
        hoard.append(stream)
    begin = time.monotonic()
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS
    assert time.monotonic() - begin < 5
    for stream in hoard:
        stream.close()
