# SPDX-License-Identifier: Apache-2.0
"""Time to live: which values are taken, how they are limited, how long entries stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.clock import at_fraction, sleep_until
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

MALFORMED = (
    "warning: malformed numerical data from scache socket while reading input attribute value: "
)

# Each with the end of the log line on its number, where it is none.
BAD = [
    ("0", None),
    ("00", None),
    ("-0", None),
    ("-1", None),
    ("", ""),
    ("abc", "abc"),
    ("5x", "5x"),
    ("0x5", "0x5"),
    ("5 ", "5 "),
    ("5.5", "5.5"),
    ("+-5", "+-5"),
    (" ", " "),
    ("5\n", "5?"),
    ("2147483648", None),
    ("4294967295", None),
    ("4294967296", None),
    ("99999999999999999999999", None),
]
GOOD = ["1", " 5", "\t5", "+5", "05", "2147483647", "4294967297", "99999999999"]


@pytest.mark.parametrize(("ttl", "logged"), BAD, ids=[repr(ttl) for ttl, _ in BAD])
def test_a_bad_ttl_is_refused(server: Server, ttl: str, logged: str | None) -> None:
    client = server.client()
    for request, name in (
        (wire.save_endp("e", "p", ttl), "scache_save_endp_service"),
        (wire.save_dest("d", "p", "e", ttl), "scache_save_dest_service"),
    ):
        assert client.ask(request) == b"status\x001\0\0"
        if logged is not None:
            server.log.expect(MALFORMED + logged)
        server.log.expect(f"warning: {name}: bad or missing request parameter")
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.parametrize("ttl", GOOD, ids=repr)
def test_an_odd_ttl_is_taken_all_the_same(server: Server, load: Load, ttl: str) -> None:
    client = server.client()
    assert client.save_dest("d", "dp", "e", ttl) == wire.status(0)
    assert client.save_endp("e", "ep", load(), ttl) == wire.status(0)
    assert client.find_dest("d").reply in (wire.dest_found("dp", "ep"), wire.FIND_DEST_MISS)
    assert client.find_endp("e").reply in (wire.endp_found("ep"), wire.FIND_ENDP_MISS)


def test_a_ttl_beyond_32_bits_counts_modulo(server: Server, load: Load) -> None:
    client, short, long = server.client(), load(), load()
    begun = time.monotonic()
    client.save_endp("e", "short", short, 4294967297)
    client.save_endp("e", "long", long, 4294967299 + 1000)
    assert short.closed_by() - begun < 4
    assert client.find_endp("e").reply == wire.endp_found("long")


def test_a_connection_is_closed_after_its_ttl_without_being_asked(
    server: Server, load: Load
) -> None:
    client, short, long = server.client(), load(), load()
    begun = time.monotonic()
    client.save_endp("e", "short", short, 1)
    client.save_endp("e", "long", long, 2)
    assert 0.9 < short.closed_by() - begun < 1.9
    assert long.is_held()
    assert 1.9 < long.closed_by() - begun < 3.9
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("ttl-precision")
def test_a_connection_lives_as_long_as_its_ttl_amid_traffic(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    client, watched, asked, late = server.client(), load(), load(), load()
    client.find_endp("nothing")
    at_fraction(0.9)
    begun = time.monotonic()
    client.save_endp("watched", "p", watched, 1)
    client.save_endp("asked", "p", asked, 1)
    client.save_endp("late", "p", late, 1)
    saved = time.monotonic()
    gone_after = None
    while time.monotonic() < begun + 0.6:
        time.sleep(0.02)
        client.find_endp("nothing")
    hit = client.find_endp("asked").reply == wire.endp_found("p")
    if not watched.is_held():
        gone_after = 0.6
    while time.monotonic() < saved + 1.0:
        client.find_endp("nothing")
        time.sleep(0.02)
    assert client.find_endp("late").reply == wire.FIND_ENDP_MISS
    if gone_after is None:
        gone_after = watched.closed_by() - begun
    assert hit == expect["hit_after_six_tenths"]
    assert expect["gone_after_at_least"] <= gone_after <= expect["gone_after_at_most"]


def test_a_younger_connection_may_expire_before_an_older(server: Server, load: Load) -> None:
    client, short = server.client(), load()
    client.save_endp("e", "first", load(), 100)
    client.save_endp("e", "second", short, 1)
    client.save_endp("e", "third", load(), 100)
    short.closed_by()
    assert client.find_endp("e").reply == wire.endp_found("first")
    assert client.find_endp("e").reply == wire.endp_found("third")
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


def test_expiry_closes_only_the_copy_of_the_server(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.send(wire.save_endp("e", "p", 1))
    client.expect(wire.DUMMY)
    client.send(b"\0", [cargo.fd])
    client.expect(wire.status(0))
    server.comes_to_hold(1)
    assert cargo.is_held()


def test_the_limit_of_the_ttl_holds_for_connections_and_bindings(start: Start, load: Load) -> None:
    server = start("-o", "connection_cache_ttl_limit=1s")
    client, cargo = server.client(), load()
    begun = time.monotonic()
    client.save_dest("d", "dp", "e", 1000)
    client.save_endp("e", "ep", cargo, 1000)
    assert 0.9 < cargo.closed_by() - begun < 1.9
    # The stock server's clock has whole seconds: two are over for certain.
    sleep_until(begun + 2.1)
    client.save_endp("e", "ep", load(), 1000)
    assert client.find_dest("d").reply == wire.FIND_DEST_MISS
    assert client.find_endp("e").reply == wire.endp_found("ep")


def test_the_limit_is_two_seconds_if_nothing_else_is_said(start: Start, load: Load) -> None:
    server = start(main_cf={"connection_cache_ttl_limit": None})
    client, one, two = server.client(), load(), load()
    begun = time.monotonic()
    client.save_endp("e", "ep", one, 1)
    client.save_endp("e", "ep", two, 1000)
    assert 0.9 < one.closed_by() - begun < 1.9
    assert 1.9 < two.closed_by() - begun < 2.9


def test_bindings_expire_and_are_renewed(server: Server, load: Load) -> None:
    client = server.client()
    begun = time.monotonic()
    client.save_endp("e", "ep", load())
    client.save_endp("e", "ep", load())
    client.save_dest("brief", "dp", "e", 1)
    client.save_dest("shortened", "dp", "e", 100)
    client.save_dest("shortened", "dp", "e", 1)
    client.save_dest("renewed", "dp", "e", 2)
    for tick in range(1, 7):
        sleep_until(begun + tick * 0.55)
        assert client.save_dest("renewed", "dp", "e", 2) == wire.status(0)
    assert client.find_dest("brief").reply == wire.FIND_DEST_MISS
    assert client.find_dest("shortened").reply == wire.FIND_DEST_MISS
    assert client.find_dest("renewed").reply == wire.dest_found("dp", "ep")
    assert client.find_endp("e").reply == wire.endp_found("ep")
