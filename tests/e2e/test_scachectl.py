# SPDX-License-Identifier: Apache-2.0
"""scachectl with a real server: every command and its exit status."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from harness import ctl, program
from harness.server import Server
from harness.waiting import PATIENCE, until

pytestmark = pytest.mark.only("ours")

OK, NOT_FOUND, USAGE, NO_SERVER, REFUSED, FAILED = range(6)


@pytest.fixture
def at(server: Server) -> pathlib.Path:
    """The path of the server's socket."""
    return server.scratch.socket


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: the end that is saved, and the other one."""
    mine, other = socket.socketpair()
    with mine, other:
        yield mine, other


Pair = tuple[socket.socket, socket.socket]


class Echo:
    """A TCP server that echoes lines and keeps its connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.came: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.came.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _serve(client: socket.socket) -> None:
        try:
            for line in client.makefile("rb"):
                client.sendall(line)
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        """Closes the listener and all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self.came:
            client.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server to connect to."""
    server = Echo()
    yield server
    server.close()


def save(at: pathlib.Path, end: socket.socket, *words: str) -> None:
    """Saves a connection by its descriptor number, and closes the caller's copy."""
    number = end.fileno()
    ended = ctl.run(at, "save", "--fd", str(number), *words, keep=[number])
    assert (ended.returncode, ended.stdout, ended.stderr) == (OK, "", "")
    end.close()


# The server.


def test_ping_says_who_answers(at: pathlib.Path) -> None:
    ended = ctl.run(at, "ping")
    assert ended.returncode == OK
    assert ended.stdout.startswith("scache ") and ended.stdout.endswith(" µs\n")
    assert set(ctl.told(at, "ping")) == {"server", "microseconds"}


def test_the_socket_is_an_option_before_it_is_a_variable(at: pathlib.Path) -> None:
    assert ctl.run("/nonexistent", "--socket", str(at), "ping").returncode == OK
    assert ctl.run(at, "ping", "--socket", "/nonexistent").returncode == NO_SERVER


@pytest.mark.parametrize(
    "words",
    [["ping"], ["stats"], ["list"], ["drop", "--all"], ["find", "--endpoint", "e", "--", "true"]],
)
def test_a_server_that_is_missing_is_told(words: list[str], tmp_path: pathlib.Path) -> None:
    ended = ctl.run(tmp_path / "nothing", *words)
    assert ended.returncode == NO_SERVER
    assert ended.stdout == "" and ended.stderr.startswith("scachectl: ")
    assert ended.stderr.count("\n") == 1


def test_a_server_that_does_not_answer_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "silent"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        assert ctl.run(path, "--timeout", "50ms", "ping").returncode == FAILED


def test_what_cannot_be_written_is_a_failure(at: pathlib.Path) -> None:
    with open("/dev/full", "w") as full:
        words = [ctl.path(), "ping"]
        ended = subprocess.run(
            words, env=ctl.environment(at), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == FAILED
    assert b"No space left" in ended.stderr


# Inspection.


def test_a_list_shows_what_was_saved(at: pathlib.Path, pair: Pair) -> None:
    assert ctl.run(at, "list").stdout == ""
    words = ["--properties", "p\\x00", "--ttl", "60s", "--bind", "d"]
    save(at, pair[0], "--endpoint", "smtp\\na", *words)
    lines = [line.split() for line in ctl.run(at, "list").stdout.splitlines()]
    assert lines[0] == ["ENDPOINT", "TTL", "IDLE", "AGE", "USES", "OWNER", "ID"]
    assert lines[1][0] == "smtp\\na" and lines[1][4] == "0" and lines[1][5] == "root"
    assert lines[3] == ["DESTINATION", "ENDPOINT", "TTL"]
    assert lines[4][:2] == ["d", "smtp\\na"]
    whole = ctl.told(at, "list")
    assert [each["endpoint"] for each in whole["connections"]] == ["smtp\na"]
    assert whole["connections"][0]["properties"] == "p\0"
    assert 0 < whole["connections"][0]["ttl_ms"] <= 60_000
    assert whole["bindings"][0]["destination"] == "d"
    assert ctl.told(at, "list", "--bindings")["connections"] == []
    assert ctl.told(at, "list", "--connections")["bindings"] == []
    # The output can be used as input.
    assert ctl.told(at, "drop", "--endpoint", lines[1][0]) == {"connections": 1, "bindings": 0}


def test_a_pattern_chooses(at: pathlib.Path) -> None:
    peers = []
    for name in ("a-1", "a-2", "b*1", "b-1"):
        mine, other = socket.socketpair()
        save(at, mine, "--endpoint", name)
        peers.append(other)

    def names(pattern: str) -> set[str]:
        return {each["endpoint"] for each in ctl.told(at, "list", pattern)["connections"]}

    assert names("a-*") == {"a-1", "a-2"}
    assert names("*1") == {"a-1", "b*1", "b-1"}
    assert names("b\\*1") == {"b*1"}
    assert ctl.run(at, "list", "c*").returncode == NOT_FOUND
    assert ctl.told(at, "drop", "--prefix", "a-") == {"connections": 2, "bindings": 0}
    assert ctl.run(at, "drop", "--all").stdout == "2 connections, 0 bindings\n"
    assert ctl.run(at, "drop", "--all").returncode == OK
    for peer in peers:
        peer.close()


def test_statistics_count(at: pathlib.Path, pair: Pair) -> None:
    save(at, pair[0], "--endpoint", "e")
    told = ctl.told(at, "stats")
    assert told["connections"] == 1
    assert told["uptime_ms"] < 600_000, "since the server's start, not the machine's"
    table = dict(line.split() for line in ctl.run(at, "stats").stdout.splitlines())
    assert table["STATISTIC"] == "VALUE" and table["connections"] == "1"
    ctl.told(at, "drop", "--all")


def test_a_watch_goes_on_until_nobody_reads(at: pathlib.Path) -> None:
    words = [ctl.path(), "stats", "--watch", "10ms", "--json"]
    with subprocess.Popen(words, env=ctl.environment(at), stdout=subprocess.PIPE) as watch:
        assert watch.stdout
        lines = [json.loads(watch.stdout.readline()) for _ in range(3)]
        assert lines[0]["uptime_ms"] < lines[2]["uptime_ms"]
        watch.stdout.close()
        assert watch.wait(PATIENCE) == -signal.SIGPIPE


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_for_terminals(at: pathlib.Path, no_color: str) -> None:
    master, terminal = pty.openpty()
    environment = ctl.environment(at, NO_COLOR=no_color)
    subprocess.run([ctl.path(), "stats"], env=environment, stdout=terminal, check=True)
    os.close(terminal)
    assert (b"\x1b[1m" in os.read(master, 100)) == (no_color == "")
    os.close(master)
    assert "\x1b" not in ctl.run(at, "stats").stdout


# Saving and finding.


def test_what_is_saved_is_found(at: pathlib.Path, pair: Pair) -> None:
    mine, other = pair
    save(at, mine, "--endpoint", "e", "--properties", "p q", "--bind", "d", "--ttl", "60s")
    script = 'echo "$PROTO $SCACHE_ENDPOINT $SCACHE_PROPERTIES $SCACHE_USES" >&7'
    assert ctl.run(at, "find", "--destination", "d", "--", "sh", "-c", script).returncode == OK
    assert other.recv(100) == b"UNIX e p q 1\n"
    assert other.recv(1) == b""
    ended = ctl.run(at, "find", "--endpoint", "e", "--", "echo", "run")
    assert (ended.returncode, ended.stdout, ended.stderr) == (NOT_FOUND, "", "")
    ctl.told(at, "drop", "--all")


def test_a_found_connection_may_be_standard_input_and_output(at: pathlib.Path, pair: Pair) -> None:
    mine, other = pair
    # A shell expects a blocking descriptor.
    mine.setblocking(False)
    save(at, mine, "--endpoint", "e")
    script = "echo ready; read x; echo got $x; exit 9"
    words = [ctl.path(), "find", "--endpoint", "e", "--stdio", "--", "sh", "-c", script]
    with subprocess.Popen(words, env=ctl.environment(at)) as found:
        assert other.recv(100) == b"ready\n"
        other.sendall(b"one\n")
        assert other.recv(100) == b"got one\n"
        assert found.wait(PATIENCE) == 9


def test_a_program_that_is_missing_is_told(at: pathlib.Path, pair: Pair) -> None:
    save(at, pair[0], "--endpoint", "e")
    ended = ctl.run(at, "find", "--endpoint", "e", "--", "/nonexistent/program")
    assert ended.returncode == 127
    assert ended.stderr == "scachectl: /nonexistent/program: No such file or directory\n"


def test_connections_with_input_are_passed_over(at: pathlib.Path, pair: Pair) -> None:
    mine, other = pair
    save(at, mine, "--endpoint", "e")
    other.sendall(b"421 too long idle\r\n")
    assert ctl.run(at, "find", "--endpoint", "e", "--", "true").returncode == NOT_FOUND


def test_what_the_server_refuses_is_told(at: pathlib.Path, pair: Pair, server: Server) -> None:
    number = pair[0].fileno()
    words = ["save", "--fd", str(number), "--endpoint", "n" * 16_385]
    ended = ctl.run(at, *words, keep=[number])
    assert ended.returncode == REFUSED and ended.stderr.startswith("scachectl: ")
    assert [line for line in server.log.rest() if "direct" not in line] == []


# Running programs.

SAY = 'echo hello >&7; read answer <&6; echo "$answer $SCACHE_USES $TCPREMOTEPORT"'


def test_a_script_goes_on_with_the_connection_of_the_one_before(
    at: pathlib.Path, echo: Echo
) -> None:
    words = ["run", "--connect", echo.address, "--ttl", "60s", "--", "sh", "-c", SAY]
    for uses in range(3):
        ended = ctl.run(at, *words)
        assert (ended.returncode, ended.stderr) == (OK, "")
        assert ended.stdout == f"hello {uses} {echo.port}\n"
    assert len(echo.came) == 1
    (entry,) = ctl.told(at, "list")["connections"]
    assert entry["endpoint"] == f"tcp:{echo.address}" and entry["uses"] == 2
    ctl.told(at, "drop", "--all")


def test_standard_input_and_output_may_be_the_connection(at: pathlib.Path, echo: Echo) -> None:
    script = 'echo hello; read answer; echo "$answer $SCACHE_USES" >&2'
    words = ["run", "--connect", echo.address, "--endpoint", "e", "--stdio", "--"]
    words += ["sh", "-c", script]
    assert [ctl.run(at, *words).stderr for _ in range(2)] == ["hello 0\n", "hello 1\n"]
    assert len(echo.came) == 1
    ctl.told(at, "drop", "--endpoint", "e")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 3", 3),
        ("kill -9 $$", 128 + 9),
        # The next user would read the rest of the answer.
        ("echo hello >&7; head -c 1 <&6 >/dev/null", 0),
    ],
)
def test_a_connection_that_is_no_good_is_not_saved(
    at: pathlib.Path, echo: Echo, script: str, status: int
) -> None:
    words = ["run", "--connect", echo.address, "--", "sh", "-c", script]
    assert ctl.run(at, *words).returncode == status
    assert ctl.told(at, "list")["connections"] == []


def test_a_cache_that_is_missing_is_no_error(tmp_path: pathlib.Path, echo: Echo) -> None:
    words = ["run", "--connect", echo.address, "--", "sh", "-c", SAY]
    quiet = ctl.run(tmp_path / "nothing", *words)
    assert (quiet.returncode, quiet.stderr) == (OK, "")
    assert quiet.stdout == f"hello 0 {echo.port}\n"
    loud = ctl.run(tmp_path / "nothing", "-v", *words)
    assert loud.returncode == OK
    assert [line.split(":")[:2] for line in loud.stderr.splitlines()] == [
        ["scachectl", " no cached connection"],
        ["scachectl", " connection not saved"],
    ]
    assert len(echo.came) == 2


def test_nobody_to_connect_to_is_told(at: pathlib.Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        ended = ctl.run(at, "run", "--connect", address, "--", "true")
    assert ended.returncode == 111
    assert ended.stderr == f"scachectl: {address}: Connection refused\n"


def test_a_signal_goes_to_the_program(at: pathlib.Path, echo: Echo) -> None:
    script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"
    words = [ctl.path(), "run", "--connect", echo.address, "--", "sh", "-c", script]
    with subprocess.Popen(words, env=ctl.environment(at), stdout=subprocess.PIPE) as running:
        assert running.stdout and running.stdout.readline() == b"ready\n"
        running.terminate()
        assert running.wait(PATIENCE) == 7
    until(lambda: ctl.told(at, "list")["connections"] == [], "nothing is saved")


@pytest.mark.parametrize("words", [[], ["nothing"], ["drop"], ["run", "--connect", "h:1", "true"]])
def test_a_command_line_that_is_wrong_ends_with_two(words: list[str]) -> None:
    ended = ctl.run(None, *words)
    assert ended.returncode == USAGE
    assert ended.stdout == "" and ended.stderr


# Signals that end scachectl must not leave its program running with the connection.

# These signals do not end scachectl.
_UNTOUCHED = {
    signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
    signal.SIGURG, signal.SIGWINCH,
}  # fmt: skip
_ENDING = [number for number in range(1, signal.SIGRTMAX + 1) if number not in _UNTOUCHED]


@pytest.mark.parametrize("number", _ENDING)
def test_no_signal_leaves_the_program_running(
    at: pathlib.Path, echo: Echo, number: int
) -> None:
    words = ["run", "--connect", echo.address, "--", "sh", "-c", "echo $$; exec sleep 60"]
    command = [ctl.path(), *words]
    signals = program.sanitizer_leaves("handle_segv", "handle_sigbus", "handle_sigfpe")
    environment = ctl.environment(at, **signals)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as running:
        assert running.stdout
        started = os.pidfd_open(int(running.stdout.readline()))
        running.send_signal(number)
        assert select.select([started], [], [], PATIENCE)[0], "the program ends"
        os.close(started)
        assert running.wait(PATIENCE) in {128 + number, -number}
    assert ctl.told(at, "list")["connections"] == []


def test_a_timer_that_scachectl_was_started_with_ends_its_program(
    at: pathlib.Path, echo: Echo
) -> None:
    words = [str(ctl.path()), "run", "--connect", echo.address, "--", "sleep", "60"]
    timed = ["/usr/bin/python3", "-c", "import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.2); os.execv(sys.argv[1], sys.argv[1:])"]
    ended = subprocess.run([*timed, *words], env=ctl.environment(at), timeout=PATIENCE, check=False)
    assert ended.returncode == 128 + signal.SIGALRM


def test_a_signal_that_is_ignored_stays_so(at: pathlib.Path, echo: Echo) -> None:
    script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done"
    words = ["run", "--connect", echo.address, "--", "sh", "-c", script]
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", str(ctl.path()), *words]
    with subprocess.Popen(command, env=ctl.environment(at), stdout=subprocess.PIPE) as running:
        assert running.stdout and running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGHUP)
        running.send_signal(signal.SIGUSR1)
        assert running.wait(PATIENCE) == 7


# Half-closed connections.


@pytest.mark.parametrize("how", ["SHUT_WR", "SHUT_RD", "SHUT_RDWR"])
def test_a_connection_that_its_program_has_shut_down_is_not_saved(
    at: pathlib.Path, echo: Echo, how: str
) -> None:
    script = f"import socket; socket.socket(fileno=6).shutdown(socket.{how})"
    words = ["run", "--connect", echo.address, "--", "/usr/bin/python3", "-c", script]
    ended = ctl.run(at, "-v", *words)
    assert ended.returncode == OK
    text = "scachectl: connection not saved: it is shut down, or has unread input\n"
    assert ended.stderr == text
    assert ctl.told(at, "list")["connections"] == []


# Standard input, output and error that are closed.

_HEARS = "printf hello >&7; read answer <&6"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["--", "/nonexistent/program"], b""),
        (["--", "sh", "-c", "printf hello >&7"], b"hello"),
        (["--stdio", "--", "sh", "-c", "printf hello"], b"hello"),
    ],
)
def test_nothing_but_its_program_speaks_on_a_connection(
    tmp_path: pathlib.Path, closed: str, words: list[str], heard: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [str(ctl.path()), "-v", "run", "--connect", address, *words]
        subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
            env=ctl.environment(tmp_path / "nothing"), capture_output=True, check=False,
        )  # fmt: skip
        peer, _ = listener.accept()
        with peer:
            assert peer.recv(100) == heard


def test_a_program_finds_closed_what_was_closed(at: pathlib.Path, echo: Echo) -> None:
    script = 'for n in 0 1 2; do [ -e /proc/self/fd/$n ] || printf $n >&7; done; echo >&7; read x <&6; echo "$x" >"$OUT"'
    out = at.parent / "out"
    command = [str(ctl.path()), "run", "--connect", echo.address, "--", "sh", "-c", script]
    subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command],
        env=ctl.environment(at, OUT=str(out)), check=True,
    )  # fmt: skip
    assert out.read_text() == "012\n"
    out.unlink()
    ctl.told(at, "drop", "--all")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_descriptor_that_was_closed_is_not_saved(at: pathlib.Path, number: int) -> None:
    words = [str(ctl.path()), "save", "--endpoint", "e", "--fd", str(number)]
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {number}>&-', "sh", *words], env=ctl.environment(at), check=False
    )
    assert ended.returncode == USAGE
    assert ctl.told(at, "list")["connections"] == []
