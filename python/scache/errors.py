"""What a call can fail with."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """Why a server refuses a request."""

    # Postfix's way says that a request failed, and not why.
    UNKNOWN = 0
    MALFORMED = 1
    UNSUPPORTED = 2
    FULL = 3
    REFUSED = 4
    TOO_LARGE = 5
    BUSY = 6
    CANCELLED = 7


class Error(Exception):
    """Whatever goes wrong between a client and its server."""

    # Whether the request may have been done all the same. A socket whose save is in doubt may be in
    # the cache, where another process may have found it by now: it has been closed here.
    in_doubt: bool = False


class SystemFailure(Error, OSError):
    """A system call of this process failed; `errno` tells why. EMFILE, ENFILE: no descriptors."""


class ServerMissing(Error, ConnectionError):
    """There is no server, or it has gone amid a request. Known at once, not by a timeout."""


class Timeout(Error, TimeoutError):
    """The server has not answered in time. The next call begins a new stream."""


class Refused(Error):
    """The server has answered with an error; nothing was done, and the stream goes on."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        # A `Code`, or a number that is newer than this client.
        self.code = code
        self.text = text

    def __str__(self) -> str:
        known = self.code in Code.__members__.values()
        name = Code(self.code).name.lower() if known else f"error {self.code}"
        return f"{name}: {self.text}" if self.text else name


class Unsupported(Error):
    """The server, or the way that it is spoken to, cannot do this."""


class ProtocolError(Error):
    """The server has said something that the protocol does not know. The stream is given up."""
