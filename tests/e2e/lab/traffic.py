# SPDX-License-Identifier: Apache-2.0
"""Mail in the patterns that the live tests are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.waiting import PATIENCE, GaveUp
from lab import letters
from lab.instance import Postfix
from lab.sink import Sink

# Connections are kept for every destination, not only for those with a backlog.
ALWAYS = {
    "smtp_connection_cache_destinations": "static:all",
    "lmtp_connection_cache_destinations": "static:all",
}

# Connections are kept as long as a test may take, however busy the machine is.
LONG = {
    "smtp_connection_cache_time_limit": "100s",
    "lmtp_connection_cache_time_limit": "100s",
    "connection_cache_ttl_limit": "100s",
}


def concurrency(limit: int) -> Mapping[str, str]:
    """So many deliveries at once for each destination, from the start and for ever."""
    return {
        "initial_destination_concurrency": str(limit),
        "default_destination_concurrency_limit": str(limit),
    }


def names(count: int, prefix: str = "letter") -> list[str]:
    """Ids for letters."""
    return [f"{prefix}-{number}" for number in range(count)]


def in_turn(ids: Iterable[str], domains: Sequence[str]) -> list[tuple[str, str]]:
    """Letters to each of the domains in turn."""
    return list(zip(ids, itertools.cycle(domains)))


def one_by_one(postfix: Postfix, mail: Iterable[tuple[str, str]]) -> None:
    """Send each letter when the one before is out of the queue, its connection put away."""
    for letter in mail:
        done = len(postfix.log.lines(_REMOVED))
        letters.send(postfix.inlet, [letter])
        wait_delivered(postfix, done + 1)


def with_backlog(postfix: Postfix, sink: Sink, ids: Sequence[str], sessions: int) -> None:
    """Send letters to the sink's first domain while it greets nobody, then let it begin."""
    sink.hold()
    letters.send(postfix.inlet, [(name, "d1.test") for name in ids])
    sink.wait_sessions(sessions)
    sink.release()


def wait_delivered(postfix: Postfix, count: int) -> None:
    """Return when so many letters have left the queue."""
    _or_flush(postfix, lambda seconds: postfix.log.wait(_REMOVED, count, seconds))


def wait_arrived(postfix: Postfix, sink: Sink, count: int) -> None:
    """Return when so many different letters have come to the sink."""
    _or_flush(postfix, lambda seconds: sink.wait_messages(count, seconds))


def _or_flush(postfix: Postfix, wait: Callable[[float], object]) -> None:
    """Wait. A queue manager that ends at a reload may take the triggers of letters with it."""
    try:
        wait(PATIENCE / 3)
    except GaveUp:
        postfix.postfix("flush")
        wait(2 * PATIENCE)


def assert_all_once(ids: Iterable[str], *sinks: Sink) -> None:
    """No letter is lost, none came twice."""
    came = sorted(name for sink in sinks for name in sink.messages)
    assert came == sorted(ids)


def assert_quiet(postfix: Postfix) -> None:
    """Nobody had anything to complain about: not the server, not master about the server."""
    assert postfix.log.lines(r"/scache\[\d+\]: (warning|error|fatal|panic)") == []
    assert postfix.log.lines(r"master\[\d+\]: warning") == []
    assert postfix.log.lines(r"(smtp|lmtp)\[\d+\]: warning") == []
    assert postfix.said() == ""


_REMOVED = r"qmgr\[\d+\]: [0-9A-F]+: removed$"
