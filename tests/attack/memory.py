# SPDX-License-Identifier: Apache-2.0
"""One client fills the cache with bindings, and drops them."""

from __future__ import annotations

import socket
import time

import lab
import scache


def is_full(server: lab.Server) -> bool:
    """Whether entries had to leave for others."""
    with scache.Client(server.socket) as client:
        return client.stats()["evicted"] > 0


def bindings_leave_room_for_connections() -> None:
    with lab.server() as server:
        client = lab.Raw(server.socket, 20)
        number = 0
        while number % 100 or not is_full(server):
            number += 1
            client.ask(
                lab.BIND,
                lab.field(lab.DESTINATION, b"d%d" % number)
                + lab.field(lab.ENDPOINT, b"e")
                + lab.field(lab.DESTINATION_PROPERTIES, b"p" * 60_000)
                + lab.field(lab.TTL, 3_600_000),
            )
        print(f"  {number} requests have filled it; {server.memory >> 20} MiB")
        other = scache.Client(server.socket)
        try:
            for place in range(10):
                other.save(socket.socketpair()[0], f"a name of forty bytes, as endpoints have {place}")
        except scache.Error as error:
            raise lab.Fault(f"another client cannot save: {error}") from None


def what_is_dropped_is_given_back() -> None:
    with lab.server() as server:
        client = lab.Raw(server.socket, 20)
        ours, _ = socket.socketpair()
        number = 0
        end = time.monotonic() + 20
        while time.monotonic() < end and not is_full(server):
            fields = lab.field(lab.ENDPOINT, b"f%d" % (number % 1_000))
            for step in range(3_000):
                binding = lab.field(lab.DESTINATION, b"%d" % (number + step))
                fields += lab.field(lab.BINDING, binding + lab.field(lab.TTL, 3_600_000))
            number += 3_000
            client.ask(lab.SAVE, fields + lab.field(lab.TTL, 1_000), ours.fileno())
        full = server.memory
        client.ask(lab.DROP, lab.field(lab.PREFIX, b""))
        time.sleep(3)
        empty = server.memory
        print(f"  {number} bindings: {full >> 20} MiB; when all are dropped: {empty >> 20} MiB")
        if empty > 100_000_000:
            raise lab.Fault(f"an empty server keeps {empty >> 20} MiB")
        lab.ordinary(server.socket, "afterwards", 1)


ATTACKS = (bindings_leave_room_for_connections, what_is_dropped_is_given_back)
