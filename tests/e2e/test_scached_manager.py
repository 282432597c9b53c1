# SPDX-License-Identifier: Apache-2.0
"""scached under a service manager: socket activation, readiness, the watchdog."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from harness import program, wire
from harness.scached import Manager, Scached

pytestmark = pytest.mark.only("ours")
PACKAGING = program.REPOSITORY / "packaging"


@pytest.fixture
def manager(scached: Scached) -> Iterator[Manager]:
    """A service manager that listens at a path."""
    made = Manager(str(scached.directory / "notify"))
    yield made
    made.socket.close()


def test_tells_what_it_does(scached: Scached, manager: Manager) -> None:
    scached.configure("")
    scached.start_here(environment={"NOTIFY_SOCKET": str(scached.directory / "notify")})
    assert manager.told() == "READY=1"
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    scached.signal(signal.SIGHUP)
    told = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.told())
    assert told
    assert before <= int(told[1]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert manager.told() == "READY=1"
    # Also after an invalid configuration.
    scached.configure("nonsense")
    scached.signal(signal.SIGHUP)
    assert manager.told().startswith("RELOADING=1")
    assert manager.told() == "READY=1"
    assert scached.stop() == 0
    assert manager.told() == "STOPPING=1"


def test_tells_it_in_the_abstract_namespace(scached: Scached) -> None:
    name = f"scached-{os.getpid()}"
    manager = Manager(b"\0" + name.encode())
    scached.start_here(environment={"NOTIFY_SOCKET": f"@{name}"})
    assert manager.told() == "READY=1"
    manager.socket.close()


def test_pats_the_watchdog(scached: Scached, manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": str(scached.directory / "notify"), "WATCHDOG_USEC": "200000"}
    scached.start_here(environment=environment)
    assert manager.told() == "READY=1"
    times = []
    for _ in range(3):
        assert manager.told() == "WATCHDOG=1"
        times.append(time.monotonic())
    assert times[2] - times[0] >= 0.19


def test_leaves_the_watchdog_of_another_process_alone(scached: Scached, manager: Manager) -> None:
    environment = {
        "NOTIFY_SOCKET": str(scached.directory / "notify"),
        "WATCHDOG_USEC": "20000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    scached.start_here(environment=environment)
    assert manager.told() == "READY=1"
    manager.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        manager.told()


def test_takes_a_socket_that_is_passed(scached: Scached) -> None:
    activate = shutil.which("systemd-socket-activate")
    assert activate, "Debian's package systemd has it"
    scached.path.parent.mkdir()
    scached.start(wrapper=[activate, "--listen", str(scached.path)], ready=False)
    scached.wait_for("Listening on")
    client = scached.client()
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    assert scached.stop() == 0
    # The socket belongs to the manager.
    assert scached.path.exists()


def test_who_comes_between_two_servers_waits(scached: Scached) -> None:
    """The passed socket outlives a server: clients connect to the next server."""
    scached.path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(scached.path))
        listening.listen(10)
        words = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3);"
            "os.environ['LISTEN_PID'] = str(os.getpid());"
            "os.execv(sys.argv[2], sys.argv[2:])"
        )
        wrapper = ["/usr/bin/python3", "-c", words, str(listening.fileno())]
        more = {"environment": {"LISTEN_FDS": "1"}, "wrapper": wrapper, "ready": False}
        scached.start(pass_fds=[listening.fileno(), 3], **more)  # type: ignore[arg-type]
        scached.client()
        assert scached.stop() == 0
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(scached.path))
            scached.start(pass_fds=[listening.fileno(), 3], **more)  # type: ignore[arg-type]
            waiting.settimeout(15)
            assert waiting.recv(1000) == wire.GREETING


def test_its_units_are_sound(scached: Scached) -> None:
    """Verifies the units with a program at the expected path."""
    verify = shutil.which("systemd-analyze")
    assert verify, "Debian's package systemd has it"
    for name in ("scached.service.in", "scached.socket"):
        text = (PACKAGING / name).read_text()
        text = text.replace("@CMAKE_INSTALL_FULL_SBINDIR@/scached", "/bin/true")
        text = text.replace("@CMAKE_INSTALL_FULL_SYSCONFDIR@", "/etc")
        text = text.replace("User=scache", "User=root").replace("Group=scache", "Group=root")
        (scached.directory / name.removesuffix(".in")).write_text(text)
    ended = subprocess.run(
        [verify, "verify", "--man=no", str(scached.directory / "scached.service"),
         str(scached.directory / "scached.socket")],
        capture_output=True, text=True, check=False, timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
