# SPDX-License-Identifier: Apache-2.0
"""Options and parameters: what is taken, and how the server ends over what is not."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from harness import wire
from harness.server import Server, Setup

Start = Callable[..., Server]

TTL = "connection_cache_ttl_limit"
UPDATE = "connection_cache_status_update_time"
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
    [
        ("nosuchgroup", "unknown group name: nosuchgroup"),
        ("root", "group root has privileged group ID"),
    ],
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


def test_a_surplus_word_is_fatal_at_the_first_request(start: Start) -> None:
    tries = [("surplus",), ("--", "-v"), ("-z", "foo")]
    servers = [start(*options) for options in tries]
    for server, options in zip(servers, tries, strict=True):
        client = server.client()
        assert server.child.alive()
        client.send(wire.find_endp("e"))
        server.log.expect(f"fatal: unexpected command-line argument: {options[-1]}")
    for server in servers:
        assert server.child.wait() == 1


@pytest.mark.difference("transport-pass")
def test_the_transport_pass(start: Start, expect: dict[str, Any]) -> None:
    server = start("-t", "pass", warm=False)
    if expect["serves"]:
        assert server.child.lives_for(0.3)
    else:
        server.log.expect("fatal: unsupported transport type: pass")
        assert server.child.wait() == 1
