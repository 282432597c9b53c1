"""A web server of eight processes in front of another web server. They share the connections to it.

    prefork.py PORT UPSTREAM-PORT

A process forwards a request over a connection that any of the processes has saved. If the cache has
none, the process opens one. So there are as many connections as there were requests at once, and
never more than processes. Without a cache each process keeps a connection of its own.
"""

import contextlib
import http.client
import http.server
import multiprocessing
import signal
import sys

import scache
import scache.http

WORKERS = 8


class Server(http.server.HTTPServer):
    """Has the connection of this process to the upstream server."""

    upstream: scache.http.HTTPConnection


class Front(http.server.BaseHTTPRequestHandler):
    """Forwards a request to the upstream server, and its reply to the client."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Buffers a reply, so that its head and its body are sent together.
    wbufsize = -1

    def do_GET(self) -> None:
        """Handles one request of a client."""
        upstream = self.server.upstream
        try:
            # Takes a connection out of the cache, or opens one.
            upstream.request("GET", self.path)
            reply = upstream.getresponse()
            # Saves the connection when the reply is read to its end.
            body = reply.read()
        except (OSError, http.client.HTTPException) as problem:
            # The reply is incomplete, so nobody can use the connection again.
            upstream.close()
            self.send_error(502, explain=str(problem))
            return
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def work(server: Server, cache: scache.Client, port: int) -> None:
    """Handles requests in one of the processes, until SIGTERM."""
    upstream = scache.http.HTTPConnection("127.0.0.1", port, cache=cache, ttl=30)
    # At the end, closes the connection unless it is in the cache.
    with contextlib.closing(upstream):
        server.upstream = upstream
        server.serve_forever()


def main(port: int, upstream_port: int) -> None:
    """Starts the processes and waits for them; SIGTERM ends all of them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    fork = multiprocessing.get_context("fork")
    # All processes may use this client: each opens its own stream to the cache.
    with Server(("127.0.0.1", port), Front) as server, scache.Client() as cache:
        workers = [
            fork.Process(target=work, args=(server, cache, upstream_port), daemon=True)
            for _ in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
