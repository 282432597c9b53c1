"""The start: options, parameters, privileges, what is inherited, where the log goes."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pty
import pwd
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from harness import census, maillog, program, scratch, wire
from harness.cargo import Cargo
from harness.child import Child, Launch
from harness.jail import Jail
from harness.server import Server, Setup

Load = Callable[..., Cargo]
Start = Callable[..., Server]

TTL = "connection_cache_ttl_limit"
UPDATE = "connection_cache_status_update_time"
CRITICAL = 2
MASTER_ARGV = ("-l", "-t", "unix", "-u")


@dataclasses.dataclass(frozen=True)
class Bad:
    """A start that fails: how it is tried, what is logged, how the process ends."""

    log: Sequence[str]
    options: Sequence[str] = ()
    main_cf: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    argv: Sequence[str] = MASTER_ARGV
    environment: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    status: int = 1

    def __str__(self) -> str:
        said = [*(self.argv if self.argv != MASTER_ARGV else ()), *self.options]
        said += [f"{name}={value}" for name, value in [*self.main_cf.items()]]
        said += [f"{name}={value} in the environment" for name, value in self.environment.items()]
        return " ".join(said).replace("\n", " ") or "nothing"


def bad_time(name: str, value: str) -> Bad:
    """A parameter that is no time."""
    text = f"fatal: parameter {name}: bad time value or unit: {value}"
    return Bad([text], main_cf={name: value})


def too_small(name: str, value: str, number: str = "0") -> Bad:
    """A parameter below its minimum."""
    return Bad([f"fatal: invalid {name}: {number} (min 1)"], main_cf={name: value})


def bad_option(*options: str, says: str) -> Bad:
    """An option that is refused."""
    return Bad([f"fatal: {says}"], options)


BAD = [
    *(too_small(TTL, value) for value in ("0", "0s", "00", "soon", "s", "s5", "d")),
    *(
        bad_time(TTL, value)
        for value in (
            *("-1s", "5x", "5.5", "2,5", "1 s", "1S", "1H", "0x10", "often", ""),
            *("2147483648", "99999999999", "4000w", "25000d", "99999999999999999999"),
        )
    ),
    too_small(UPDATE, "0s"),
    bad_time(UPDATE, "often"),
    bad_time("ipc_timeout", "x"),
    bad_time("ipc_timeout", "never"),
    too_small("ipc_timeout", "0"),
    too_small("max_idle", "0"),
    too_small("daemon_timeout", "0"),
    bad_time("max_idle", "-1"),
    bad_option("-o", "max_idle=0", says="invalid max_idle: 0 (min 1)"),
    bad_option("-o", "daemon_timeout=0", says="invalid daemon_timeout: 0 (min 1)"),
    bad_option(
        "-o", "ipc_timeout=x", says="parameter ipc_timeout: bad time value or unit: x"
    ),
    bad_option(
        "-o",
        "nonsense",
        says="invalid \"-o nonsense\" option value: missing '=' after attribute name",
    ),
    bad_option("-o", "=x", says='invalid "-o =x" option value: missing attribute name'),
    bad_option("-Q", says="invalid option: Q"),
    bad_option("-x", says="invalid option: x"),
    *(bad_option(f"-{letter}", says=f"invalid option: {letter}") for letter in "imnost"),
    bad_option("-i", "0", says="invalid max_idle: 0 (min 1)"),
    bad_option("-i", "x", says="parameter max_idle: bad time value or unit: x"),
    bad_option("-m", "x", says="bad numerical configuration: max_use = x"),
    bad_option("-m", "0", says="invalid max_use parameter value 0 < 1"),
    bad_option("-s", "0", says="invalid socket_count: 0"),
    bad_option("-s", "x", says="invalid socket_count: x"),
    bad_option("-t", "foo", says="unsupported transport type: foo"),
    bad_option("-t", "fifo", says="unsupported transport type: fifo"),
    bad_option("-D", says="no debugger_command variable set up"),
    Bad(["fatal: no debugger_command variable set up"], environment={"MAIL_DEBUG": "1"}),
    Bad(
        ["fatal: service scache requires a process limit of 1"], argv=("-t", "unix", "-u")
    ),
    Bad(
        ["fatal: service xscache requires a process limit of 1"],
        argv=("-n", "xscache", "-t", "unix", "-u"),
    ),
    Bad(["fatal: service scache requires a process limit of 1"], argv=()),
    Bad(["fatal: no transport type specified"], argv=("-l", "-u")),
    Bad(["fatal: bad generation: zz"], environment={"GENERATION": "zz"}),
    Bad(["fatal: bad generation: "], environment={"GENERATION": ""}),
    Bad(
        ["fatal: open /nonexistent/main.cf: No such file or directory"],
        environment={"MAIL_CONFIG": "/nonexistent"},
    ),
    Bad(
        [
            "fatal: file {config}/main.cf: parameter mail_owner: unknown user name value: "
            "nosuchuser"
        ],
        main_cf={"mail_owner": "nosuchuser"},
    ),
    Bad(
        ["fatal: file {config}/main.cf: parameter mail_owner: user root has privileged user ID"],
        main_cf={"mail_owner": "root"},
    ),
    Bad(
        ["fatal: file {config}/main.cf: parameter syslog_facility: unrecognized value: nonsense"],
        main_cf={"syslog_facility": "nonsense"},
    ),
    Bad(
        [
            "warning: valid_hostname: misplaced delimiter: no..good",
            "fatal: file {config}/main.cf: parameter myhostname: bad parameter value: no..good",
        ],
        main_cf={"myhostname": "no..good"},
    ),
]


@pytest.fixture(scope="module")
def bad_starts(root: None) -> Iterator[dict[str, Server]]:
    """All of them at once, because each takes a second."""
    servers = {}
    try:
        for bad in BAD:
            servers[str(bad)] = Server(
                Setup(
                    options=bad.options,
                    main_cf=bad.main_cf,
                    argv=bad.argv,
                    environment=bad.environment,
                    warm=False,
                )
            )
        yield servers
    finally:
        for server in servers.values():
            server.close()


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_start_that_fails(bad_starts: dict[str, Server], bad: Bad) -> None:
    server = bad_starts[str(bad)]
    assert server.child.wait() == bad.status
    assert server.log.rest() == [
        text.replace("{config}", str(server.scratch.config)) for text in bad.log
    ]
    assert server.status.messages() == []
    server.check_sanitizers()


def test_a_failed_start_takes_a_second(start: Start) -> None:
    server = start("-Q", warm=False)
    seen = server.log.next_line().seen
    assert server.child.wait() == 1
    assert 0.9 < time.monotonic() - seen < 3


@pytest.mark.parametrize(
    "value", ["1", "5s", "5spam", "1h30", "010", "+5", "2147483647", "1d", "1w", " 5 ", "1m"]
)
def test_an_odd_time_that_is_taken(start: Start, value: str) -> None:
    server = start(main_cf={TTL: value})
    assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("setgid-group")
@pytest.mark.parametrize(
    ("name", "why"),
    [("nosuchgroup", "unknown group name: nosuchgroup"), ("root", "group root has privileged group ID")],
)
def test_a_setgid_group_that_is_none(
    start: Start, expect: dict[str, Any], name: str, why: str
) -> None:
    server = start(main_cf={"setgid_group": name}, warm=False)
    if expect["checked"]:
        server.log.expect(
            f"fatal: file {server.scratch.config}/main.cf: parameter setgid_group: {why}"
        )
        assert server.child.wait() == 1
    else:
        assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.difference("short-daemon-timeout")
def test_a_very_short_daemon_timeout(start: Start, expect: dict[str, Any]) -> None:
    server = start("-o", "daemon_timeout=1s", warm=False)
    if expect["panics"]:
        server.log.expect("panic: watchdog_create: timeout 1 is too small")
        assert server.child.wait() == -6
    else:
        client = server.client()
        assert server.child.lives_for(1.5)
        assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.parametrize(
    "options",
    [
        ("-d",),
        ("-z",),
        ("-i", "5"),
        ("-i5",),
        ("-m", "5"),
        ("-n", "xscache"),
        ("-s", "1"),
        ("-lz",),
        ("-t", "inet"),
        ("-t", "UNIX"),
        ("-o", "max_use=1"),
        ("-omax_use=1",),
        ("-o", " max_use = 1 "),
        ("-o", "no_such_parameter=1"),
        ("--",),
    ],
    ids=" ".join,
)
def test_an_option_that_changes_nothing_here(start: Start, options: Sequence[str]) -> None:
    server = start(*options)
    assert server.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.parametrize("options", [("surplus",), ("--", "-v"), ("-z", "foo")], ids=" ".join)
def test_a_surplus_word_is_fatal_at_the_first_request(
    start: Start, options: Sequence[str]
) -> None:
    server = start(*options)
    client = server.client()
    assert server.child.alive()
    client.send(wire.find_endp("e"))
    server.log.expect(f"fatal: unexpected command-line argument: {options[-1]}")
    client.ends()
    assert server.child.wait() == 1


@pytest.mark.difference("transport-pass")
def test_the_transport_pass(start: Start, expect: dict[str, Any]) -> None:
    server = start("-t", "pass", warm=False)
    if expect["serves"]:
        assert server.child.lives_for(0.3)
    else:
        server.log.expect("fatal: unsupported transport type: pass")
        assert server.child.wait() == 1


def test_the_name_of_the_service_stands_in_warnings(start: Start) -> None:
    server = start("-n", "xscache")
    client = server.client()
    client.send(b"\0")
    server.log.expect("warning: missing attribute request in input from xscache socket")
    assert [line.tag for line in server.log.lines()] == ["e2e/scache"]


# By hand.


def by_hand(
    tmp_path: pathlib.Path, *argv: str, terminal: bool = False, stream: int | None = None
) -> tuple[int, str, float]:
    """Runs it as a person would; status, standard error, seconds."""
    place = scratch.Scratch({"maillog_file": None})
    under_test = program.under_test()
    opened: list[int] = []
    if stream is None:
        opened = list(pty.openpty()) if terminal else [os.open("/dev/null", os.O_RDWR)]
    errors = os.open(tmp_path / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    opened.append(errors)
    begun = time.monotonic()
    try:
        stdin = opened[-2] if stream is None else stream
        child = Child(
            Launch(
                program=under_test.path,
                argv=["scache", *argv],
                environment={"MAIL_CONFIG": str(place.config), **under_test.environment},
                directory=pathlib.Path("/"),
                descriptors={0: stdin, 1: stdin, 2: errors},
            )
        )
        try:
            status = child.wait()
        finally:
            child.kill()
        return status, (tmp_path / "stderr").read_text(), time.monotonic() - begun
    finally:
        for number in opened:
            os.close(number)
        place.close()


@pytest.mark.parametrize("argv", [(), MASTER_ARGV, ("-V",)], ids=" ".join)
def test_at_a_terminal_it_says_what_it_is_not(
    root: None, tmp_path: pathlib.Path, argv: Sequence[str]
) -> None:
    status, errors, seconds = by_hand(tmp_path, *argv, terminal=True)
    assert (status, errors) == (1, "scache: fatal: do not run this command by hand\n")
    assert seconds >= 0.9


@pytest.mark.difference("no-master")
def test_without_master_it_ends(
    root: None, tmp_path: pathlib.Path, expect: dict[str, Any]
) -> None:
    status, errors, seconds = by_hand(tmp_path, *MASTER_ARGV, "-V")
    assert (status, errors) == (1, f"e2e/scache: fatal: {expect['text']}\n")
    assert seconds >= 0.9


def test_standard_error_is_silent_without_V(root: None, tmp_path: pathlib.Path) -> None:
    assert by_hand(tmp_path, *MASTER_ARGV)[:2] == (1, "")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("-Q",), "postfix/scache: fatal: invalid option: Q"),
        ((), "e2e/scache: fatal: service scache requires a process limit of 1"),
        (("-S", "surplus"), "e2e/scache: fatal: unexpected command-line argument: surplus"),
        (("-S", "-o", f"{TTL}=0"), f"e2e/scache: fatal: invalid {TTL}: 0 (min 1)"),
        (
            ("-S", "-o", "queue_directory=/nonexistent"),
            'e2e/scache: fatal: chdir("/nonexistent"): No such file or directory',
        ),
    ],
)
def test_V_says_it_on_standard_error(
    root: None, tmp_path: pathlib.Path, argv: Sequence[str], said: str
) -> None:
    status, errors, _ = by_hand(tmp_path, "-V", *argv)
    assert (status, errors) == (1, f"{said}\n")


def test_S_with_nothing_to_read_ends_well(root: None, tmp_path: pathlib.Path) -> None:
    assert by_hand(tmp_path, "-S", "-V")[:2] == (0, "")


def test_S_serves_one_client_on_standard_input(root: None, tmp_path: pathlib.Path) -> None:
    mine, its = socket.socketpair()
    with mine, its:
        mine.send(wire.find_endp("e"))
        mine.shutdown(socket.SHUT_WR)
        status, errors, _ = by_hand(tmp_path, "-S", "-V", stream=its.fileno())
        its.close()
        mine.settimeout(5)
        assert mine.recv(1000) == wire.FIND_ENDP_MISS
    assert status == 0
    lines = errors.splitlines()
    assert len(lines) == 2
    assert lines[1] == "e2e/scache: statistics: address lookup hits=0 miss=1 success=0%"


# What the process is.


def test_gives_up_its_privileges(server: Server) -> None:
    owner = pwd.getpwnam(scratch.MAIL_OWNER)
    state = census.state(server.pid)
    assert state["Uid"].split() == [str(owner.pw_uid)] * 4
    assert state["Gid"].split() == [str(owner.pw_gid)] * 4
    groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
    assert sorted(int(group) for group in state["Groups"].split()) == sorted(groups)
    assert int(state["CapEff"], 16) == 0
    assert int(state["CapPrm"], 16) == 0


def test_lives_in_the_queue_directory(server: Server) -> None:
    assert os.readlink(f"/proc/{server.pid}/root") == "/"
    assert os.readlink(f"/proc/{server.pid}/cwd") == str(server.scratch.queue)


def test_is_jailed_there_with_c(start: Start, load: Load) -> None:
    server = start("-c")
    assert os.readlink(f"/proc/{server.pid}/root") == str(server.scratch.queue)
    assert os.readlink(f"/proc/{server.pid}/cwd") == str(server.scratch.queue)
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    assert client.find_endp("e").identity == cargo.identity
    assert server.hang_up() == 0
    assert len(server.log.rest()) == 3


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_keeps_the_umask_that_master_gave(start: Start, umask: int) -> None:
    server = start(umask=umask)
    assert census.state(server.pid)["Umask"] == f"{umask:04o}"


def test_raises_its_limit_of_descriptors(start: Start) -> None:
    server = start(nofile=(300, 2000))
    assert census.limit_of_open_files(server.pid) == (2000, 2000)


@pytest.mark.parametrize(("number", "few"), [(255, True), (256, False)])
def test_warns_when_there_are_few_descriptors(start: Start, number: int, few: bool) -> None:
    server = start(nofile=(number, number))
    text = f"warning: could allocate space for only {number} open files"
    assert server.log.rest() == ([text] if few else [])


def test_which_signals_it_ignores(server: Server) -> None:
    assert {13, 25} <= census.signals(server.pid, "SigIgn")
    assert 14 in census.signals(server.pid, "SigCgt")
    assert census.signals(server.pid, "SigBlk") & {1, 2, 3, 13, 14, 25} == set()


def test_keeps_the_descriptors_that_master_gave(server: Server) -> None:
    held = server.descriptors()
    assert [held[number] for number in (0, 1)] == ["/dev/null"] * 2
    assert held[2] == str(server.scratch.errors)
    assert held[3].startswith("pipe:")
    assert held[4] == held[3]
    assert all(held[number].startswith("socket:") for number in (5, 6, 7))


@pytest.mark.difference("close-on-exec")
def test_descriptors_are_closed_on_exec(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    before = set(server.descriptors())
    client = server.client()
    client.save_endp("e", "p", load())
    server.comes_to_hold(2)
    added = set(server.descriptors()) - before
    assert len(added) == 2
    closed = [census.close_on_exec(server.pid, number) for number in added]
    assert sorted(closed) == ([True, True] if expect["cached"] else [False, True])
    for number in before - {0, 1, 2}:
        assert census.close_on_exec(server.pid, number)
    client.find_endp("e")


# The log.


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


@pytest.mark.parametrize(
    ("settings", "options", "facility"),
    [
        pytest.param({}, (), 2, id="mail"),
        pytest.param({"syslog_facility": "local3"}, (), 19, id="main.cf"),
        pytest.param({}, ("-o", "syslog_facility=daemon"), 3, id="-o"),
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
