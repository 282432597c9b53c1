# SPDX-License-Identifier: Apache-2.0
"""A mail server that takes everything, throws it away and counts.

It speaks SMTP or LMTP, if wanted with TLS, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import re
import ssl
import threading
import time
from collections.abc import Callable, Coroutine

from harness.waiting import PATIENCE, GaveUp, until

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>]+)@", re.IGNORECASE | re.MULTILINE)
_LIMIT = 1 << 20


@dataclasses.dataclass
class Session:
    """One TCP connection and what came over it."""

    peer_port: int
    began: float
    messages: list[str] = dataclasses.field(default_factory=list)
    last_message: float = 0.0
    ended: float = 0.0
    # "quit", "eof", "reset", "idle" (ended by this server), or "" while it lasts.
    end: str = ""
    tls: bool = False


@dataclasses.dataclass(frozen=True)
class Manner:
    """How a sink behaves; delays in seconds."""

    lmtp: bool = False
    greeting_delay: float = 0.0
    message_delay: float = 0.0
    # Says goodbye to a client that has been silent this long after a message.
    idle_limit: float | None = None
    tls: ssl.SSLContext | None = None


class Sink:
    """One listening mail server; a context manager."""

    def __init__(self, address: str = "127.0.0.1", manner: Manner | None = None, port: int = 0):
        self.address = address
        self.port = port
        self.sessions: list[Session] = []
        self._manner = manner or Manner()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()

    def __enter__(self) -> Sink:
        self._thread.start()
        try:
            self._call(self._listen())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more, and drop every client."""
        if self._loop.is_closed():
            return
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def target(self) -> str:
        """The next hop that leads here."""
        return f"[{self.address}]:{self.port}"

    @property
    def messages(self) -> list[str]:
        """The ids of all messages taken, in no particular order."""
        return [name for session in list(self.sessions) for name in list(session.messages)]

    def twice(self) -> list[str]:
        """The ids of messages that came more than once."""
        return [name for name, count in collections.Counter(self.messages).items() if count > 1]

    def ends(self) -> collections.Counter[str]:
        """How many sessions ended in which way."""
        return collections.Counter(session.end for session in list(self.sessions))

    def wait_messages(self, count: int, seconds: float = PATIENCE) -> None:
        """Return when at least so many different messages have come."""
        self._wait(lambda: len(set(self.messages)) >= count, f"{count} messages", seconds)

    def wait_sessions(self, count: int, seconds: float = PATIENCE) -> None:
        """Return when at least so many clients have connected."""
        self._wait(lambda: len(self.sessions) >= count, f"{count} sessions", seconds)

    def wait_all_ended(self, seconds: float = PATIENCE) -> None:
        """Return when no session lasts any more."""
        self._wait(lambda: not self.ends()[""], "the end of all sessions", seconds)

    def hold(self) -> None:
        """Greet nobody and begin no message from now on: whoever comes has to wait."""
        self._call(self._gate(False))

    def release(self) -> None:
        """Go on, with everybody who waits."""
        self._call(self._gate(True))

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        try:
            until(condition, f"{what} at the mail server", seconds)
        except GaveUp as problem:
            seen = f"{len(set(self.messages))} messages, sessions by end: {dict(self.ends())}"
            raise GaveUp(f"{problem}; there are {seen}") from None

    def _call(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _gate(self, is_open: bool) -> None:
        if is_open:
            self._open.set()
        else:
            self._open.clear()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self.address, self.port, limit=_LIMIT, backlog=1000
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(writer.get_extra_info("peername")[1], time.monotonic())
        self.sessions.append(session)
        end = "reset"
        try:
            end = await self._talk(session, reader, writer)
        except (ConnectionError, EOFError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            session.ended = time.monotonic()
            session.end = end
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _talk(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str:
        await self._open.wait()
        await asyncio.sleep(self._manner.greeting_delay)
        recipients = 0
        writer.write(b"220 sink.test ready\r\n")
        while True:
            try:
                limit = self._manner.idle_limit if session.messages else None
                line = await asyncio.wait_for(reader.readline(), limit)
            except asyncio.TimeoutError:
                writer.write(b"421 sink.test too long idle\r\n")
                return "idle"
            if not line:
                return "eof"
            verb = line.strip().upper()
            if verb.startswith((b"EHLO", b"LHLO")):
                writer.write(self._features(session))
            elif verb == b"STARTTLS" and self._manner.tls is not None:
                writer.write(b"220 go ahead\r\n")
                await writer.start_tls(self._manner.tls)
                session.tls = True
            elif verb == b"DATA":
                writer.write(b"354 go ahead\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self._manner.message_delay)
                found = _MESSAGE_ID.search(content)
                session.messages.append(found[1].decode() if found else "without an id")
                session.last_message = time.monotonic()
                # LMTP answers once for each recipient.
                writer.write(b"250 taken\r\n" * (recipients if self._manner.lmtp else 1))
                recipients = 0
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return "quit"
            else:
                if verb.startswith(b"RCPT"):
                    recipients += 1
                elif verb.startswith((b"MAIL", b"RSET")):
                    await self._open.wait()
                    recipients = 0
                writer.write(b"250 fine\r\n")

    def _features(self, session: Session) -> bytes:
        names = ["sink.test", "PIPELINING", "8BITMIME", "SIZE 10485760"]
        if self._manner.tls is not None and not session.tls:
            names.append("STARTTLS")
        lines = [f"250-{name}\r\n" for name in names[:-1]] + [f"250 {names[-1]}\r\n"]
        return "".join(lines).encode()
