# SPDX-License-Identifier: Apache-2.0
"""./dev run's show does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from harness import ctl, program

pytestmark = pytest.mark.only("ours")


def test_a_cache_saves_connections() -> None:
    words = [sys.executable, program.REPOSITORY / "tests" / "e2e" / "show_cache.py"]
    options = ["--programs", ctl.path().parent, "--mails", "5"]
    ended = subprocess.run(
        [*words, *options],
        env={**os.environ, **program.under_test().environment},
        text=True,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^TCP connections +5 +1$", ended.stdout, re.MULTILINE)
    assert re.search(r"^saved: 4 connections, ", ended.stdout, re.MULTILINE)
    assert re.search(r"^endpoint_hits +4$", ended.stdout, re.MULTILINE)
