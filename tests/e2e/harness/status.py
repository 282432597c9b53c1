# SPDX-License-Identifier: Apache-2.0
"""The master's end of the status channel: TAKEN and AVAIL messages."""

from __future__ import annotations

import socket
import struct

from harness.collector import Collector
from harness.waiting import PATIENCE, until

_MESSAGE = struct.Struct("=iIi")
TAKEN = 0
AVAIL = 1


class StatusChannel:
    """Both ends of the channel: the server inherits one, the other is the master's."""

    def __init__(self) -> None:
        master, self.for_server = socket.socketpair()
        self._collector = Collector(master)

    def messages(self) -> list[tuple[int, int, int]]:
        """(pid, generation, status) of each message so far; nothing else is ever sent."""
        data = b"".join(piece for _, piece in self._collector.received())
        assert len(data) % _MESSAGE.size == 0, f"no whole messages: {data!r}"
        return [_MESSAGE.unpack_from(data, at) for at in range(0, len(data), _MESSAGE.size)]

    def statuses(self) -> list[int]:
        """Just TAKEN or AVAIL of each."""
        return [status for _, _, status in self.messages()]

    def wait_for(self, count: int, patience: float = PATIENCE) -> list[int]:
        """The statuses, once there are that many."""
        until(lambda: len(self.statuses()) >= count, f"{count} status messages", patience)
        return self.statuses()

    def hang_up(self) -> None:
        """What the server sees when the master dies or reloads."""
        self._collector.close()
