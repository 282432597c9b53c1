# SPDX-License-Identifier: Apache-2.0
"""How long things last on a live Postfix: connections, the server, its intervals."""

from __future__ import annotations

import os
import re
import signal

import pytest

from harness import differences
from harness.waiting import until
from lab import processes, subject, traffic
from lab.at_once import at_once
from lab.instance import Postfix
from lab.maillog import Statistics
from lab.sink import Sink

_LIMIT = "connection_cache_ttl_limit"
# How a mail server sees the end of a cached connection.
_END = differences.expected("goodbye")["end"]


@at_once
def test_a_connection_expires_after_the_clients_time() -> None:
    """With Postfix's own two seconds."""
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS
    ) as postfix:
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        assert sink.ends() == {"": 1}
        sink.wait_all_ended()
        assert sink.ends() == {_END: 1}
        assert postfix.server_pid() is not None
        traffic.one_by_one(postfix, [("another", "d1.test")])
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(["letter", "another"], sink)
    assert len(sink.sessions) == 2


@at_once
@pytest.mark.parametrize(
    ("settings", "options"),
    [
        pytest.param({**traffic.LONG, _LIMIT: "1s"}, [], id="in main.cf"),
        # As with every Postfix daemon, it wins over main.cf.
        pytest.param(traffic.LONG, ["-o", f"{_LIMIT}=1s"], id="on the command line"),
    ],
)
def test_the_servers_own_limit_is_shorter_than_the_clients(
    settings: dict[str, str], options: list[str]
) -> None:
    """connection_cache_ttl_limit caps what a client asks for."""
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, settings, options=options
    ) as postfix:
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        sink.wait_all_ended()
        assert sink.ends() == {_END: 1}
        traffic.assert_quiet(postfix)


@at_once
def test_an_idle_server_ends_by_itself_and_comes_back() -> None:
    """After max_idle without clients, with statistics and without a word from master."""
    ids = traffic.names(4)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        {"ipc_idle": "1s"},
        options=["-o", "max_idle=1s"],
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids[:2], ["d1.test"]))
        first = postfix.wait_server()
        processes.wait_gone(first)
        # It does not wait for what it holds.
        sink.wait_all_ended()
        assert sink.ends() == {_END: 1}
        postfix.log.wait(rf"scache\[{first}\]: statistics: max simultaneous")
        assert postfix.log.statistics(first) == Statistics(1, 1, 0, 1, 1, 1, 1)
        traffic.one_by_one(postfix, traffic.in_turn(ids[2:], ["d1.test"]))
        assert postfix.wait_server(other_than=first) != first
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 2


@at_once
def test_statistics_come_at_every_interval_in_their_exact_form() -> None:
    """Each interval in which something happened gives its lines, in one order."""
    stamp = r"[A-Z][a-z]{2} [ 0-3]\d [0-2]\d:[0-5]\d:[0-5]\d"
    # An interval may end between the lookup and the save of one delivery.
    group = (
        rf"start interval {stamp}\n"
        r"(domain lookup hits=\d miss=\d success=\d+%\n)?"
        r"(address lookup hits=\d miss=\d success=\d+%\n)?"
        r"(max simultaneous domains=1 addresses=1 connection=1\n)?"
    )
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        options=["-o", "connection_cache_status_update_time=1s"],
    ) as postfix:
        for number, name in enumerate(["first", "second"], 1):
            traffic.one_by_one(postfix, [(name, "d1.test")])
            postfix.log.wait("statistics: max simultaneous", number)
        assert postfix.log.statistics() == Statistics(1, 1, 0, 1, 1, 1, 1)
        said = postfix.log.lines("statistics: ")
        prefix = re.compile(rf"{stamp} e2e e2e/scache\[\d+\]: statistics: ")
        assert all(prefix.match(line) for line in said)
        text = "".join(prefix.sub("", line) + "\n" for line in said)
        assert re.fullmatch(rf"({group})+", text), text
        assert text.count("start interval") >= 2
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(["first", "second"], sink)


@at_once
def test_descriptors_come_back_when_clients_leave_and_connections_expire() -> None:
    """The same number after each of three loads."""
    counts = []
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.concurrency(8)
    ) as postfix:
        for number in range(1, 4):
            sessions = len(sink.sessions)
            ids = traffic.names(80, f"load-{number}")
            traffic.with_backlog(postfix, sink, ids, sessions + 8)
            traffic.wait_delivered(postfix, 80 * number)
            sink.wait_all_ended()
            server = postfix.wait_server()
            _dismiss_clients(postfix)
            counts.append(_settled(server))
        assert counts[0] == counts[1] == counts[2]
        assert postfix.log.lines(r"/scache\[\d+\]: (warning|error|fatal|panic)") == []
    assert sink.twice() == []
    assert len(sink.messages) == 240


def _dismiss_clients(postfix: Postfix) -> None:
    """End the clients that delivered something: master would throttle those that did not."""
    for client in postfix.pids("smtp"):
        if postfix.log.lines(rf"smtp\[{client}\]: .*status=sent"):
            os.kill(client, signal.SIGTERM)
            processes.wait_gone(client)


def _settled(server: int) -> int:
    """How many descriptors the server has when no client and no connection is left."""

    def idle() -> bool:
        held = processes.descriptors(server)
        # Status channel, listener and mail log are sockets too.
        return sum(name.startswith("socket:") for name in held) <= 3

    until(idle, f"the server to close its clients; it holds {processes.descriptors(server)}")
    return len(processes.descriptors(server))
