# SPDX-License-Identifier: Apache-2.0
"""An HTTP server of raw bytes. Without a script for a path, the answer is the path."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence

from harness.waiting import PATIENCE

# In a script: wait for the test before the rest; close the connection.
LATER, END = object(), object()
Script = Sequence[object]


class Talker:
    """Serves each connection by a thread that reads complete requests and answers."""

    def __init__(self, scripts: Mapping[str, Script] = {}) -> None:  # noqa: B006
        self.scripts = dict(scripts)
        self.connections = 0
        self.requests: list[str] = []
        self.later = threading.Event()
        # Whether a script has ended.
        self.is_done = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listener.accept()[0]
                self.connections += 1
                self._open.append(sock)
                self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as reader, contextlib.suppress(OSError, IndexError):
            while line := reader.readline():
                length = 0
                while (field := reader.readline()).strip():
                    name, _, value = field.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                path = line.split()[1].decode()
                self.requests.append(path)
                script = self.scripts.get(path)
                if script is None:
                    reader.read(length)
                    text = path.encode()
                    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
                    sock.sendall(head + (b"" if line.startswith(b"HEAD") else text))
                elif not self._follow(script, sock):
                    return

    def _follow(self, script: Script, sock: socket.socket) -> bool:
        for step in script:
            if step is END:
                sock.shutdown(socket.SHUT_RDWR)
                self.is_done = True
                return False
            if step is LATER:
                assert self.later.wait(PATIENCE)
            else:
                assert isinstance(step, bytes)
                sock.sendall(step)
        self.is_done = True
        return True

    def now(self) -> int:
        """How many connections are open."""
        return sum(sock.fileno() >= 0 for sock in self._open)

    def close(self) -> None:
        """Ends all connections."""
        self.later.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(PATIENCE)
