# SPDX-License-Identifier: Apache-2.0
"""A mail server that is far away: every reply leaves so many milliseconds later.

receiver.py ADDRESS[,ADDRESS...] PORT MILLISECONDS MESSAGES

Greets nobody until a line comes on standard input. Writes "listening", and when so many messages
have come their number and that of the sessions.
"""

from __future__ import annotations

import asyncio
import sys

_FEATURES = b"250-far.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
_END = b"\r\n.\r\n"


class Receiver:
    """The state that all sessions share."""

    def __init__(self, delay: float, wanted: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.delay = delay
        self.wanted = wanted
        self.open = False
        self.waiting: list[Session] = []
        self.sessions = 0
        self.messages = 0

    def release(self) -> None:
        """Starts to greet clients."""
        self.loop.remove_reader(sys.stdin.fileno())
        self.open = True
        for session in self.waiting:
            session.greet()

    def took(self) -> None:
        """Counts a message."""
        self.messages += 1
        if self.messages == self.wanted:
            print(self.messages, self.sessions, flush=True)


class Session(asyncio.Protocol):
    """A session with one client. Sends each reply after the delay; pipelined replies together."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._input = b""
        self._in_content = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._receiver.sessions += 1
        if self._receiver.open:
            self.greet()
        else:
            self._receiver.waiting.append(self)

    def greet(self) -> None:
        """Delays the greeting by the round trips of the connection and of the greeting."""
        self._reply(b"220 far.test ready\r\n", 2)

    def data_received(self, data: bytes) -> None:
        self._input += data
        while True:
            end = _END if self._in_content else b"\r\n"
            line, found, rest = self._input.partition(end)
            if not found:
                return
            self._input = rest
            if self._in_content:
                self._in_content = False
                self._receiver.took()
                self._reply(b"250 taken\r\n")
            else:
                self._command(line[:4].upper())

    def _command(self, verb: bytes) -> None:
        self._in_content = verb == b"DATA"
        replies = {b"EHLO": _FEATURES, b"DATA": b"354 go ahead\r\n", b"QUIT": b"221 bye\r\n"}
        self._reply(replies.get(verb, b"250 fine\r\n"))
        if verb == b"QUIT":
            self._receiver.loop.call_later(self._receiver.delay, self._close)

    def _reply(self, text: bytes, round_trips: int = 1) -> None:
        assert self._transport
        delay = self._receiver.delay * round_trips
        self._receiver.loop.call_later(delay, self._transport.write, text)

    def _close(self) -> None:
        assert self._transport
        self._transport.close()


async def main() -> None:
    """Listens until the process is terminated."""
    addresses, port, milliseconds, wanted = sys.argv[1:]
    receiver = Receiver(int(milliseconds) / 1000, int(wanted))
    for address in addresses.split(","):
        await receiver.loop.create_server(
            lambda: Session(receiver), address, int(port), backlog=1000
        )
    receiver.loop.add_reader(sys.stdin.fileno(), receiver.release)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
