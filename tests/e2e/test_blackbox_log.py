# SPDX-License-Identifier: Apache-2.0
"""The mail log: where lines go, what they are marked with, what -v adds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from harness import maillog, program, wire
from harness.cargo import Cargo
from harness.jail import Jail
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

# As syslog(3) counts: what Postfix calls fatal.
CRITICAL = 2


def test_the_name_of_the_service_stands_in_warnings(start: Start) -> None:
    server = start("-n", "xscache")
    client = server.client()
    client.send(b"\0")
    server.log.expect("warning: missing attribute request in input from xscache socket")
    assert [line.tag for line in server.log.lines()] == ["e2e/scache"]


def test_lines_have_time_host_tag_and_process(server: Server) -> None:
    server.client().send(b"\0")
    line = server.log.next_line()
    assert line.text == "warning: missing attribute request in input from scache socket"
    assert maillog.stamp_is_about(line.stamp, time.time())
    assert (line.host, line.tag, line.pid) == ("e2e", "e2e/scache", server.pid)


@pytest.mark.parametrize(
    ("changes", "tag", "host"),
    [
        pytest.param({"options_": ("-o", "syslog_name=e2e/opt")}, "e2e/opt/scache", "e2e", id="-o"),
        pytest.param({"main_cf": {"syslog_name": "other"}}, "other/scache", "e2e", id="main.cf"),
        pytest.param({"environment": {"MAIL_LOGTAG": "tagged"}}, "e2e/scache", "e2e", id="env"),
        pytest.param({"environment": {"MAIL_LOGTAG": None}}, "e2e/scache", "e2e", id="no tag"),
        pytest.param({"name": "yscache"}, "e2e/yscache", "e2e", id="argv[0]"),
        pytest.param({"name": "/a/b/yscache"}, "e2e/yscache", "e2e", id="path in argv[0]"),
        pytest.param(
            {"main_cf": {"syslog_name": None}}, "postfix/scache", "e2e", id="no syslog_name"
        ),
        pytest.param(
            {"main_cf": {"syslog_name": None, "multi_instance_name": "postfix-two"}},
            "postfix-two/scache",
            "e2e",
            id="multi_instance_name",
        ),
        pytest.param(
            {"main_cf": {"myhostname": "mx.example.org"}}, "e2e/scache", "mx", id="myhostname"
        ),
        pytest.param(
            {"environment": {"POSTLOG_HOSTNAME": "h.x"}}, "e2e/scache", "e2e", id="POSTLOG_HOSTNAME"
        ),
        pytest.param(
            {"environment": {"POSTLOG_SERVICE": None, "POSTLOG_HOSTNAME": None}},
            "e2e/scache",
            "e2e",
            id="maillog_file alone",
        ),
    ],
)
def test_where_a_line_says_it_is_from(
    start: Start, changes: dict[str, Any], tag: str, host: str
) -> None:
    options = changes.get("options_", ())
    server = start(*options, **{key: changes[key] for key in changes if key != "options_"})
    server.client().send(b"\0")
    line = server.log.next_line()
    name = changes.get("name", "scache").rpartition("/")[2]
    assert line.text == f"warning: missing attribute request in input from {name} socket"
    assert (line.tag, line.host) == (tag, host)


def test_early_lines_have_the_tag_of_the_environment(start: Start) -> None:
    server = start(
        "-Q", warm=False, environment={"MAIL_LOGTAG": "tagged", "POSTLOG_HOSTNAME": "h.x"}
    )
    line = server.log.next_line()
    assert (line.text, line.tag, line.host) == ("fatal: invalid option: Q", "tagged/scache", "h")
    assert server.child.wait() == 1


def test_v_tells_of_requests_replies_and_expiry(start: Start, load: Load) -> None:
    server = start("-v")
    client, cargo = server.client(), load()
    client.save_endp("name\n", "brief", cargo, 1)
    client.find_endp("other name")
    cargo.closed_by()
    server.leave(client)
    assert server.hang_up() == 0
    told = "\n".join(server.log.rest())
    assert "process generation: 10 (10)" in told
    assert "master_notify: status 0" in told
    assert "name?" in told
    assert "other name" in told
    assert len(re.findall(r"brief.* fd=\d+", told)) >= 2


def test_without_v_it_tells_nothing_of_them(server: Server, load: Load) -> None:
    client = server.client()
    client.save_endp("e", "p", load())
    client.find_endp("e")
    assert server.log.rest() == []


@pytest.mark.difference("log-limit")
def test_bad_requests_in_masses(server: Server, expect: dict[str, Any]) -> None:
    client = server.client()
    for _ in range(1050):
        assert client.ask(wire.attributes(("request", "frob"))) == wire.status(1)
    server.log.expect(*['warning: unrecognized request: "frob", ignored'] * expect["lines"])
    assert server.log.rest() == []
    server.leave(client)
    assert server.hang_up() == 0
    left = [line for line in server.log.rest() if not line.startswith("statistics: ")]
    assert left == expect["at_the_end"]


@pytest.mark.parametrize(
    ("settings", "options", "facility"),
    [
        pytest.param({}, (), 2, id="mail"),
        pytest.param({"syslog_facility": "daemon"}, ("-o", "syslog_facility=local3"), 19, id="-o"),
    ],
)
def test_without_maillog_file_it_logs_to_syslog(
    root: None, settings: dict[str, str], options: Sequence[str], facility: int
) -> None:
    jail = Jail(program.under_test(), {"syslog_name": "tag", **settings})
    try:
        assert jail.run(*options) == 1
        (record,) = jail.records()
        form = re.fullmatch(
            r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d tag/scache\[(\d+)\]: (.*)", record
        )
        assert form, record
        priority, pid, text = form.groups()
        assert (int(priority), int(pid)) == (facility << 3 | CRITICAL, jail.pid)
        assert text == "fatal: service scache requires a process limit of 1"
    finally:
        jail.close()
