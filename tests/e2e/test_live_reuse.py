# SPDX-License-Identifier: Apache-2.0
"""Real mail over reused connections: how many sessions, and what the statistics say of them."""

from __future__ import annotations

from typing import Any

import pytest

from harness import differences
from lab import processes, subject, traffic
from lab.at_once import at_once
from lab.certificate import server_context
from lab.maillog import Statistics
from lab.sink import Manner, Sink

FOUR = ["d1.test", "d2.test", "d3.test", "d4.test"]


def statistics_after_reload(postfix: subject.Postfix) -> Statistics:
    """What the server counted; it says so when it is told to end."""
    postfix.reload()
    postfix.log.wait("statistics: max simultaneous")
    return postfix.log.statistics()


@at_once
@pytest.mark.parametrize("chroot", [False, True], ids=["no-chroot", "chroot"])
@pytest.mark.parametrize("client", ["smtp", "lmtp"])
def test_letters_one_at_a_time_share_one_session(client: str, chroot: bool) -> None:
    """Twenty letters, one connection, nineteen hits."""
    ids = traffic.names(20)
    with Sink(manner=Manner(lmtp=client == "lmtp")) as sink:
        nexthop = f"inet:{sink.address}:{sink.port}" if client == "lmtp" else sink.target
        with subject.postfix(
            {"d1.test": f"{client}:{nexthop}"}, traffic.ALWAYS, traffic.LONG, chroot=chroot
        ) as postfix:
            traffic.one_by_one(postfix, traffic.in_turn(ids, ["d1.test"]))
            server = postfix.wait_server()
            assert processes.root(server) == (f"{postfix.base}/queue" if chroot else "/")
            assert statistics_after_reload(postfix) == Statistics(19, 1, 0, 1, 1, 1, 1)
            uses = postfix.log.lines(rf"{client}\[\d+\]: .*conn_use=\d+, .*status=sent")
            assert len(uses) == 19
            traffic.assert_quiet(postfix)
        sink.wait_all_ended()
    traffic.assert_all_once(ids, sink)
    assert [len(session.messages) for session in sink.sessions] == [20]
    assert sink.ends() == {differences.expected("goodbye")["end"]: 1}


@at_once
@pytest.mark.parametrize("chroot", [False, True], ids=["no-chroot", "chroot"])
def test_domains_with_one_mail_server_share_its_connection(chroot: bool) -> None:
    """A new domain finds the connection by its endpoint, then by its own name."""
    ids = traffic.names(12)
    with Sink("127.0.0.2") as sink, subject.postfix(
        {domain: f"smtp:{domain}:{sink.port}" for domain in FOUR},
        traffic.ALWAYS,
        traffic.LONG,
        chroot=chroot,
        hosts={domain: ["127.0.0.2"] for domain in FOUR},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, FOUR))
        assert statistics_after_reload(postfix) == Statistics(8, 4, 3, 1, 4, 1, 1)
        assert postfix.log.lines("domain lookup hits=8 miss=4 success=66%$")
        assert postfix.log.lines("address lookup hits=3 miss=1 success=75%$")
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 1


@at_once
def test_two_names_of_one_endpoint_share_its_connection() -> None:
    """An address and a host name as next hops."""
    ids = traffic.names(12)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}", "d2.test": f"smtp:[mail.test]:{sink.port}"},
        traffic.ALWAYS,
        traffic.LONG,
        hosts={"mail.test": [sink.address]},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, ["d1.test", "d2.test"]))
        assert statistics_after_reload(postfix) == Statistics(10, 2, 1, 1, 2, 1, 1)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 1


@at_once
def test_parallel_deliveries_open_one_session_each() -> None:
    """Three hundred letters, ten at a time: ten connections go from hand to hand."""
    ids = traffic.names(300)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(10),
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 10)
        traffic.wait_delivered(postfix, 300)
        counted = statistics_after_reload(postfix)
        assert (counted.domain_hits, counted.domain_misses) == (290, 10)
        assert (counted.address_hits, counted.address_misses) == (0, 10)
        assert (counted.domains, counted.addresses) == (1, 1)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 10


@at_once
def test_forty_clients_at_once_are_served() -> None:
    """As many smtp processes as deliveries, all of them clients of one server."""
    ids = traffic.names(200)
    with Sink(manner=Manner(message_delay=0.1)) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(40),
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 40)
        traffic.wait_delivered(postfix, 200)
        assert statistics_after_reload(postfix).domain_hits == 160
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 40


@at_once
def test_a_backlog_turns_caching_on() -> None:
    """With Postfix's own defaults: on demand, and connections for two seconds."""
    ids = traffic.names(100)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.concurrency(4)
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 4)
        traffic.wait_delivered(postfix, 100)
        sink.wait_all_ended()
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    # The first deliveries may be over before the rest is known to be a backlog.
    assert 4 <= len(sink.sessions) <= 12


@at_once
def test_without_a_backlog_the_server_is_not_even_started() -> None:
    """With Postfix's own defaults: each letter has its own session, ended politely."""
    ids = traffic.names(8)
    with Sink() as sink, subject.postfix({"d1.test": f"smtp:{sink.target}"}) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, ["d1.test"]))
        sink.wait_all_ended()
        assert postfix.server_pid() is None
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert sink.ends() == {"quit": 8}


@at_once
def test_clients_end_what_was_used_often_enough() -> None:
    """The client counts the uses, in the properties that it saves with a connection."""
    ids = traffic.names(9)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        {"smtp_connection_reuse_count_limit": "3"},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, ["d1.test"]))
        traffic.assert_quiet(postfix)
        # The third connection is in the cache until Postfix ends.
        assert sink.ends()["quit"] == 2
    traffic.assert_all_once(ids, sink)
    # The limit is one of reuses: the first use is none.
    assert [len(session.messages) for session in sink.sessions] == [4, 4, 1]


@at_once
@pytest.mark.difference("tls-sessions")
@pytest.mark.parametrize("chroot", [False, True], ids=["no-chroot", "chroot"])
def test_tls_sessions_are_reused_through_tlsproxy(chroot: bool, expect: dict[str, Any]) -> None:
    """What is cached is one end of a UNIX socket pair; the TLS session lives in tlsproxy."""
    ids = traffic.names(12)
    with Sink("127.0.0.2", Manner(tls=server_context())) as sink, subject.postfix(
        {domain: f"smtp:{domain}:{sink.port}" for domain in FOUR},
        traffic.ALWAYS,
        traffic.LONG,
        {"smtp_tls_security_level": "encrypt", "smtp_tls_connection_reuse": "yes"},
        chroot=chroot,
        hosts={domain: ["127.0.0.2"] for domain in FOUR},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, FOUR))
        counted = Statistics(*expect["by_domain"], *expect["by_address"], 4, 1, 1)
        assert statistics_after_reload(postfix) == counted
        sink.wait_all_ended()
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert [session.tls for session in sink.sessions] == [True]


@at_once
def test_parallel_tls_sessions_are_reused() -> None:
    """Several sessions in one tlsproxy."""
    ids = traffic.names(100)
    with Sink(manner=Manner(tls=server_context())) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(5),
        {"smtp_tls_security_level": "encrypt", "smtp_tls_connection_reuse": "yes"},
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 5)
        traffic.wait_delivered(postfix, 100)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 5


@at_once
def test_a_domain_finds_the_connections_of_both_its_mail_servers() -> None:
    """Two hosts, each known by a domain of its own, serve a third domain together."""
    with Sink("127.0.0.2") as one, Sink("127.0.0.3", port=one.port) as two, subject.postfix(
        {domain: f"smtp:{domain}:{one.port}" for domain in FOUR[:3]},
        traffic.ALWAYS,
        traffic.LONG,
        hosts={
            "d1.test": [one.address],
            "d2.test": [two.address],
            "d3.test": [one.address, two.address],
        },
    ) as postfix:
        ids = traffic.names(12)
        traffic.one_by_one(postfix, traffic.in_turn(ids, FOUR[:3]))
        counted = statistics_after_reload(postfix)
        assert (counted.domain_hits, counted.domain_misses) == (9, 3)
        assert (counted.address_hits, counted.address_misses) == (1, 2)
        assert (counted.domains, counted.addresses, counted.connections) == (3, 2, 2)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, one, two)
    assert (len(one.sessions), len(two.sessions)) == (1, 1)


@at_once
def test_mail_moves_to_the_second_server_when_the_first_goes_away() -> None:
    """The dead connection is found once more, is no good, and the other host is tried."""
    before, after = traffic.names(3, "before"), traffic.names(5, "after")
    with Sink("127.0.0.2") as one, Sink("127.0.0.3", port=one.port) as two, subject.postfix(
        {"d1.test": f"smtp:d1.test:{one.port}"},
        traffic.ALWAYS,
        traffic.LONG,
        hosts={"d1.test": [one.address, two.address]},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(before, ["d1.test"]))
        used, spare = (one, two) if one.sessions else (two, one)
        assert (len(used.sessions), len(spare.sessions)) == (1, 0)
        used.close()
        traffic.one_by_one(postfix, traffic.in_turn(after, ["d1.test"]))
        assert postfix.log.lines(r"/scache\[\d+\]: (warning|error|fatal|panic)") == []
    assert used.messages == before
    assert spare.messages == after
    assert len(spare.sessions) == 1
