# SPDX-License-Identifier: Apache-2.0
"""Real mail while the server, or what it serves, is stopped, killed, restarted or gone."""

from __future__ import annotations

import os
import signal

import pytest

from harness import differences
from lab import letters, processes, subject, traffic
from lab.at_once import at_once
from lab.maillog import Statistics
from lab.sink import Manner, Sink

# How a mail server sees the end of a cached connection.
_END = differences.expected("goodbye")["end"]
_BUSY = Manner(message_delay=0.03)


@at_once
def test_no_letter_is_lost_when_the_server_is_killed() -> None:
    """Killed twice under load: master starts the next one, clients go on, nobody is throttled."""
    ids = traffic.names(240)
    with Sink(manner=_BUSY) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(5),
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 5)
        servers = []
        for count in (60, 140):
            sink.wait_messages(count)
            servers.append(postfix.wait_server(other_than=servers[-1] if servers else None))
            os.kill(servers[-1], signal.SIGKILL)
            processes.wait_gone(servers[-1])
        traffic.wait_delivered(postfix, 240)
        assert postfix.wait_server() not in servers
        assert len(postfix.log.lines(r"scache pid \d+ killed by signal 9")) == 2
        assert postfix.log.lines("throttling") == []
        assert postfix.log.lines("disabling connection caching") == []
        assert postfix.said() == ""
    traffic.assert_all_once(ids, sink)
    # What was cached is lost with a server: at most all five sessions, twice.
    assert len(sink.sessions) <= 15


@at_once
def test_a_killed_server_is_replaced_at_the_next_letter() -> None:
    """The client notices that the server is gone, and asks the next one."""
    ids = traffic.names(6)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids[:3], ["d1.test"]))
        first = postfix.wait_server()
        os.kill(first, signal.SIGKILL)
        # The connection that it held goes with it.
        sink.wait_all_ended()
        traffic.one_by_one(postfix, traffic.in_turn(ids[3:], ["d1.test"]))
        assert postfix.wait_server(other_than=first) != first
        assert postfix.log.lines("throttling") == []
    traffic.assert_all_once(ids, sink)
    assert [len(session.messages) for session in sink.sessions] == [3, 3]


@pytest.mark.only("ours")
@at_once
def test_a_terminated_server_says_its_statistics() -> None:
    """Where the stock server just dies, nothing that was counted is lost."""
    ids = traffic.names(6)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids[:3], ["d1.test"]))
        first = postfix.wait_server()
        os.kill(first, signal.SIGTERM)
        sink.wait_all_ended()
        postfix.log.wait(rf"scache\[{first}\]: statistics: max simultaneous")
        assert postfix.log.statistics(first) == Statistics(2, 1, 0, 1, 1, 1, 1)
        traffic.one_by_one(postfix, traffic.in_turn(ids[3:], ["d1.test"]))
        assert postfix.wait_server(other_than=first) != first
        assert postfix.log.lines("throttling") == []
    traffic.assert_all_once(ids, sink)
    assert [len(session.messages) for session in sink.sessions] == [3, 3]


@at_once
def test_no_letter_is_lost_when_postfix_is_reloaded_under_load() -> None:
    """Every reload ends the server with its statistics; the next client gets a new one."""
    ids = traffic.names(240)
    with Sink(manner=_BUSY) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(5),
        chroot=True,
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 5)
        servers: list[int] = []
        for count in (60, 140):
            traffic.wait_arrived(postfix, sink, count)
            server = postfix.wait_server(other_than=servers[-1] if servers else None)
            servers.append(server)
            postfix.reload()
            processes.wait_gone(server)
            postfix.log.wait(rf"scache\[{server}\]: statistics: max simultaneous")
        traffic.wait_arrived(postfix, sink, 240)
        assert postfix.wait_server() not in servers
        assert postfix.log.lines(r"scache(\[\d+\])?:? .*(exit status|killed by|throttling)") == []
        assert postfix.log.lines(r"/scache\[\d+\]: (error|fatal|panic)") == []
        assert postfix.said() == ""
    traffic.assert_all_once(ids, sink)


@at_once
def test_an_idle_server_ends_at_a_reload_and_closes_what_it_holds() -> None:
    """The mail servers see the end of the stream at once; the next letter opens a new session."""
    ids = traffic.names(2)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG
    ) as postfix:
        for number, name in enumerate(ids, 1):
            traffic.one_by_one(postfix, [(name, "d1.test")])
            server = postfix.wait_server()
            postfix.reload()
            processes.wait_gone(server)
            sink.wait_all_ended()
            assert sink.ends() == {_END: number}
        postfix.log.wait("statistics: start interval", 2)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)


@at_once
def test_a_stopped_server_delays_mail_and_loses_nothing() -> None:
    """A client waits for a server that does not answer, and goes on when it does."""
    ids = traffic.names(6)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        {"connection_cache_protocol_timeout": "100s"},
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids[:3], ["d1.test"]))
        server = postfix.wait_server()
        os.kill(server, signal.SIGSTOP)
        letters.send(postfix.inlet, [(ids[3], "d1.test")])
        # The client has the letter, and asks for a connection first.
        postfix.log.wait(r"qmgr\[\d+\]: .*queue active", 4)
        assert len(sink.messages) == 3
        os.kill(server, signal.SIGCONT)
        traffic.wait_delivered(postfix, 4)
        traffic.one_by_one(postfix, traffic.in_turn(ids[4:], ["d1.test"]))
        assert postfix.server_pid() == server
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 1


@at_once
def test_the_server_ends_when_master_is_killed() -> None:
    """Its status channel hangs up; no process is left behind."""
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG
    ) as postfix:
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        server = postfix.wait_server()
        os.kill(postfix.master, signal.SIGKILL)
        processes.wait_gone(server)
        sink.wait_all_ended()
        postfix.wait_stopped()
        assert sink.ends() == {_END: 1}
        assert postfix.said() == ""


@at_once
def test_postfix_stop_ends_the_server() -> None:
    """The command ends every process of the instance, whatever the server holds."""
    ids = traffic.names(30)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(3),
        chroot=True,
    ) as postfix:
        traffic.with_backlog(postfix, sink, ids, 3)
        traffic.wait_delivered(postfix, 30)
        server = postfix.wait_server()
        postfix.postfix("stop")
        postfix.wait_stopped()
        processes.wait_gone(server)
        sink.wait_all_ended()
        assert sink.ends()[_END] == 3
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)


@at_once
def test_sessions_that_the_mail_server_ended_do_no_harm() -> None:
    """A dead connection costs nothing but a new one, whether it is handed out or passed over."""
    ids = traffic.names(6)
    handed_out = differences.expected("dead-connections")["handed_out"]
    with Sink(manner=Manner(idle_limit=0.2)) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG
    ) as postfix:
        for name in ids:
            traffic.one_by_one(postfix, [(name, "d1.test")])
            sink.wait_all_ended()
        postfix.reload()
        postfix.log.wait("statistics: max simultaneous")
        counted = postfix.log.statistics()
        hits = 5 if handed_out else 0
        assert (counted.domain_hits, counted.domain_misses) == (hits, 6 - hits)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert sink.ends() == {"idle": 6}


@at_once
def test_many_sessions_that_the_mail_server_ended_do_no_harm() -> None:
    """Ten dead connections, then forty letters at once."""
    first, second = traffic.names(40, "first"), traffic.names(40, "second")
    with Sink(manner=Manner(idle_limit=0.3)) as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        traffic.concurrency(10),
    ) as postfix:
        for number, ids in enumerate((first, second), 1):
            sessions = len(sink.sessions)
            traffic.with_backlog(postfix, sink, ids, sessions + 10)
            traffic.wait_delivered(postfix, 40 * number)
            sink.wait_all_ended()
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(first + second, sink)
