# SPDX-License-Identifier: Apache-2.0
"""The configuration of scached: check, output, reload."""

from __future__ import annotations

import os
import pathlib
import tomllib
from collections.abc import Callable

import pytest

from harness import cargo, program, wire
from harness.cargo import Cargo
from harness.client import Client
from harness.scached import SOMEBODY, Scached, run

pytestmark = pytest.mark.only("ours")
Load = Callable[..., Cargo]
EXAMPLE = program.REPOSITORY / "packaging" / "scached.toml"

OTHER = """\
[socket]
path = "/somewhere/else"
owner = "root"
group = 5
mode = "0660"

[access]
users = ["root", 12]
groups = [7]

[ttl]
default = "1500ms"
limit = "5m"

[limits]
clients = 3
connections = 4
connections_of_endpoint = 10
connections_of_user = 11
bindings = 12
bindings_of_destination = 5
bindings_of_user = 13
connection_bytes = 1048576
connection_bytes_of_user = 14
binding_bytes = 2097152
binding_bytes_of_user = 15
name_bytes = 6
properties_bytes = 7
request_time = "8s"

[log]
target = "syslog"
level = "debug"

[statistics]
interval = "9s"

[[listen]]
path = "/somewhere/near"
owner = "root"
group = 5
mode = "0660"
users = ["root", 12]
groups = [7]
tag = "neighbour"

[[hand_out]]
endpoint = "a*"
first = "newest"
allow_input = true
max_age = "30m"
max_uses = 5

[[goodbye]]
endpoint = "a*"
protocol = "smtp"
wait = "1s"

[[probe]]
endpoint = "a*"
send = "x"
expect = "y"
end = ""
idle = "5m"
wait = "1s"
"""


def test_a_sound_file_is_sound(scached: Scached) -> None:
    scached.configure(OTHER)
    ended = run("--check", "--config", str(scached.configuration))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_everything_that_is_wrong_is_told(scached: Scached) -> None:
    scached.configure("[ttl]\nlimit = '5x'\nother = 1\n[socket]\nmode = 600\n")
    told = [
        '2:9: ttl.limit must be a time such as "100ms", "30s", "5m"',
        "3:1: unknown key ttl.other",
        '5:8: socket.mode must be an octal number from "0000" to "0777"',
    ]
    lines = [f"{scached.configuration}:{line}" for line in told]
    for words in (("--check",), ("--print-config",)):
        ended = run(*words, "--config", str(scached.configuration))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.splitlines() == lines
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert scached.log().splitlines() == [
        *(f"scached: error: {line}" for line in lines),
        "scached: fatal: the configuration has errors",
    ]


def test_a_file_that_is_not_there(scached: Scached) -> None:
    ended = run("--check", "--config", "/nonexistent/scached.toml")
    assert ended.returncode == 1
    assert ended.stderr == "/nonexistent/scached.toml: No such file or directory\n"


def test_what_is_shown_reads_back_the_same(scached: Scached) -> None:
    scached.configure(OTHER)
    shown = run("--print-config", "--config", str(scached.configuration)).stdout
    assert shown == OTHER
    assert tomllib.loads(shown) == tomllib.loads(OTHER)


def test_the_command_line_is_over_the_file(scached: Scached) -> None:
    scached.configure(OTHER)
    words = ("--socket", "/a/b", "--log-level", "error", "--config", str(scached.configuration))
    shown = tomllib.loads(run("--print-config", *words).stdout)
    assert shown["socket"]["path"] == "/a/b"
    assert shown["log"]["level"] == "error"


@pytest.mark.root
def test_the_example_has_every_key_with_its_default(scached: Scached) -> None:
    shown = run("--print-config").stdout
    example = EXAMPLE.read_text()
    assert tomllib.loads(example) == tomllib.loads(shown)
    keys = [line.split(" = ")[0] for line in example.splitlines() if " = " in line[:40]]
    wanted = [line.split(" = ")[0] for line in shown.splitlines() if " = " in line]
    assert [key for key in keys if not key.startswith("#")] == wanted
    assert run("--print-config", "--config", str(EXAMPLE)).stdout == shown


def test_the_manual_has_every_key() -> None:
    manual = (program.REPOSITORY / "man" / "scached.toml.5.scd").read_text()
    for table, keys in tomllib.loads(EXAMPLE.read_text()).items():
        assert f"[{table}]" in manual
        for key in keys:
            assert f"*{key}* =" in manual, f"{table}.{key}"


@pytest.mark.root
def test_reading_again_keeps_the_cache(scached: Scached, load: Load) -> None:
    scached.configure("[socket]\nmode = '0666'\n")
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    client = scached.client()
    client.save_endp("e", "p", load())
    assert scached.stranger() == wire.denial(SOMEBODY)
    scached.configure(f"[socket]\nmode = '0666'\n[access]\nusers = [{SOMEBODY}]\n")
    scached.reload()
    assert scached.stranger() == wire.GREETING
    assert client.find_endp("e").reply == wire.endp_found("p")


def test_a_bad_file_changes_nothing(scached: Scached, load: Load) -> None:
    scached.configure("[log]\nlevel = 'info'\n")
    scached.start_here()
    client = scached.client()
    client.save_endp("e", "p", load())
    scached.configure("[log]\nlevel = 'error'\ntarget = 'nowhere'\n")
    scached.reload()
    lines = scached.log().splitlines()[-2:]
    assert lines == [
        f'scached: error: {scached.configuration}:3:10: log.target must be one of "stderr", "syslog"',
        "scached: error: the configuration has errors: no changes were applied",
    ]
    assert client.find_endp("e").reply == wire.endp_found("p")
    scached.configure("")
    scached.reload()
    assert scached.log().endswith("scached: configuration reloaded\n")


def test_what_waits_for_the_next_start_is_told(scached: Scached) -> None:
    scached.configure("")
    scached.start_here()
    scached.configure("[socket]\nmode = '0666'\n[limits]\nclients = 9\n")
    scached.reload()
    warning = "warning: socket and limits: changes take effect at the next start\n"
    assert scached.log().count(warning) == 1
    assert scached.path.stat().st_mode & 0o777 == 0o600
    # As long as the file differs from the configuration of the running server.
    scached.reload()
    assert scached.log().count(warning) == 2
    scached.configure("")
    scached.reload()
    assert scached.log().count("at the next start") == 2


def test_a_check_finds_a_path_that_no_socket_can_have() -> None:
    ended = run("--check", "--socket", f"/{'x' * 107}")
    assert ended.returncode == 1
    assert ended.stderr == f"/{'x' * 107}: the path is longer than 107 bytes\n"
    assert run("--check", "--socket", f"/{'x' * 106}").returncode == 0


def test_a_ttl_limit_holds_from_the_reload_on(scached: Scached, load: Load) -> None:
    scached.configure("")
    scached.start_here()
    client = scached.client()
    early, late = load(), load()
    client.save_endp("early", "p", early, ttl=1000)
    scached.configure("[ttl]\ndefault = '100ms'\nlimit = '100ms'\n")
    scached.reload()
    client.save_endp("late", "p", late, ttl=1000)
    late.closed_by()
    assert early.is_held()
    assert client.find_endp("early").reply == wire.endp_found("p")


def test_the_newest_is_handed_out_first_where_that_is_wanted(scached: Scached, load: Load) -> None:
    scached.configure("[[hand_out]]\nendpoint = 'db*'\nfirst = 'newest'\n")
    scached.start_here()
    client = scached.client()
    for endpoint in ("db-1", "web"):
        for properties in ("old", "new"):
            client.save_endp(endpoint, properties, load())
    assert client.find_endp("db-1").reply == wire.endp_found("new")
    assert client.find_endp("web").reply == wire.endp_found("old")


def test_limits_hold(scached: Scached, load: Load) -> None:
    scached.configure(
        "[limits]\nconnections = 1\nname_bytes = 5\nproperties_bytes = 6\nclients = 2\n"
        "request_time = '100ms'\n"
    )
    scached.start_here()
    first, client = scached.client(), scached.client()
    assert client.save_endp("12345", "123456", load()) == wire.status(0)
    assert client.save_endp("e", "p", load()) == wire.status(0)
    assert client.find_endp("12345").reply == wire.FIND_ENDP_MISS
    assert client.find_endp("e").reply == wire.endp_found("p")
    assert client.ask(wire.find_endp("123456")) == b"status\x001\0property\0\0\0"
    third = scached.client()
    first.ends()
    third.send(b"request")
    third.ends()


def test_too_little_room_is_told(scached: Scached) -> None:
    scached.configure("[limits]\nclients = 1000000000\n")
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert "fatal: limits: 1000000000 clients" in scached.log()


def test_a_name_that_nobody_has(scached: Scached) -> None:
    scached.configure("[access]\nusers = ['nobody-has-this-name']\n")
    ended = run("--check", "--config", str(scached.configuration))
    assert ended.returncode == 1
    assert ended.stderr.endswith(
        ':2:10: access.users: unknown user "nobody-has-this-name"\n'
    )


def test_its_log_level(scached: Scached) -> None:
    scached.start_here("--log-level", "debug")
    scached.client().find_endp("the-endpoint")
    scached.wait_for("the-endpoint")
    assert pathlib.Path(scached.errors).stat().st_uid == os.geteuid()


def test_it_listens_at_several_places(scached: Scached) -> None:
    second = scached.directory / "second"
    scached.configure(f"[[listen]]\npath = '{second}'\nmode = '0640'\ntag = 'neighbour'\n")
    scached.start_here()
    assert second.stat().st_mode & 0o777 == 0o640
    here = scached.client()
    there = Client(second)
    there.expect(wire.GREETING)
    item = cargo.tcp()
    assert here.save_endp("e", "p", item) == wire.status(0)
    assert there.find_endp("e").fd is not None
    there.send(b"no request\0")
    there.close()
    scached.wait_for("neighbour")
    item.close()
    assert scached.stop() == 0
    assert not second.exists()
