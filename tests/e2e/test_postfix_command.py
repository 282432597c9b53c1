# SPDX-License-Identifier: Apache-2.0
"""scachectl postfix on a private instance: what it shows, changes and undoes."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from harness import ctl, program
from lab import debian, traffic
from lab.at_once import at_once
from lab.instance import Postfix
from lab.sink import Sink

pytestmark = pytest.mark.only("ours")
_STOCK = "master.cf: the server of Postfix"
# postconf(1) warns of a parameter that no program of Postfix knows, at each call.
_UNKNOWN = {"connection_cache_goodbye": "no"}


def run(postfix: Postfix, *words: str, tree: pathlib.Path | None = None) -> str:
    """What the command prints."""
    tree = tree or debian.unpacked()
    done = subprocess.run(
        [ctl.path(), "postfix", *words, "--config-directory", f"{postfix.base}/etc"],
        env={
            **os.environ,
            "PATH": f"{debian.commands(tree)}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": str(debian.libraries(tree)),
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def master_cf(postfix: Postfix) -> str:
    """The file."""
    return (postfix.base / "etc/master.cf").read_text()


def services(postfix: Postfix) -> list[list[str]]:
    """The words of its lines, which postconf(1) arranges in columns."""
    return [line.split() for line in master_cf(postfix).splitlines() if not line.startswith("#")]


@at_once
def test_the_drop_in_is_enabled_and_disabled() -> None:
    with Sink() as sink, Postfix(
        {"d1.test": f"smtp:{sink.target}"}, parameters={**traffic.ALWAYS, **traffic.LONG, **_UNKNOWN}
    ) as postfix:
        before = services(postfix)
        ours = ["--program", str(program.under_test().path)]
        assert _STOCK in run(postfix, "status")
        shown = run(postfix, "enable", *ours)
        assert "postconf -c" in shown
        assert "nothing was changed: repeat with --yes" in shown
        assert services(postfix) == before
        assert "postfix -c" in run(postfix, "enable", *ours, "--yes")
        assert run(postfix, "enable", *ours, "--yes") == "nothing to do\n"
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        status = run(postfix, "status")
        assert "running" in status
        assert f"master.cf: {program.under_test().path}" in status
        assert "private/scache: scache " in status
        run(postfix, "disable", "--yes")
        assert services(postfix) == before
        assert run(postfix, "disable") == "nothing to do\n"
        traffic.one_by_one(postfix, [("another", "d1.test")])
        assert "a server that supports only the Postfix protocol" in run(postfix, "status")


@at_once
@pytest.mark.parametrize("chroot", [False, True])
def test_scached_takes_the_place_and_leaves_it(chroot: bool) -> None:
    with Postfix({}, chroot=chroot, parameters=_UNKNOWN) as postfix:
        before = master_cf(postfix)
        run(postfix, "enable", "--scached", "--yes")
        assert not [words for words in services(postfix) if words[0] == "scache"]
        assert "master.cf: no server" in run(postfix, "status")
        assert run(postfix, "enable", "--scached") == "nothing to do\n"
        run(postfix, "disable", "--yes")
        assert master_cf(postfix) == before


@at_once
def test_a_change_that_postfix_does_not_accept_is_undone() -> None:
    with Postfix({}) as postfix:
        before = master_cf(postfix)
        # A queue directory that does not exist is fatal for "postfix check".
        etc = postfix.base / "etc/main.cf"
        good = etc.read_text()
        etc.write_text(good.replace(f"{postfix.base}/queue", f"{postfix.base}/nowhere"))
        with pytest.raises(AssertionError, match="is what it was"):
            run(postfix, "enable", "--scached", "--yes")
        etc.write_text(good)
        assert master_cf(postfix) == before
