# SPDX-License-Identifier: Apache-2.0
"""The mail log, as postlogd(8) would see it: one datagram for each line."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import re
import socket

from harness.collector import Collector
from harness.waiting import PATIENCE

_LINE = re.compile(r"(\w{3} [ \d]\d \d\d:\d\d:\d\d) (\S+) ([^\s\[]+)\[(\d+)\]: (.*)", re.DOTALL)

# How long a line of a burst may be behind, in seconds.
LATE = 1.0

_MARK = b"mark "


@dataclasses.dataclass(frozen=True)
class Line:
    """One line, taken apart."""

    raw: str
    seen: float
    stamp: str
    host: str
    tag: str
    pid: int
    text: str


def take_apart(raw: bytes, seen: float) -> Line:
    """Splits a line; an AssertionError when it is not of the log's form."""
    text = raw.decode("latin-1")
    match = _LINE.fullmatch(text)
    assert match, f"not a line of the mail log: {text!r}"
    stamp, host, tag, pid, rest = match.groups()
    return Line(text, seen, stamp, host, tag, int(pid), rest)


class MailLog:
    """Collects the lines and hands them out in order; what nobody asked for stays visible."""

    def __init__(self, path: pathlib.Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._collector = Collector(self._socket, _MARK)
        self._path = path
        self._taken = 0
        self._marks = 0
        self._closed = False

    def next_line(self, patience: float = PATIENCE) -> Line:
        """The next line nobody has taken yet."""
        assert self._collector.wait_for(self._taken + 1, patience), "the log line does not come"
        seen, raw = self._collector.received()[self._taken]
        self._taken += 1
        return take_apart(raw, seen)

    def expect(self, *texts: str, patience: float = PATIENCE) -> None:
        """The next lines are these, byte for byte after the tag."""
        for text in texts:
            line = self.next_line(patience)
            assert line.text == text

    def expect_one_of(self, beginning: str, ends: list[str]) -> None:
        """The next line begins so, and ends in one of these ways."""
        assert self.next_line().text in [beginning + end for end in ends]

    def _received(self) -> list[tuple[float, bytes]]:
        """All lines sent so far: a mark that is sent after them has been read.

        Where there are more than the socket holds, ours wait in the server: then marks are sent
        until no line comes before one.
        """
        before = -1
        while before != len(received := self._marked()):
            before = len(received)
        return received

    def _marked(self) -> list[tuple[float, bytes]]:
        """What was received before a mark."""
        self._marks += 1
        mark = _MARK + str(self._marks).encode()
        if not self._closed:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(mark, str(self._path))
            assert self._collector.wait_for_mark(mark, PATIENCE), "the log is not read"
        return self._collector.received()

    def rest(self, at_least: int = 0) -> list[str]:
        """The texts that nobody has taken yet; they count as taken now.

        Of a burst, the last lines may come after a mark: so many are waited for, a little.
        """
        self._collector.wait_for(self._taken + at_least, LATE)
        lines = self._received()[self._taken :]
        self._taken += len(lines)
        return [take_apart(raw, seen).text for seen, raw in lines]

    def lines(self) -> list[Line]:
        """All lines, taken or not."""
        return [take_apart(raw, seen) for seen, raw in self._received()]

    def quiet(self, seconds: float) -> bool:
        """Whether no further line comes in that time."""
        return not self._collector.wait_for(self._taken + 1, seconds)

    def close(self) -> None:
        """Nothing more is collected."""
        self._closed = True
        self._collector.close()


def stamp_is_about(stamp: str, moment: float, slack: float = 3.0) -> bool:
    """Whether a log's time, which has no year, is that moment in local time."""
    for offset in range(-int(slack), int(slack) + 1):
        local = datetime.datetime.fromtimestamp(moment + offset)
        if stamp == f"{local:%b %d %H:%M:%S}":
            return True
    return False
