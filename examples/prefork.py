"""A web server of eight processes in front of another one: they share the connections to it.

    prefork.py PORT PORT-OF-THE-OTHER

A process that handles a request uses a connection that any of the processes has saved. So there are
as many connections as there were requests at once, and never more than processes. Without a cache
each process keeps its own connection.
"""

import http.client
import http.server
import multiprocessing
import signal
import sys

import scache
import scache.http

WORKERS = 8


class Front(http.server.BaseHTTPRequestHandler):
    """Forwards a request to the other server, and its reply to the client."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        """A reply that is read to its end saves its connection."""
        behind = self.server.behind  # type: ignore[attr-defined]
        try:
            behind.request("GET", self.path)
            reply = behind.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as problem:
            behind.close()
            self.send_error(502, explain=str(problem))
            return
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(port: int, other: int) -> None:
    """Starts the processes and waits for them; SIGTERM ends all of them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with http.server.HTTPServer(("127.0.0.1", port), Front) as server:
        # Each process opens its own stream to the cache.
        behind = scache.http.HTTPConnection("127.0.0.1", other, cache=scache.Client(), ttl=30)
        server.behind = behind  # type: ignore[attr-defined]
        fork = multiprocessing.get_context("fork")
        workers = [fork.Process(target=server.serve_forever, daemon=True) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
