# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the black-box suite, and the rules that bind it to the table of differences."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.register_assert_rewrite("harness")

# ruff: noqa: E402
from harness import cargo as cargos
from harness import differences, program
from harness.cargo import Cargo
from harness.scached import Scached
from harness.server import Server, Setup

Start = Callable[..., Server]

_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Names the markers."""
    config.addinivalue_line(
        "markers", "difference(name): the test checks this row of differences.toml"
    )
    config.addinivalue_line("markers", "root: the test needs root; others skip it")
    config.addinivalue_line("markers", "only(kind): the test makes sense for this server alone")
    # Children become another program at once, whatever threads pytest-xdist has.
    config.addinivalue_line("filterwarnings", "ignore:.*use of fork:DeprecationWarning")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects what is not for the server under test, and checks the table against the tests."""
    rows = differences.table()
    named: set[str] = set()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        for mark in item.iter_markers("difference"):
            if mark.args[0] not in rows:
                raise pytest.UsageError(f"{item.nodeid}: no row {mark.args[0]!r} in the table")
            named.add(mark.args[0])
        if item.get_closest_marker("root") is not None:
            item.fixturenames.insert(0, "root")
        only = item.get_closest_marker("only")
        keep = only is None or only.args[0] == program.kind_under_test()
        (kept if keep else dropped).append(item)
    if not config.option.keyword and all(os.path.isdir(name) for name in config.args):
        forgotten = sorted(set(rows) - named)
        if named and forgotten:
            raise pytest.UsageError(f"rows of differences.toml that no test checks: {forgotten}")
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.fixture(scope="session")
def root() -> None:
    """For what only root can do: start servers as master(8) does, have clients of other users."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Lets fixtures know whether their test has failed."""
    outcome = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or outcome.get_result().failed


@pytest.fixture
def start(root: None, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts servers; at the end each is checked for leaks, log lines and a clean exit."""
    servers: list[Server] = []

    def start_one(*options: str, **more: Any) -> Server:
        server = Server(Setup(options=options, **more))
        servers.append(server)
        return server

    try:
        yield start_one
        for server in servers:
            # After a failure these checks would only add noise; a sanitizer's report explains it.
            if request.node.stash.get(_FAILED, False):
                server.check_sanitizers()
            else:
                server.finish()
    finally:
        for server in servers:
            server.close()


@pytest.fixture
def server(start: Start) -> Server:
    """A server with the default settings."""
    return start()


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the test's row of the table promises of the server under test."""
    mark = request.node.get_closest_marker("difference")
    assert mark is not None, "the test names no difference"
    return differences.expected(mark.args[0])


@pytest.fixture
def load() -> Iterator[Callable[..., Cargo]]:
    """Makes things to save, and closes what is left of them."""
    made: list[Cargo] = []

    def make(kind: Callable[..., Cargo] = cargos.unix, *arguments: Any) -> Cargo:
        made.append(kind(*arguments))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def scached() -> Iterator[Scached]:
    """The server that stands alone, not started yet."""
    server = Scached()
    try:
        yield server
    finally:
        server.close()
