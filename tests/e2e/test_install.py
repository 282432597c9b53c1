# SPDX-License-Identifier: Apache-2.0
"""Installing: everything lies below the prefix, wherever that is; the user's file stays."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from harness import program

pytestmark = pytest.mark.only("ours")


def install(prefix: pathlib.Path, destination: pathlib.Path | None = None) -> set[str]:
    """Installs all of it; the files, as they are told."""
    build = program.under_test().path.parent.parent
    staged = {} if destination is None else {"DESTDIR": str(destination)}
    done = subprocess.run(
        ["cmake", "--install", build, "--prefix", prefix],
        env={**os.environ, **staged},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {
        line.partition(": ")[2]
        for line in done.stdout.splitlines()
        if line.startswith(("-- Installing: ", "-- Up-to-date: "))
    }


def test_everything_lies_below_the_prefix(tmp_path: pathlib.Path) -> None:
    installed = install(tmp_path)
    for name in ("bin/scachectl", "sbin/scached", "share/man/man3/libscache.3"):
        assert f"{tmp_path}/{name}" in installed
    assert [name for name in installed if not name.startswith(f"{tmp_path}/")] == []
    unit = (tmp_path / "lib" / "systemd" / "system" / "scached.service").read_text()
    (command,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    words = command.removeprefix("ExecStart=").split()
    assert words[1] == "--config"
    assert subprocess.run([words[0], "--check", *words[1:]], check=False).returncode == 0


def test_a_configuration_that_is_there_stays(tmp_path: pathlib.Path) -> None:
    place = tmp_path / "etc" / "scache" / "scached.toml"
    assert str(place) in install(tmp_path)
    place.write_text("# mine\n")
    assert str(place) not in install(tmp_path)
    assert place.read_text() == "# mine\n"


def test_packages_are_made_in_a_directory_of_their_own(tmp_path: pathlib.Path) -> None:
    install(pathlib.Path("/usr"), tmp_path)
    assert (tmp_path / "etc" / "scache" / "scached.toml").exists()
    unit = (tmp_path / "usr" / "lib" / "systemd" / "system" / "scached.service").read_text()
    assert "ExecStart=/usr/sbin/scached --config /etc/scache/scached.toml\n" in unit
