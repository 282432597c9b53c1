# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that counts its connections; the path selects the reply."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from typing import Any

from harness.waiting import PATIENCE


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Web

    def log_message(self, format: str, *arguments: Any) -> None:
        """Suppresses the log."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        name, _, argument = self.path[1:].partition("/")
        getattr(self, f"_{name}", self._plain)(argument, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = _answer

    def _plain(self, argument: str, body: bytes) -> None:
        """The body, or the connection's peer; an argument is a header."""
        text = body or b"%d" % self.client_address[1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        if argument:
            name, _, value = argument.partition("=")
            self.send_header(name, value.replace("%20", " "))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _meet(self, argument: str, body: bytes) -> None:
        """The same, once the expected number of requests has arrived."""
        self.server.meeting.wait(PATIENCE)
        self._plain("", body)

    def _chunks(self, argument: str, body: bytes) -> None:
        """A body in chunks, with a trailer."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n")

    def _status(self, argument: str, body: bytes) -> None:
        """A status without a body."""
        self.send_response(int(argument))
        self.end_headers()

    def _more(self, argument: str, body: bytes) -> None:
        """A reply with more bytes than its length."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")

    def _old(self, argument: str, body: bytes) -> None:
        """HTTP/1.0, with a header or without."""
        head = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n" + argument.encode()
        self.wfile.write(head + b"\r\n" * (2 if argument else 1) + b"ok")

    def _short(self, argument: str, body: bytes) -> None:
        """A reply with fewer bytes than its length."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        self.close_connection = True


class Web(http.server.ThreadingHTTPServer):
    """Listens on its own port."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port: int = self.server_address[1]
        self.requests: list[str] = []
        self.connections = 0
        # Simultaneous connections: now, and the maximum.
        self.now = self.most = 0
        self.meeting = threading.Barrier(8)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Counts a connection."""
        accepted, address = super().get_request()
        with self._lock:
            self.connections += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self._open.append(accepted)
        return accepted, address

    def shutdown_request(self, request: Any) -> None:
        """Counts its end."""
        super().shutdown_request(request)
        with self._lock:
            self.now -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnect."""

    def hang_up(self) -> None:
        """Closes every connection, as a server does after a timeout."""
        for each in self._open:
            # Its client may have gone first.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def finish(self) -> None:
        """Stops the server."""
        self.shutdown()
        self._thread.join()
        self.hang_up()
        self.server_close()
