# SPDX-License-Identifier: Apache-2.0
"""scached in difficult environments: directories, sandboxes, closed descriptors, namespaces."""

from __future__ import annotations

import os
import pathlib
import platform
import signal
import socket
import stat
import subprocess

import pytest

from harness import program, sandbox, wire
from harness.scached import SOMEBODY, Scached
from harness.waiting import until

pytestmark = pytest.mark.only("ours")

# System call numbers. prlimit64(2) sets a limit by its third argument; clone3(2) is the same
# everywhere.
_PRLIMIT = {"x86_64": 302, "aarch64": 261}.get(platform.machine())
_CLONE3 = 435


def is_served(scached: Scached) -> bool:
    """Whether the server serves a new client."""
    return scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS


def is_listening(path: pathlib.Path) -> bool:
    """Whether a server accepts connections. The file exists before listen(2)."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


# The file of the socket.


def test_a_socket_that_is_removed_is_made_anew(scached: Scached) -> None:
    scached.start_here()
    before = scached.client()
    scached.path.unlink()
    until(lambda: is_listening(scached.path), "the socket is there again")
    scached.wait_for(f"warning: {scached.path}: the socket is gone: creating it again")
    assert stat.S_IMODE(scached.path.stat().st_mode) == 0o600
    assert is_served(scached)
    assert before.find_endp("e").reply == wire.FIND_ENDP_MISS
    assert scached.stop() == 0
    assert not list(scached.path.parent.iterdir())


def test_a_directory_that_is_moved_is_made_anew_at_a_reload(scached: Scached) -> None:
    scached.start_here()
    scached.path.parent.rename(scached.directory / "moved")
    scached.signal(signal.SIGHUP)
    until(lambda: is_listening(scached.path), "the socket is there again")
    assert is_served(scached)
    assert scached.stop() == 0


def test_a_server_whose_place_is_taken_ends(scached: Scached) -> None:
    scached.start_here()
    scached.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(scached.path))
        other.listen()
        scached.signal(signal.SIGHUP)
        assert scached.end() == 1
        assert f"fatal: {scached.path}: in use by another server" in scached.log()
        assert scached.path.exists()


# Root in other users' directories.


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_root_makes_no_socket_in_somebody_elses_directory(scached: Scached, mode: int) -> None:
    theirs = scached.path.parent
    theirs.mkdir()
    theirs.chmod(mode)
    os.chown(theirs, SOMEBODY, SOMEBODY)
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert f"directory {theirs} belongs to user {SOMEBODY}" in scached.log()
    assert not list(theirs.iterdir())


def test_root_makes_no_socket_where_others_write(scached: Scached) -> None:
    shared = scached.path.parent
    shared.mkdir()
    shared.chmod(0o777)
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert f"directory {shared} is writable by other users (mode 0777)" in scached.log()
    shared.chmod(0o1777)
    scached.start_here()
    assert is_served(scached)


# A file that only root can read, which another user tries to reach.
def test_root_changes_no_file_that_a_link_leads_to(scached: Scached) -> None:
    shared = scached.path.parent
    shared.mkdir()
    shared.chmod(0o1777)
    secret = scached.directory / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    scached.path.symlink_to(secret)
    os.chown(scached.path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    scached.configure(f"[socket]\nmode = '0666'\nowner = {SOMEBODY}\n")
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert "exists and is not a socket" in scached.log()
    assert (stat.S_IMODE(secret.stat().st_mode), secret.stat().st_uid) == (0o600, 0)


# Optional system features.


@pytest.mark.skipif(_PRLIMIT is None, reason="the call's number is not known here")
def test_a_limit_that_cannot_be_raised_is_a_warning(scached: Scached) -> None:
    filtered = ["/usr/bin/python3", sandbox.__file__, str(_PRLIMIT), "2", "--"]
    scached.start_here(
        wrapper=["sh", "-c", 'ulimit -Sn 512; exec "$@"', "sh", *filtered],
        environment=program.sanitizer_leaves("disable_coredump"),
    )
    assert is_served(scached)
    scached.wait_for("warning: the limit of open files stays at 512")
    assert scached.stop() == 0


def test_without_threads_it_serves(scached: Scached) -> None:
    scached.start_here(wrapper=["/usr/bin/python3", sandbox.__file__, str(_CLONE3), "-", "--"])
    assert is_served(scached)
    assert scached.stop() == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_are_nobodys(scached: Scached, closed: str) -> None:
    scached.start_here(wrapper=["sh", "-c", f'exec "$@" {closed}', "sh"])
    assert is_served(scached)
    assert scached.process is not None
    links = [os.readlink(f"/proc/{scached.process.pid}/fd/{number}") for number in range(3)]
    assert sum(link.startswith("socket:") for link in links) >= closed.count("&-")
    assert scached.stop() == 0


# Configurations that are not regular files.


def test_a_fifo_as_configuration_does_not_stop_it(scached: Scached) -> None:
    scached.configure("[ttl]\ndefault = '5s'\n")
    scached.start_here()
    scached.configuration.unlink()
    os.mkfifo(scached.configuration)
    scached.reload()
    assert f"error: {scached.configuration}: not a regular file" in scached.log()
    assert is_served(scached)


# User namespaces.

_WHO_ANSWERS = (
    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
    "sys.stdout.buffer.write(s.recv(1000))"
)


def test_nobody_is_taken_for_its_own_user_where_users_have_no_number(
    scached: Scached, tmp_path: pathlib.Path
) -> None:
    probe = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("the system forbids user namespaces")
    scached.configure("[socket]\nmode = '0666'\n")
    scached.directory.chmod(0o755)
    scached.start_here(wrapper=["unshare", "--user"])
    scached.path.parent.chmod(0o755)
    assert scached.stranger() == wire.denial(SOMEBODY)
    scached.wait_for(f"warning: user {SOMEBODY} has no access: this user namespace")
    assert scached.stop() == 0
