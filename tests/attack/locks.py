# SPDX-License-Identifier: Apache-2.0
"""Somebody holds the lock of a descriptor for ever, and has it saved, closed or expired."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
import time

import lab

GOODBYE = '[[goodbye]]\nendpoint = "*"\nprotocol = "smtp"\n'


def save_of_a_pipe() -> None:
    read, write = os.pipe()

    def hold() -> None:
        os.close(read)
        lab.write_for_ever(write)

    with lab.server() as server, lab.child(hold):
        time.sleep(0.3)
        lab.Raw(server.socket).send(
            lab.SAVE, lab.field(lab.ENDPOINT, b"p") + lab.field(lab.TTL, 60_000), read
        )
        lab.ordinary(server.socket, "a pipe is saved whose lock is held")


def close_of_a_pipe() -> None:
    read, write = os.pipe()

    def hold() -> None:
        os.close(read)
        lab.write_for_ever(write)

    with lab.server() as server:
        client = lab.Raw(server.socket)
        client.save(read, b"p")
        with lab.child(hold):
            time.sleep(0.3)
            os.close(read)
            os.close(write)
            client.send(lab.DROP, lab.field(lab.ENDPOINT, b"p"))
            lab.ordinary(server.socket, "a pipe is dropped whose lock is held")


def expiry_of_a_lingering_socket() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listening.getsockname())
    theirs, _ = listening.accept()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
    with lab.server() as server:
        lab.Raw(server.socket).save(ours.fileno(), b"t", 1_000)
        with lab.child(lambda: lab.receive_for_ever(ours.fileno())):
            time.sleep(0.2)
            theirs.sendall(b"x" * 4096)
            time.sleep(0.2)
            ours.close()
            lab.ordinary(server.socket, "a lingering socket expires whose lock is held")


def close_that_never_ends() -> None:
    """A pipe whose lock is held is in flight in a saved socket. While its close() lasts, a client
    sends what is left to the threads that close."""
    read, write = os.pipe()
    saved, other = socket.socketpair()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [read]))]
    other.sendmsg([b"x"], rights)

    def hold() -> None:
        os.close(read)
        saved.close()
        other.close()
        lab.write_for_ever(write)

    # The saved socket has unread input.
    with lab.server(lab.ALLOW_INPUT) as server:
        client = lab.Raw(server.socket)
        client.save(saved.fileno(), b"u")
        with lab.child(hold):
            time.sleep(0.3)
            os.close(read)
            os.close(write)
            saved.close()
            other.close()
            client.ask(lab.DROP, lab.field(lab.ENDPOINT, b"u"))
            before = server.descriptors
            flood(server.socket, 5.0)
            time.sleep(0.5)
            lab.ordinary(server.socket, "a close never ends")
            kept = server.descriptors - before
            print(f"  {kept} descriptors wait to be closed")
            if kept > 1_000:
                raise lab.Fault(f"{kept} descriptors wait to be closed")


def goodbye_to_held_sockets() -> None:
    """Connections expire whose locks are held for ever by a client that sends: the send(2) of the
    goodbye never returns."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    with lab.server(GOODBYE) as server, contextlib.ExitStack() as stack:
        client = lab.Raw(server.socket)
        before = server.descriptors
        for _ in range(40):
            ours = socket.create_connection(listening.getsockname())
            theirs, _ = listening.accept()
            stack.enter_context(theirs)
            client.save(ours.fileno(), b"g", 1_000)
            stack.enter_context(lab.child(lambda fd=ours.fileno(): lab.send_for_ever(fd)))
            ours.close()
        lab.others(server.socket, "goodbyes to sockets whose locks are held", 4.0)
        with lab.scache.Client(server.socket, timeout=5) as user:
            counted = user.stats()
        print("  " + ", ".join(f"{n} {counted[n]}" for n in counted if n.startswith("goodbyes")))
        kept = server.descriptors - before
        print(f"  {kept} descriptors are kept")
        if counted["goodbyes"] == 0 or kept > 10:
            raise lab.Fault(f"{counted['goodbyes']} goodbyes, {kept} descriptors are kept")


def flood(path: str, seconds: float) -> None:
    """Streams that are left with unread bytes."""
    junk = b"\1\0\0\0" * 60_000
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(0.3)
            try:
                stream.connect(path)
                stream.sendall(b"request\0direct\0version\0001\0\0")
                stream.recv(1000)
                stream.setblocking(False)
                stream.send(junk)
            except OSError:
                pass


ATTACKS = (
    save_of_a_pipe,
    close_of_a_pipe,
    expiry_of_a_lingering_socket,
    close_that_never_ends,
    goodbye_to_held_sockets,
)
