# SPDX-License-Identifier: Apache-2.0
"""The log of scached: clients cannot flood it, and a blocked log does not delay clients."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from harness import wire
from harness.client import Client
from harness.scached import Scached

pytestmark = pytest.mark.only("ours")

# A request that lacks its end and has a surplus name: two lines of the log each.
NONSENSE = b"request\0find_endp\0endpoint\0" + b"x" * 80 + b"\0\0"
# The limit of a kind in ten minutes, see scached(8).
MOST_LINES = 1000
# A reader of the log: the descriptor that the server writes to, and a function that reads.
Reader: TypeAlias = tuple[int, Callable[[], bytes]]


def send_nonsense(scached: Scached, streams: int, requests: int) -> None:
    """Sends bad requests on several streams at once, and reads the replies."""
    clients = []
    for _ in range(streams):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(scached.path))
        client.setblocking(False)
        clients.append((client, memoryview(NONSENSE * requests)))
    while clients:
        waiting = []
        for client, left in clients:
            with contextlib.suppress(BlockingIOError):
                client.recv(1 << 16)
            with contextlib.suppress(BlockingIOError):
                left = left[client.send(left) :]
            if left:
                waiting.append((client, left))
            else:
                client.setblocking(True)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 16):
                    pass
                client.close()
        clients = waiting


def test_no_client_fills_the_log(scached: Scached) -> None:
    scached.start_here()
    send_nonsense(scached, streams=20, requests=1000)
    assert scached.client().find_endp("e").reply == wire.FIND_ENDP_MISS
    assert scached.stop() == 0
    lines = scached.log().splitlines()
    warnings = [line for line in lines if line.startswith("scached: warning: ")]
    assert len(warnings) == MOST_LINES + 1
    form = re.fullmatch(
        r"scached: warning: malformed requests: (\d+) more lines are left out", warnings[-1]
    )
    assert form and int(form[1]) >= 20 * 1000 - MOST_LINES


def test_details_tell_of_requests_of_both_protocols(scached: Scached) -> None:
    scached.start_here("--log-level", "debug")
    scached.client().find_endp("a name\nscached: fatal: of two lines")
    scached.wait_for("scached: find_endp endpoint=a name?scached: fatal: of two lines\n")


@contextlib.contextmanager
def of_a_pipe() -> Iterator[Reader]:
    """An unread pipe."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        yield writing, lambda: os.read(reading, 1 << 16)
    finally:
        os.close(reading)
        os.close(writing)


@contextlib.contextmanager
def of_a_terminal() -> Iterator[Reader]:
    """An unread terminal."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    try:
        yield slave, lambda: os.read(master, 1 << 16)
    finally:
        os.close(master)
        os.close(slave)


@contextlib.contextmanager
def of_a_socket() -> Iterator[Reader]:
    """An unread stream socket, like that of the journal."""
    one, two = socket.socketpair()
    one.setblocking(False)
    with one, two:
        yield two.fileno(), lambda: one.recv(1 << 16)


def ask_much(client: Client) -> None:
    """Four megabytes of details: more than the buffer of any reader and the queue of the server."""
    for _ in range(2000):
        assert client.find_endp("e" * 1900).reply == wire.FIND_ENDP_MISS


READERS = [of_a_pipe, of_a_terminal, of_a_socket]


def read_on(read: Callable[[], bytes], until: bytes) -> bytes:
    """The output up to a text, from the reader of the log."""
    said, deadline = b"", time.monotonic() + 10
    while until not in said:
        assert time.monotonic() < deadline, said[-200:]
        try:
            said += read()
        except BlockingIOError:
            time.sleep(0.001)
    return said


@pytest.mark.parametrize("reader", READERS)
def test_a_log_that_nobody_reads_stops_nobody(
    scached: Scached, reader: Callable[[], contextlib.AbstractContextManager[Reader]]
) -> None:
    with reader() as (stderr, read):
        scached.start_here("--log-level", "debug", stderr=stderr)
        client = scached.client()
        ask_much(client)
        read_on(read, b"warning: lines lost because the log could not take them: ")
        assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
        assert scached.stop() == 0


@pytest.mark.parametrize("reader", READERS)
def test_a_log_that_nobody_reads_does_not_hold_up_the_end(
    scached: Scached, reader: Callable[[], contextlib.AbstractContextManager[Reader]]
) -> None:
    with reader() as (stderr, _):
        scached.start_here("--log-level", "debug", stderr=stderr)
        client = scached.client()
        ask_much(client)
        client.close()
        began = time.monotonic()
        scached.signal(signal.SIGTERM)
        assert scached.end() == 0
        assert time.monotonic() - began < 5


def test_a_start_that_fails_is_told_to_a_slow_reader(scached: Scached) -> None:
    scached.configure("[log]\n" + "".join(f"wrong{i} = 1\n" for i in range(2000)))
    reading, writing = os.pipe()
    scached.start_here(stderr=writing, ready=False)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    assert scached.end() == 1
    assert said.count(b"scached: error: ") == 2000
    assert said.endswith(b"scached: fatal: the configuration has errors\n")
