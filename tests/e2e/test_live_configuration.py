# SPDX-License-Identifier: Apache-2.0
"""Good and bad settings of the server on a live Postfix; bad ones must never stop the mail."""

from __future__ import annotations

import re

import pytest

from harness.waiting import until
from lab import processes, subject, traffic
from lab.at_once import at_once
from lab.instance import Postfix
from lab.sink import Sink

# Clients wait a second for a server that cannot start, twice, then do without; master tries again
# after some seconds.
_IMPATIENT = {"connection_cache_protocol_timeout": "1s", "service_throttle_time": "4s"}

_BAD = {
    "ttl-limit-zero": (
        "-o connection_cache_ttl_limit=0",
        "invalid connection_cache_ttl_limit: 0 (min 1)",
    ),
    "ttl-limit-unit": (
        "-o connection_cache_ttl_limit=5x",
        "parameter connection_cache_ttl_limit: bad time value or unit: 5x",
    ),
    "status-update-word": (
        "-o connection_cache_status_update_time=often",
        "parameter connection_cache_status_update_time: bad time value or unit: often",
    ),
    "max-idle-zero": ("-o max_idle=0", "invalid max_idle: 0 (min 1)"),
    "ipc-timeout-word": (
        "-o ipc_timeout=x",
        "parameter ipc_timeout: bad time value or unit: x",
    ),
    "option-without-value": (
        "-o nonsense",
        'invalid "-o nonsense" option value: missing \'=\' after attribute name',
    ),
    "unknown-option": ("-Q", "invalid option: Q"),
    "surplus-word": ("surplus", "unexpected command-line argument: surplus"),
}


@at_once
@pytest.mark.parametrize("case", _BAD)
def test_mail_flows_while_the_server_cannot_start(case: str) -> None:
    """The server says why, master throttles it, clients do without; a reload repairs it."""
    options, text = _BAD[case]
    bad, good = traffic.names(3, "bad"), traffic.names(3, "good")
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        _IMPATIENT,
        options=options.split(),
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(bad, ["d1.test"]))
        fatal = postfix.log.wait(r"/scache\[\d+\]: fatal: ")
        assert fatal[0].endswith(f"]: fatal: {text}")
        postfix.log.wait(r"master\[\d+\]: warning: process .*/scache pid \d+ exit status 1$")
        postfix.log.wait(r"master\[\d+\]: warning: .*/scache: bad command startup -- throttling$")
        assert len(sink.sessions) == 3
        postfix.set_server([])
        meanwhile = _deliver_until_it_serves(postfix)
        sessions = len(sink.sessions)
        traffic.one_by_one(postfix, traffic.in_turn(good, ["d1.test"]))
        assert len(sink.sessions) == sessions
    traffic.assert_all_once(bad + meanwhile + good, sink)


@at_once
def test_mail_flows_with_a_bad_parameter_in_main_cf() -> None:
    """Broken while it runs: a reload does not stop the mail, repair and reload bring it back."""
    ids = traffic.names(9)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG, _IMPATIENT
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids[:3], ["d1.test"]))
        assert len(sink.sessions) == 1
        postfix.set_parameter("connection_cache_ttl_limit", "0")
        postfix.reload()
        traffic.one_by_one(postfix, traffic.in_turn(ids[3:6], ["d1.test"]))
        assert len(sink.sessions) == 4
        postfix.log.wait(re.escape("fatal: invalid connection_cache_ttl_limit: 0 (min 1)"))
        postfix.set_parameter("connection_cache_ttl_limit", "100s")
        meanwhile = _deliver_until_it_serves(postfix)
        sessions = len(sink.sessions)
        traffic.one_by_one(postfix, traffic.in_turn(ids[6:], ["d1.test"]))
        assert len(sink.sessions) == sessions
    traffic.assert_all_once(ids + meanwhile, sink)


def _deliver_until_it_serves(postfix: Postfix) -> list[str]:
    """Reload and send pairs of letters until the second one uses the first one's connection."""
    ids: list[str] = []

    def serves() -> bool:
        # Clients that gave up do not ask again: they go with a reload.
        postfix.reload()
        pair = traffic.names(2, f"meanwhile-{len(ids)}")
        ids.extend(pair)
        traffic.one_by_one(postfix, traffic.in_turn(pair, ["d1.test"]))
        return len(postfix.log.lines("conn_use=")) > reused

    reused = len(postfix.log.lines("conn_use="))
    until(serves, "the repaired server to serve")
    return ids


@at_once
def test_the_server_runs_as_master_starts_it() -> None:
    """The program that was put in place, with the tag of the stock one, under mail_owner."""
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        chroot=True,
        options=["-o", "max_idle=1000s"],
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(traffic.names(2), ["d1.test"]))
        server = postfix.wait_server()
        assert processes.program(server) == postfix.server_program
        name, *words = processes.command(server)
        # Another program is named by its path; the log tag is the last part of it all the same.
        assert name.rpartition("/")[2] == "scache"
        assert words == ["-l", "-t", "unix", "-u", "-c", "-o", "max_idle=1000s"]
        assert processes.user(server) == postfix.owner
        assert processes.root(server) == f"{postfix.base}/queue"
        traffic.assert_quiet(postfix)
    assert len(sink.sessions) == 1


@at_once
def test_a_log_name_on_the_command_line_takes_effect() -> None:
    """The tag is that name, a slash and the program's."""
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"},
        traffic.ALWAYS,
        traffic.LONG,
        options=["-o", "syslog_name=e2e/other"],
    ) as postfix:
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        server = postfix.wait_server()
        postfix.reload()
        postfix.log.wait(rf" e2e/other/scache\[{server}\]: statistics: max simultaneous")
        assert postfix.log.lines(" e2e/scache") == []
    assert sink.messages == ["letter"]


@at_once
def test_a_verbose_server_tells_what_it_does_and_serves() -> None:
    """Each request shows in the log."""
    ids = traffic.names(4)
    with Sink() as sink, subject.postfix(
        {"d1.test": f"smtp:{sink.target}"}, traffic.ALWAYS, traffic.LONG, options=["-v"]
    ) as postfix:
        traffic.one_by_one(postfix, traffic.in_turn(ids, ["d1.test"]))
        for request, count in (("find_dest", 4), ("find_endp", 1), ("save_dest", 4)):
            postfix.log.wait(rf"/scache\[\d+\]: .*{request}", count)
        traffic.assert_quiet(postfix)
    traffic.assert_all_once(ids, sink)
    assert len(sink.sessions) == 1
