# SPDX-License-Identifier: Apache-2.0
"""The four statistics lines: their text, what is counted, and when."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

from harness import wire
from harness.cargo import Cargo
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

START = "statistics: start interval "


def final_lines(server: Server) -> list[str]:
    """All lines of the last interval; the first without its time."""
    assert server.hang_up() == 0
    lines = server.log.rest()
    return [START if line.startswith(START) else line for line in lines]


def test_nothing_happened(server: Server) -> None:
    server.client()
    assert final_lines(server) == []


def test_the_interval_begins_when_the_server_starts(start: Start) -> None:
    server = start()
    server.client().find_endp("nothing")
    time.sleep(1.1)
    assert server.hang_up() == 0
    line = server.log.next_line().text
    server.log.expect("statistics: address lookup hits=0 miss=1 success=0%")
    moments = [datetime.datetime.fromtimestamp(server.started + late) for late in (0, 1)]
    assert line in [f"{START}{at:%b} {at.day:2d} {at:%H:%M:%S}" for at in moments]


def test_times_are_local(start: Start) -> None:
    server = start(environment={"TZ": "XYZ-9"})
    server.client().find_endp("nothing")
    assert server.hang_up() == 0
    line = server.log.next_line()
    server.log.expect("statistics: address lookup hits=0 miss=1 success=0%")
    there = datetime.timezone(datetime.timedelta(hours=9))
    moments = [datetime.datetime.fromtimestamp(server.started + late, there) for late in (0, 1, 2)]
    assert line.text in [f"{START}{at:%b} {at.day:2d} {at:%H:%M:%S}" for at in moments]
    assert line.stamp in [f"{at:%b %d %H:%M:%S}" for at in moments]


def test_all_four_lines(server: Server, load: Load) -> None:
    client = server.client()
    for name in ("d1", "d2"):
        client.find_dest(name)
        client.save_dest(name, "p", "e")
    client.save_endp("e", "p", load())
    client.find_dest("d2")
    client.save_endp("e", "p", load())
    client.find_endp("e")
    client.find_endp("e")
    assert final_lines(server) == [
        START,
        "statistics: domain lookup hits=1 miss=2 success=33%",
        "statistics: address lookup hits=1 miss=1 success=50%",
        "statistics: max simultaneous domains=2 addresses=1 connection=1",
    ]


def test_a_line_without_a_lookup_is_left_out(server: Server) -> None:
    server.client().find_dest("nothing")
    assert final_lines(server) == [START, "statistics: domain lookup hits=0 miss=1 success=0%"]


def test_a_binding_alone_is_no_address(server: Server) -> None:
    client = server.client()
    client.save_dest("d", "p", "e1")
    client.save_dest("d", "p", "e2")
    assert final_lines(server) == [
        START,
        "statistics: max simultaneous domains=1 addresses=0 connection=0",
    ]


def test_an_address_counts_once_however_many_connections_it_has(
    server: Server, load: Load
) -> None:
    client = server.client()
    for _ in range(3):
        client.save_endp("e1", "p", load())
    client.save_endp("e2", "p", load())
    server.remaining = 4
    assert final_lines(server) == [
        START,
        "statistics: max simultaneous domains=0 addresses=2 connection=4",
    ]


def test_the_greatest_number_at_once_counts(server: Server, load: Load) -> None:
    client = server.client()
    for number in (3, 1, 2):
        for _ in range(number):
            client.save_endp("e", "p", load())
        for _ in range(number):
            client.find_endp("e")
    assert final_lines(server) == [
        START,
        "statistics: address lookup hits=6 miss=0 success=100%",
        "statistics: max simultaneous domains=0 addresses=1 connection=3",
    ]


def test_the_percentage_is_truncated(server: Server, load: Load) -> None:
    client = server.client()
    for _ in range(2):
        client.save_endp("e", "p", load())
    for _ in range(3):
        client.find_endp("e")
    client.save_dest("d", "p", "e")
    for _ in range(200):
        client.save_endp("e", "p", load())
        client.find_dest("d")
    client.find_dest("d")
    assert final_lines(server) == [
        START,
        "statistics: domain lookup hits=200 miss=1 success=99%",
        "statistics: address lookup hits=2 miss=1 success=66%",
        "statistics: max simultaneous domains=1 addresses=1 connection=2",
    ]


def test_a_renewal_is_no_second_domain(server: Server) -> None:
    client = server.client()
    for _ in range(3):
        client.save_dest("d", "p", "e")
    assert final_lines(server) == [
        START,
        "statistics: max simultaneous domains=1 addresses=0 connection=0",
    ]


def test_bad_requests_are_no_lookups(server: Server) -> None:
    client = server.client()
    client.ask(wire.attributes(("request", "find_endp")))
    client.ask(wire.attributes(("request", "find_dest"), ("foo", "bar")))
    client.ask(wire.save_endp("e", "p", 0))
    assert server.hang_up() == 0
    assert not any(line.startswith("statistics") for line in server.log.rest())


def test_intervals_are_counted_apart(start: Start, load: Load) -> None:
    server = start("-o", "connection_cache_status_update_time=1s")
    client = server.client()
    client.find_dest("nothing")
    for _ in range(2):
        client.save_endp("e", "p", load())
    first = [server.log.next_line(3).text for _ in range(3)]
    assert first[0].startswith(START)
    assert first[1:] == [
        "statistics: domain lookup hits=0 miss=1 success=0%",
        "statistics: max simultaneous domains=0 addresses=1 connection=2",
    ]
    client.find_endp("e")
    second = [server.log.next_line(3).text for _ in range(2)]
    assert second[0].startswith(START)
    assert second[0] != first[0]
    assert second[1] == "statistics: address lookup hits=1 miss=0 success=100%"
    assert server.log.quiet(1.5), "an interval without anything logs nothing"
    client.save_endp("e", "p", load())
    third = [server.log.next_line(3).text for _ in range(2)]
    assert third[1] == "statistics: max simultaneous domains=0 addresses=1 connection=2"
    server.remaining = 2
