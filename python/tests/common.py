# SPDX-License-Identifier: Apache-2.0
"""Definitions that several tests share."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable

import scache.http
from alone import Alone
from fake import Fake, Peer
from harness.server import Server
from scache.frames import Tag

Pair = tuple[socket.socket, socket.socket]
Serve = Callable[..., Fake]
Start = Callable[[str], Server | Alone]
Connect = Callable[..., scache.http.HTTPConnection]

# Postfix's server; scache with the Postfix protocol; scache with the direct protocol; scached.
STOCK, OURS_AS_STOCK, OURS, ALONE = "stock", "ours as stock", "ours", "ours alone"

# The fields of a connection that is found.
FOUND = (
    (Tag.ENDPOINT, b"e"),
    (Tag.ENDPOINT_PROPERTIES, b"p"),
    (Tag.DESTINATION_PROPERTIES, b"dp"),
    (Tag.CONNECTION, 77),
    (Tag.USES, 3),
    (Tag.AGE, 90_000),
    (Tag.IDLE, 1_500),
)


def ping_once(peer: Peer) -> None:
    """A server that answers one ping and ends."""
    peer.accept()
    peer.pong()


def get(connection: http.client.HTTPConnection, path: str = "/", method: str = "GET") -> bytes:
    """The body of the reply, read to its end."""
    connection.request(method, path)
    return connection.getresponse().read()


def connected(family: socket.AddressFamily) -> Pair:
    """The two ends of a connection of the UNIX domain or of TCP."""
    if family == socket.AF_UNIX:
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mine = socket.create_connection(listener.getsockname())
        return mine, listener.accept()[0]
