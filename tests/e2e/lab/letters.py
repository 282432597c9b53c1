# SPDX-License-Identifier: Apache-2.0
"""Putting mail into a private instance."""

from __future__ import annotations

import pathlib
import smtplib
import socket
from collections.abc import Iterable


class _OverUnix(smtplib.SMTP):
    """An SMTP client on a UNIX socket."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        super().__init__("inlet", timeout=60)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(timeout)
        stream.connect(str(self._path))
        return stream


def send(inlet: pathlib.Path, letters: Iterable[tuple[str, str]], size: int = 200) -> None:
    """Hand in a letter for each pair of an id and a domain, in this order.

    The id becomes the Message-ID, by which the mail server at the other end tells letters apart.
    The sender is the empty one: what cannot be delivered causes no further mail.
    """
    body = "x" * 60 + "\r\n"
    client = _OverUnix(inlet)
    try:
        for name, domain in letters:
            client.sendmail(
                "",
                [f"someone@{domain}"],
                f"From: e2e@e2e.test\r\nTo: someone@{domain}\r\nSubject: {name}\r\n"
                f"Message-ID: <{name}@e2e.test>\r\n\r\n" + body * (size // len(body) + 1),
            )
        client.quit()
    finally:
        # Without a word when something went wrong: what did is worth more than a polite end.
        client.close()
