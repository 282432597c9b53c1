# SPDX-License-Identifier: Apache-2.0
"""A scratch queue directory and configuration for one server."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Mapping

# Accounts that every Debian has; the machine's own mail system, if any, uses others.
MAIL_OWNER = "proxy"
SETGID_GROUP = "operator"


class Scratch:
    """Directories as Postfix lays them out, gone after close()."""

    def __init__(self, main_cf: Mapping[str, str | None] | str | None = None) -> None:
        # Not pytest's directory: the server must reach it as mail_owner, and a socket's path is
        # at most 107 bytes.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="scache-e2e-"))
        self.root.chmod(0o755)
        self.queue = self.root / "spool"
        self.config = self.root / "etc"
        self.data = self.root / "data"
        for folder in (self.queue, self.config, self.data):
            folder.mkdir()
        for name in ("private", "public", "pid"):
            (self.queue / name).mkdir()
        self.socket = self.queue / "private" / "scache"
        self.postlog = self.queue / "public" / "postlog"
        self.errors = self.root / "stderr"
        text = main_cf if isinstance(main_cf, str) else self._main_cf(main_cf or {})
        path = self.config / "main.cf"
        path.write_text(text)
        # Postfix reads a file that was just changed again and again until it is some seconds old.
        os.utime(path, (time.time() - 100,) * 2)

    def _main_cf(self, changes: Mapping[str, str | None]) -> str:
        settings: dict[str, str | None] = {
            "compatibility_level": "3.6",
            "queue_directory": str(self.queue),
            "data_directory": str(self.data),
            "mail_owner": MAIL_OWNER,
            "setgid_group": SETGID_GROUP,
            "myhostname": "e2e.test",
            "syslog_name": "e2e",
            "maillog_file_prefixes": str(self.root),
            "maillog_file": f"{self.root}/maillog",
            # Its default is 2s: nothing would stay while a test looks at it.
            "connection_cache_ttl_limit": "1000s",
            # Most tests look for the moment at which a connection is closed;
            # test_blackbox_goodbye.py has this on, which is the default.
            "connection_cache_goodbye": "no",
            **changes,
        }
        lines = [f"{name} = {text}\n" for name, text in settings.items() if text is not None]
        return "".join(lines)

    def close(self) -> None:
        """Removes everything."""
        shutil.rmtree(self.root, ignore_errors=True)
