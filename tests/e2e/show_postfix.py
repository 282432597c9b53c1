# SPDX-License-Identifier: Apache-2.0
"""Mail through a private Postfix: what connection caching saves, by Postfix's scache and by ours.

The instance lives in a scratch directory, made of Debian's package without installing it, and
listens on no port; the mail servers that it delivers to listen on loopback. Needs root.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import os
import pathlib
import signal
import sys
import time
from collections.abc import Sequence

from harness.waiting import GaveUp, until
from lab import debian, letters, traffic
from lab.instance import CannotRun, Postfix
from lab.maillog import Statistics
from lab.progress import Progress
from lab.sink import Manner, Sink
from lab.table import table

# The domains are spread over the mail servers, which take their time to greet a client.
_ADDRESSES = ("127.0.0.2", "127.0.0.3")
_DOMAINS = 6
_GREETING_DELAY = 0.05
_AT_ONCE = 2
_SECONDS = 50.0

_NEVER = {"smtp_connection_cache_on_demand": "no"}


class Failed(RuntimeError):
    """The mail did not come through as it must."""


@dataclasses.dataclass(frozen=True)
class Column:
    """One way to deliver the mail."""

    title: str
    server: pathlib.Path | None = None
    caches: bool = True


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of it."""

    messages: int
    sessions: int
    seconds: float
    counted: Statistics


def main(words: Sequence[str]) -> int:
    """Deliver the same mail in each way, then print the table."""
    options = _options(words)
    columns = [
        Column("no cache", caches=False),
        Column("Postfix's scache"),
        Column("this scache", options.ours.resolve()),
    ]
    # An end that is asked for is an end like any other: nothing is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _check(options.ours)
        tree = debian.unpacked()
        print(
            f"{options.messages} messages to {_DOMAINS} domains on 2 mail servers that"
            f" greet after {_GREETING_DELAY * 1000:.0f} ms,\nby a private Postfix made from"
            f" Debian's package in {_short(tree)};\nthe machine's own mail system is not touched."
        )
        outcomes = [_deliver(column, options.messages) for column in columns]
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (debian.CannotUnpack, CannotRun, GaveUp, Failed, OSError) as problem:
        print(f"error: {problem}", *getattr(problem, "__notes__", []), sep="\n", file=sys.stderr)
        return 1
    print()
    print(_table([column.title for column in columns], outcomes))
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Real mail over reused connections.")
    parser.add_argument("--ours", type=pathlib.Path, required=True, help="the program scache")
    parser.add_argument("--messages", type=_positive, default=300, help="how many (300)")
    return parser.parse_args(words)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one message is needed")
    return number


def _check(ours: pathlib.Path) -> None:
    if os.geteuid() != 0:
        raise CannotRun("only root can run a Postfix instance, even a private one")
    if not os.access(ours, os.X_OK):
        raise CannotRun(f"{ours} is not there, or is no program")


def _short(path: pathlib.Path) -> pathlib.Path:
    with contextlib.suppress(ValueError):
        return path.relative_to(debian.REPOSITORY)
    return path


def _deliver(column: Column, count: int) -> Outcome:
    """One instance from start to end, and the check that it did what it is shown for."""
    with contextlib.ExitStack() as stack:
        sinks = _sinks(stack)
        domains = [f"d{number}.test" for number in range(_DOMAINS)]
        postfix = stack.enter_context(
            Postfix(
                {name: f"smtp:{name}:{sinks[0].port}" for name in domains},
                server=column.server,
                parameters={
                    **traffic.concurrency(_AT_ONCE),
                    **(traffic.ALWAYS if column.caches else _NEVER),
                },
                hosts={name: [_ADDRESSES[_sink(name)]] for name in domains},
            )
        )
        ids = traffic.names(count)
        seconds = _run(column, postfix, sinks, traffic.in_turn(ids, domains))
        counted = _statistics(postfix) if column.caches else Statistics()
        came = sorted(name for sink in sinks for name in sink.messages)
        if came != sorted(ids):
            raise Failed(f"{count} messages were sent, {len(set(came))} came, {len(came)} times")
        return Outcome(count, sum(len(sink.sessions) for sink in sinks), seconds, counted)


def _sinks(stack: contextlib.ExitStack) -> list[Sink]:
    """The two mail servers, on one port of two addresses."""
    manner = Manner(greeting_delay=_GREETING_DELAY)
    first = stack.enter_context(Sink(_ADDRESSES[0], manner))
    return [first, stack.enter_context(Sink(_ADDRESSES[1], manner, first.port))]


def _run(
    column: Column, postfix: Postfix, sinks: Sequence[Sink], mail: Sequence[tuple[str, str]]
) -> float:
    """A first letter to each domain, then all others at once: how long these take."""
    first, others = mail[: _DOMAINS], mail[_DOMAINS :]
    with Progress(column.title, len(mail)) as progress:

        def come() -> bool:
            done = sum(len(sink.messages) for sink in sinks)
            sessions = sum(len(sink.sessions) for sink in sinks)
            progress.show(done, f"SMTP sessions: {sessions}")
            return done >= len(mail)

        for letter in first:
            traffic.one_by_one(postfix, [letter])
            come()
        _queue(column, postfix, sinks, others)
        began = time.monotonic()
        for sink in sinks:
            sink.release()
        until(come, "all messages at the mail servers", _SECONDS + len(mail) / 20)
        seconds = time.monotonic() - began
        traffic.wait_delivered(postfix, len(mail))
    return seconds


def _queue(
    column: Column, postfix: Postfix, sinks: Sequence[Sink], mail: Sequence[tuple[str, str]]
) -> None:
    """Have it all wait in the queue, so that every way starts from the same point."""
    for sink in sinks:
        sink.hold()
    before = [len(sink.sessions) for sink in sinks]
    letters.send(postfix.inlet, mail)
    each = collections.Counter(domain for _, domain in mail)
    for number, sink in enumerate(sinks):
        at_once = sum(min(count, _AT_ONCE) for name, count in each.items() if _sink(name) == number)
        # One of them has the connection that is there already.
        sink.wait_sessions(before[number] + at_once - (1 if column.caches and at_once else 0))


def _sink(domain: str) -> int:
    """Which of the mail servers takes mail for a domain."""
    return int(domain.removeprefix("d").partition(".")[0]) % len(_ADDRESSES)


def _statistics(postfix: Postfix) -> Statistics:
    """What the server counted: it says so when it ends."""
    if postfix.server_pid() is None:
        raise Failed(f"{postfix.server_program} does not serve: it is not running")
    postfix.reload()
    postfix.log.wait("statistics: max simultaneous")
    if complaints := postfix.log.lines(r"/scache\[\d+\]: (warning|error|fatal|panic)"):
        raise Failed("the server complained:\n" + "\n".join(complaints))
    return postfix.log.statistics()


def _table(titles: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    rows = [
        ("messages delivered", [str(o.messages) for o in outcomes]),
        ("SMTP sessions opened", [str(o.sessions) for o in outcomes]),
        ("messages per session", [f"{o.messages / o.sessions:.1f}" for o in outcomes]),
        (
            "lookups by domain that hit",
            [_rate(o.counted.domain_hits, o.counted.domain_misses) for o in outcomes],
        ),
        (
            "lookups by address that hit",
            [_rate(o.counted.address_hits, o.counted.address_misses) for o in outcomes],
        ),
        ("most connections at once", [str(o.counted.connections or "-") for o in outcomes]),
        ("seconds for the backlog", [f"{o.seconds:.1f}" for o in outcomes]),
    ]
    return table(titles, rows)


def _rate(hits: int, misses: int) -> str:
    total = hits + misses
    return f"{hits} of {total}, {100 * hits // total} %" if total else "-"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
