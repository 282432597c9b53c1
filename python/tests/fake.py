# SPDX-License-Identifier: Apache-2.0
"""A server that follows a script, for replies that a real server does not send."""

from __future__ import annotations

import array
import contextlib
import os
import pathlib
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence

from harness import wire
from harness.waiting import PATIENCE
from scache import frames
from scache.frames import Fields, Frame, Kind, Value

CAPABILITIES = "save find bind drop list statistics ping cancel"
ASKS = wire.attributes(("request", "direct"), ("version", 1))


class Peer:
    """The server's end of one client's stream."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(PATIENCE)
        # Descriptors that the client sent; closed with the stream unless a test takes them.
        self.descriptors: list[int] = []

    def take(self, count: int) -> bytes:
        """Receives exactly this number of bytes."""
        data = b""
        while len(data) < count:
            room = socket.CMSG_SPACE(16)
            more, control, _, _ = self.socket.recvmsg(count - len(data), room)
            for _, _, numbers in control:
                self.descriptors.extend(array.array("i", numbers))
            assert more, f"the client has gone after {data!r}"
            data += more
        return data

    def expect(self, data: bytes) -> None:
        """Checks that the next bytes are these."""
        assert self.take(len(data)) == data

    def send(self, data: bytes, *descriptors: int) -> None:
        """Sends bytes, with the descriptors on the first."""
        socket.send_fds(self.socket, [data], descriptors)

    def ends(self) -> None:
        """Checks that the client closes the stream."""
        assert self.socket.recv(1) == b""

    # The handshake.

    def refuse(self) -> None:
        """Greets, and supports only the Postfix protocol."""
        self.send(wire.GREETING)
        self.expect(ASKS)
        self.send(wire.status(1))

    def accept(self, capabilities: str = CAPABILITIES, version: int = 1) -> None:
        """Greets, and accepts the direct protocol."""
        self.send(wire.GREETING)
        self.expect(ASKS)
        pairs = (("status", 0), ("version", version), ("capabilities", capabilities))
        self.send(wire.attributes(*pairs))

    # Frames.

    def frame(self) -> Frame:
        """Receives the client's next frame."""
        head = self.take(4)
        return frames.decode(head + self.take(frames.size(head) - 4))

    def answer(
        self, request: Frame, kind: Kind, *fields: tuple[int, Value], descriptor: int | None = None
    ) -> None:
        """Sends a valid answer."""
        data = frames.encode(Frame(kind, request.id, Fields(fields), descriptor is not None))
        self.send(data, *(() if descriptor is None else (descriptor,)))

    def pong(self) -> None:
        """Receives a ping and answers it."""
        request = self.frame()
        assert request.kind == Kind.PING
        self.answer(request, Kind.PONG, (frames.Tag.SERVER, b"fake 1"))

    def close(self) -> None:
        """Closes the stream and the descriptors that it received."""
        self.socket.close()
        while self.descriptors:
            os.close(self.descriptors.pop())


Script = Callable[[Peer], None]


class Fake:
    """Listens at `path`; the n-th client gets the n-th script, in its own thread."""

    def __init__(self, scripts: Sequence[Script], backlog: int = 8) -> None:
        self._scripts = list(scripts)
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="scache-fake-"))
        self.path = self._folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(backlog)
        self._listener.settimeout(PATIENCE)
        self._threads: list[threading.Thread] = []
        self._problems: list[BaseException] = []
        self._run(self._accept)

    def _run(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException as problem:
                self._problems.append(problem)

        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        for script in self._scripts:
            peer = Peer(self._listener.accept()[0])
            self._run(lambda peer=peer, script=script: self._follow(script, peer))  # type: ignore

    def _follow(self, script: Script, peer: Peer) -> None:
        with contextlib.closing(peer):
            script(peer)

    def finish(self) -> None:
        """Checks that all scripts have ended."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a script has not ended"
        self.close()
        if self._problems:
            raise self._problems[0]

    def close(self) -> None:
        """Closes the listener."""
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
            self._folder.rmdir()
