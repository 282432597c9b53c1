# SPDX-License-Identifier: Apache-2.0
"""The errors of the client."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """The reason for which a server refuses a request."""

    # The Postfix protocol gives no reason.
    UNKNOWN = 0
    MALFORMED = 1
    UNSUPPORTED = 2
    FULL = 3
    REFUSED = 4
    TOO_LARGE = 5
    BUSY = 6
    CANCELLED = 7
    DENIED = 8


class Error(Exception):
    """The base class of all errors."""

    # Whether the server may have executed the request. After a save in doubt another process may
    # have the connection, so the client has closed the socket.
    in_doubt: bool = False


class SystemFailure(Error, OSError):
    """A system call failed with `errno`. EMFILE and ENFILE: no descriptor is free."""


class ServerMissing(Error, ConnectionError):
    """There is no server, or it closed the stream during a request."""


class Timeout(Error, TimeoutError):
    """The server did not answer in time. The next call opens a new stream."""


class Refused(Error):
    """The server returned an error and did not execute the request.

    Code.DENIED: this user has no access to the cache.
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        # A `Code`, or a number that this client does not know.
        self.code = code
        self.text = text

    def __str__(self) -> str:
        known = self.code in Code.__members__.values()
        name = Code(self.code).name.lower() if known else f"error {self.code}"
        return f"{name}: {self.text}" if self.text else name


class Unsupported(Error):
    """The server, or the protocol in use, does not support the request."""


class ProtocolError(Error):
    """The server violated the protocol. The client has closed the stream."""
