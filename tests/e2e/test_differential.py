# SPDX-License-Identifier: Apache-2.0
"""Random sessions, good and bad, sent to the stock server and to ours side by side, in lockstep.

Every reply is equal byte for byte, every descriptor is the one of the same save, every log line is
equal, and so are the statistics, except where differences.toml says otherwise:

- undelivered: what a client did not take is emptied from both, uncompared;
- left-over-error: where ours says that there was none, the stock server's may be any;
- surplus descriptors, pipelining, sizes and what takes time do not occur, or leave no trace here.

SCACHE_ROUNDS multiplies the number of sessions, SCACHE_SEED is the first one's seed.
"""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from duel import scripts, steps
from duel.scripts import Script
from duel.side import Side, both
from harness import differences, program, wire
from harness.server import Server

SESSIONS = 20
BATCHES = 16

_REASON = re.compile(r"(warning: scache_\w+_service: [a-z ]+ file descriptor: ).*")


class Unlike(AssertionError):
    """The servers differ."""


def first_seed() -> int:
    """Where the seeds begin."""
    return int(os.environ.get("SCACHE_SEED", "1"))


def rounds() -> int:
    """How many times as much is done."""
    return int(os.environ.get("SCACHE_ROUNDS", "1"))


def leveled(stock: list[str], ours: list[str]) -> list[str]:
    """The stock server's lines; with our reason where ours says that there was no error."""
    reasons = differences.table()["left-over-error"]["expect"][program.OURS]["reasons"]
    lines = []
    for at, line in enumerate(stock):
        match = _REASON.fullmatch(line)
        if match and at < len(ours) and ours[at] in [match[1] + reason for reason in reasons]:
            line = ours[at]
        lines.append(line)
    return lines


def compare(what: object, stock: object, ours: object) -> None:
    """Fails where the two are not the same."""
    if stock != ours:
        theirs, mine = repr(stock), repr(ours)
        same = len(os.path.commonprefix([theirs, mine]))
        near = slice(max(0, same - 200), same + 200)
        raise Unlike(f"{what}\nstock: {theirs[near]}\nours:  {mine[near]}")


def play(script: Script, stock: Side, ours: Side) -> bool:
    """Performs one session on both; whether something was undelivered."""
    undelivered = False
    for step in script.steps:
        compare(step, step.take(stock), step.take(ours))
        their_lines = stock.log()
        our_lines = ours.log(len(their_lines))
        compare(f"log of {step}", leveled(their_lines, our_lines), our_lines)
        if step.undelivers:
            undelivered = True
            for side in (stock, ours):
                steps.drain(side)
    compare("what is left", steps.drain(stock), steps.drain(ours))
    compare("log of what is left", stock.log(), ours.log())
    for side in (stock, ours):
        side.forget()
        side.settle()
    compare("log of the clients' end", stock.log(), ours.log())
    return undelivered


def fails_alone(script: Script) -> bool:
    """Whether the session fails on servers of its own."""
    with both() as (stock, ours):
        try:
            play(script, stock, ours)
        except AssertionError:
            return True
        return False


def run_batch(seeds: range) -> None:
    """Sessions one after the other on one pair of servers."""
    undelivered = False
    with both() as (stock, ours):
        for seed in seeds:
            script = scripts.Writer(seed).script()
            try:
                undelivered = play(script, stock, ours) or undelivered
            except AssertionError as problem:
                short = scripts.shorter(script, fails_alone)
                raise Unlike(f"seed {seed}: {problem}\nshortened {short}") from problem
        statistics = stock.finish(), ours.finish()
        if not undelivered:
            compare("statistics", *statistics)


@pytest.mark.only("ours")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_sessions_are_answered_alike(root: None, batch: int) -> None:
    for turn in range(rounds()):
        begin = first_seed() + (turn * BATCHES + batch) * SESSIONS
        run_batch(range(begin, begin + SESSIONS))


@pytest.mark.difference("half-a-bad-request")
def test_a_bad_request_that_comes_in_halves(server: Server, expect: dict[str, Any]) -> None:
    client, other = server.client(), server.client()
    client.send(b"request\0frob\0")
    client.wait_until_heard()
    other.find_endp("nothing")
    assert client.says_nothing(0) != expect["answered_early"]
    client.send(b"\0")
    client.expect(wire.status(1))
    client.wait_until_heard()
    other.find_endp("nothing")
    assert server.log.rest() == ['warning: unrecognized request: "frob", ignored', *expect["rest"]]
