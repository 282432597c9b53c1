# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the Python client's tests."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "python"), str(_ROOT / "tests" / "e2e")]
pytest.register_assert_rewrite("alone", "common", "fake", "harness", "talker", "web")

# ruff: noqa: E402
import scache
import scache.pool
import scache.http
from alone import Alone
from common import ALONE, OURS, OURS_AS_STOCK, STOCK, Connect, Pair, Start
from fake import Fake, Script
from harness.server import Server, Setup
from harness.waiting import PATIENCE
from web import Web


def _descriptors() -> dict[str, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")
    return found


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    """Checks that a test leaks no descriptors."""
    gc.collect()
    before = _descriptors()
    yield
    gc.collect()
    assert _descriptors() == before


@pytest.fixture(autouse=True)
def no_memory_of_refusals() -> None:
    """Forgets refusals of the direct protocol, as a new process does."""
    scache.pool._refused.clear()


@pytest.fixture
def serve() -> Iterator[Callable[..., Fake]]:
    """Starts scripted servers; each script must end."""
    fakes: list[Fake] = []

    def start(*scripts: Script, backlog: int = 8) -> Fake:
        fakes.append(Fake(scripts, backlog))
        return fakes[-1]

    try:
        yield start
        for fake in fakes:
            fake.finish()
    finally:
        for fake in fakes:
            fake.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A connection: the client's end, and the other one."""
    mine, other = socket.socketpair()
    yield mine, other
    mine.close()
    other.close()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts real servers; at the end each is checked for leaks and its log."""
    servers: list[Server | Alone] = []

    def start_one(kind: str) -> Server | Alone:
        if kind != ALONE and os.geteuid() != 0:
            pytest.skip("needs root: master(8) starts this server")
        monkeypatch.setenv("SCACHE_UNDER_TEST", kind.split()[0])
        servers.append(Alone() if kind == ALONE else Server(Setup()))
        if kind == OURS_AS_STOCK:
            scache.pool._refused.add(str(servers[-1].scratch.socket))
        return servers[-1]

    try:
        yield start_one
        for server in servers:
            server.finish()
    finally:
        for server in servers:
            server.close()


@pytest.fixture(params=[STOCK, OURS_AS_STOCK, OURS, ALONE])
def kind(request: pytest.FixtureRequest) -> str:
    """Each server with each protocol."""
    name: str = request.param
    return name


# HTTP.


@pytest.fixture
def web() -> Iterator[Web]:
    """An HTTP server."""
    server = Web()
    yield server
    server.finish()


@pytest.fixture
def server(start: Start) -> Server | Alone:
    """A cache."""
    return start(ALONE)


@pytest.fixture
def cache(server: Server | Alone) -> Iterator[scache.Client]:
    """Its client."""
    with scache.Client(server.scratch.socket) as client:
        client.find(endpoint="")
        yield client
        # What the server still holds, apart from this client's stream.
        server.remaining = server.holds() - 1


@pytest.fixture
def connect(cache: scache.Client, web: Web) -> Iterator[Connect]:
    """Makes connections to the web server."""
    made: list[scache.http.HTTPConnection] = []

    def make(**more: Any) -> scache.http.HTTPConnection:
        more = {"port": web.port, "timeout": PATIENCE, "cache": cache, "ttl": 30, **more}
        made.append(scache.http.HTTPConnection("127.0.0.1", **more))
        return made[-1]

    yield make
    for each in made:
        each.close()
