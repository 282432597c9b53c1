# SPDX-License-Identifier: Apache-2.0
"""./dev bench --mail: the gain of a cache for a mail system whose receivers are 20 ms away."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from crowd import cpu_seconds
from lab import letters, traffic
from lab.instance import Postfix

_ADDRESSES = tuple(f"127.0.0.{n}" for n in range(2, 10))
_DOMAINS = 400
_MILLISECONDS = 20
_DELIVERY_AGENTS = 20
_LONGEST = 240.0
_RECEIVER = pathlib.Path(__file__).with_name("receiver.py")


@dataclasses.dataclass(frozen=True)
class Delivery:
    """The result of one delivery of the mail; times in seconds."""

    way: str
    messages: int
    sessions: int
    seconds: float
    # Processor time of the cache, and of master(8), to which the stock server reports each request.
    cache_cpu: float
    master_cpu: float


def deliver(ours: pathlib.Path, messages: int, say: Callable[[str], None]) -> list[Delivery]:
    """The same mail without a cache, with the stock server, and with ours."""
    say(f"{messages} messages to {_DOMAINS} domains")
    found = []
    for way, server in (("no cache", None), ("stock", None), ("ours", ours)):
        found.append(_deliver(way, server, messages))
        say(f"  {found[-1]}")
    return found


def _deliver(way: str, server: pathlib.Path | None, messages: int) -> Delivery:
    caches = way != "no cache"
    domains = [f"d{number}.test" for number in range(_DOMAINS)]
    with _receiver(messages) as (receiver, port), Postfix(
        {name: f"smtp:{name}:{port}" for name in domains},
        server=server,
        hosts={
            name: [_ADDRESSES[number % len(_ADDRESSES)]] for number, name in enumerate(domains)
        },
        parameters={
            "default_process_limit": str(_DELIVERY_AGENTS),
            **(traffic.ALWAYS if caches else {"smtp_connection_cache_on_demand": "no"}),
        },
    ) as postfix:
        assert receiver.stdin and receiver.stdout
        letters.send(postfix.inlet, traffic.in_turn(traffic.names(messages), domains))
        before = cpu_seconds(postfix.master)
        began = time.monotonic()
        receiver.stdin.write("go\n")
        receiver.stdin.flush()
        came, sessions = map(int, receiver.stdout.readline().split())
        seconds = time.monotonic() - began
        pid = postfix.server_pid() if caches else None
        cache = cpu_seconds(pid) if pid else 0.0
        master = cpu_seconds(postfix.master) - before
        traffic.wait_delivered(postfix, messages)
        traffic.assert_quiet(postfix)
        return Delivery(way, came, sessions, seconds, cache, master)


@contextlib.contextmanager
def _receiver(messages: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, _RECEIVER, ",".join(_ADDRESSES), port, _MILLISECONDS, messages]
    process = subprocess.Popen(
        list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        if process.stdout.readline() != "listening\n":
            raise RuntimeError("the receiver does not listen")
        yield process, port
    finally:
        process.kill()
        process.wait()
