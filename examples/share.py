import contextlib
import socket

import scache

endpoint = "echo 127.0.0.1 7007"
with scache.Client() as cache:
    found = None
    with contextlib.suppress(scache.Error):
        found = cache.find(endpoint=endpoint)
    connection = found.socket if found else socket.create_connection(("127.0.0.1", 7007))
    connection.sendall(b"hello\n")
    print(connection.recv(100).decode(), end="")
    with contextlib.suppress(scache.Error):
        cache.save(found or connection, endpoint, ttl=30)
