"""A server that follows a script: whatever a real one would never say, this one says."""

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
        # What the client sent, until somebody takes it; closed with the stream.
        self.descriptors: list[int] = []

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
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
        """The next bytes are these."""
        assert self.take(len(data)) == data

    def send(self, data: bytes, *descriptors: int) -> None:
        """These bytes, the descriptors on the first."""
        socket.send_fds(self.socket, [data], descriptors)

    def ends(self) -> None:
        """The client closes the stream."""
        assert self.socket.recv(1) == b""

    # How a stream begins.

    def refuse(self) -> None:
        """Greets, and knows Postfix's way only."""
        self.send(wire.GREETING)
        self.expect(ASKS)
        self.send(wire.status(1))

    def accept(self, capabilities: str = CAPABILITIES, version: int = 1) -> None:
        """Greets, and agrees to the direct way."""
        self.send(wire.GREETING)
        self.expect(ASKS)
        pairs = (("status", 0), ("version", version), ("capabilities", capabilities))
        self.send(wire.attributes(*pairs))

    # Frames.

    def frame(self) -> Frame:
        """The client's next frame."""
        head = self.take(4)
        return frames.decode(head + self.take(frames.size(head) - 4))

    def answer(
        self, request: Frame, kind: Kind, *fields: tuple[int, Value], descriptor: int | None = None
    ) -> None:
        """A well-formed answer."""
        data = frames.encode(Frame(kind, request.id, Fields(fields), descriptor is not None))
        self.send(data, *(() if descriptor is None else (descriptor,)))

    def pong(self) -> None:
        """Hears a ping and answers it."""
        request = self.frame()
        assert request.kind == Kind.PING
        self.answer(request, Kind.PONG, (frames.Tag.SERVER, b"fake 1"))

    def close(self) -> None:
        """The stream and what came over it."""
        self.socket.close()
        while self.descriptors:
            os.close(self.descriptors.pop())


Script = Callable[[Peer], None]


class Fake:
    """Listens at `path`; the n-th client meets the n-th script, in a thread of its own."""

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
        """All scripts were followed to their ends."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a script has not ended"
        self.close()
        if self._problems:
            raise self._problems[0]

    def close(self) -> None:
        """Nobody listens any more."""
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
            self._folder.rmdir()
