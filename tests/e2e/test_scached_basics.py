# SPDX-License-Identifier: Apache-2.0
"""scached without a configuration: its socket, access, startup and shutdown."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable

import pytest

from harness import ctl, wire
from harness.cargo import Cargo
from harness.client import Client, Ended
from harness.scached import SOMEBODY, Scached, run

pytestmark = pytest.mark.only("ours")
Load = Callable[..., Cargo]


def mode(path: pathlib.Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_is_ready_at_once_with_nothing_configured(scached: Scached, load: Load) -> None:
    scached.start_here()
    client = scached.client()
    cargo = load()
    assert client.save_endp("e", "p", cargo) == wire.status(0)
    found = scached.client().find_endp("e")
    assert found.reply == wire.endp_found("p")
    assert found.identity == cargo.identity
    assert scached.stop() == 0


def test_its_socket_is_its_users_alone(scached: Scached) -> None:
    scached.start_here()
    assert stat.S_ISSOCK(scached.path.stat().st_mode)
    assert mode(scached.path) == 0o600
    assert mode(scached.path.parent) == 0o700


@pytest.mark.root
def test_a_users_socket_is_in_its_runtime_directory(scached: Scached) -> None:
    runtime = scached.directory / "runtime"
    runtime.mkdir()
    os.chown(runtime, SOMEBODY, SOMEBODY)
    scached.directory.chmod(0o755)
    scached.path = runtime / "scache" / "scached.sock"
    scached.start(environment={"XDG_RUNTIME_DIR": str(runtime)}, user=SOMEBODY)
    assert mode(scached.path) == 0o600
    # The server's own user and root.
    assert scached.stranger(SOMEBODY) == wire.GREETING
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS
    assert scached.stop() == 0
    assert not list(scached.path.parent.iterdir())


@pytest.mark.root
def test_without_a_place_it_says_so(scached: Scached) -> None:
    scached.directory.chmod(0o755)
    scached.start(user=SOMEBODY, ready=False)
    assert scached.end() == 1
    assert "fatal: no socket path" in scached.log()


def deny(listener: socket.socket, clients: int) -> None:
    for _ in range(clients):
        client, _ = listener.accept()
        client.sendall(wire.denial(1))
        client.close()


@pytest.mark.root
def test_somebody_else_is_refused(scached: Scached) -> None:
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    scached.path.chmod(0o666)
    assert [scached.stranger(), scached.stranger()] == [wire.denial(SOMEBODY)] * 2
    scached.wait_for(f"scached: warning: client refused: user {SOMEBODY} has no access\n")
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS


@pytest.mark.root
@pytest.mark.parametrize("access", [f"users = [{SOMEBODY}]", f"groups = [{SOMEBODY}]"])
def test_who_is_named_is_served(scached: Scached, access: str) -> None:
    scached.configure(f"[socket]\nmode = '0666'\n[access]\n{access}\n")
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    assert scached.stranger() == wire.GREETING


@pytest.mark.root
def test_who_is_in_a_named_group_is_served(scached: Scached) -> None:
    scached.configure("[socket]\nmode = '0666'\n[access]\ngroups = [54321]\n")
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    assert scached.stranger(groups=[11, 54321]) == wire.GREETING
    assert scached.stranger(groups=[11]) == wire.denial(SOMEBODY)


def test_a_socket_that_was_left_behind_is_replaced(scached: Scached) -> None:
    scached.start_here()
    scached.signal(signal.SIGKILL)
    scached.end()
    assert scached.path.exists()
    scached.start_here()
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS


def test_a_live_server_is_left_alone(scached: Scached) -> None:
    scached.start_here()
    ended = run("--socket", str(scached.path))
    assert ended.returncode == 1
    assert ended.stderr == f"scached: fatal: {scached.path}: in use by another server\n"
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS


def test_of_many_that_start_at_once_one_remains(scached: Scached) -> None:
    many = [Scached(scached.directory) for _ in range(8)]
    try:
        for each in many:
            each.start_here(ready=False)
        ended = [each for each in many[:7] if each.process is not None]
        scached.wait_for("scached: ready")
        deadline = time.monotonic() + 10
        while sum(each.process.poll() is None for each in many if each.process) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert len(ended) == 7
        assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS
        assert scached.log().count("in use by another server") == 7
    finally:
        for each in many:
            each.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_and_takes_its_socket_along(scached: Scached, number: int) -> None:
    scached.start_here()
    client = scached.client()
    client.find_endp("e")
    scached.signal(number)
    assert scached.end() == 0
    client.ends()
    assert not list(scached.path.parent.iterdir())
    assert "statistics: address lookup hits=0 miss=1 success=0%" in scached.log()


def test_a_socket_of_somebody_else_is_left(scached: Scached) -> None:
    scached.start_here()
    scached.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(scached.path))
        assert scached.stop() == 0
        assert scached.path.exists()


def test_requests_under_way_come_to_their_end(scached: Scached, load: Load) -> None:
    scached.start_here()
    busy, idle = scached.client(), scached.client()
    busy.send(wire.save_endp("e", "p"))
    busy.expect(wire.DUMMY)
    scached.signal(signal.SIGTERM)
    idle.ends()
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        Client(scached.path)
    busy.send(b"\0", [load().fd])
    assert busy.reply() == wire.status(0)
    with pytest.raises(Ended):
        busy.take(1)
    assert scached.end() == 0


def test_who_stalls_does_not_hold_up_the_end(scached: Scached) -> None:
    scached.start_here()
    busy = scached.client()
    busy.send(b"request")
    busy.wait_until_heard()
    began = time.monotonic()
    assert scached.stop() == 0
    assert 4.5 < time.monotonic() - began < 8
    assert "closing the streams of 1 clients with unfinished requests" in scached.log()


def test_a_second_signal_ends_it_at_once(scached: Scached) -> None:
    scached.start_here()
    idle, busy = scached.client(), scached.client()
    busy.send(b"request")
    busy.wait_until_heard()
    began = time.monotonic()
    scached.signal(signal.SIGTERM)
    idle.ends()
    assert scached.stop() == 0
    assert time.monotonic() - began < 4


def test_help_and_version(root: None) -> None:
    told = run("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("scached ")
    told = run("--help")
    assert (told.returncode, told.stderr) == (0, "")
    for word in ("--config", "--socket", "--log-level", "--ready-fd", "--check", "--print-config"):
        assert word in told.stdout


@pytest.mark.parametrize(
    "words",
    [["--nonsense"], ["--log-level", "loud"], ["--log-level", ""], ["--ready-fd", "77"]]
    + [["--socket", ""], ["--config", ""], ["surplus"]],
)
def test_a_command_line_that_is_wrong_ends_with_two(root: None, words: list[str]) -> None:
    told = run(*words)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("scached: ")


def test_a_refused_client_learns_why(tmp_path: pathlib.Path) -> None:
    """In place of a server, which needs a client of another user to refuse."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        # `ping`, and the find and the save of `run`.
        server = threading.Thread(target=deny, args=(listener, 3))
        server.start()
        refused = ctl.run(path, "ping")
        assert (refused.returncode, refused.stderr) == (4, "scachectl: user 1 has no access\n")
        echo = socket.create_server(("127.0.0.1", 0))
        port = echo.getsockname()[1]
        # `run` goes on without the cache, and says why.
        used = ctl.run(path, "run", "--connect", f"127.0.0.1:{port}", "--", "true")
        assert (used.returncode, used.stderr) == (
            0,
            "scachectl: the cache is not used: user 1 has no access\n",
        )
        echo.close()
        server.join()
