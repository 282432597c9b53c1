# SPDX-License-Identifier: Apache-2.0
"""Tests that mostly wait run side by side.

The first of a file that pytest reaches starts the bodies of all that were selected in this file, a
few at a time; each test then reports what became of its own body. A body makes everything that it
needs itself and shares nothing, so that the order does not matter. No body runs beside the tests of
another file.
"""

from __future__ import annotations

import concurrent.futures
import inspect
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from harness import differences

_Outcomes = dict[str, concurrent.futures.Future[None]]
_OUTCOMES = pytest.StashKey[dict[pathlib.Path, _Outcomes]]()


def at_once(body: Callable[..., None]) -> Callable[..., None]:
    """Let this test run beside the others; it may have parameters, but no fixtures but `expect`."""

    def test(request: pytest.FixtureRequest, **parameters: object) -> None:
        __tracebackhide__ = True
        del parameters
        _outcomes(request.node)[request.node.nodeid].result()

    signature = inspect.signature(body)
    fixture = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY)
    vars(test).update(
        vars(body),  # pytest keeps a test's marks there
        __signature__=signature.replace(parameters=[*signature.parameters.values(), fixture]),
        body_at_once=body,
    )
    test.__name__, test.__doc__, test.__module__ = body.__name__, body.__doc__, body.__module__
    return test


def _outcomes(test: pytest.Item) -> _Outcomes:
    files = test.session.stash.setdefault(_OUTCOMES, {})
    if test.path not in files:
        workers = int(os.environ.get("SCACHE_LIVE_AT_ONCE", "6"))
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        items = [item for item in test.session.items if item.path == test.path and _body(item)]
        files[test.path] = {item.nodeid: pool.submit(*_call(item)) for item in items}
        test.session.config.add_cleanup(lambda: pool.shutdown(cancel_futures=True))
    return files[test.path]


def _body(item: pytest.Item) -> Any:
    return getattr(getattr(item, "function", None), "body_at_once", None)


def _call(item: pytest.Item) -> list[Any]:
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    mark = item.get_closest_marker("difference")
    if mark is not None:
        parameters["expect"] = differences.expected(mark.args[0])
    return [lambda: _body(item)(**parameters)]
