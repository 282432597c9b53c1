# SPDX-License-Identifier: Apache-2.0
"""How old a connection may be, how often it may be used, and whether it may have input."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

import pytest

from harness import cargo, ctl, wire
from harness.cargo import Cargo
from harness.client import Client
from harness.scached import Scached
from harness.talkers import WAYS, Direct, Host, Talker
from harness.waiting import PATIENCE, until
from harness.wire import Kind, Tag

pytestmark = pytest.mark.only("ours")
HOUR_MS = 3_600_000
# The goodbye shows that it is the server that closes.
RULES = """\
[[hand_out]]
endpoint = "db*"
max_age = "1h"
max_uses = 2

[[goodbye]]
endpoint = "db*"
protocol = "redis"
"""


def number(tag: Tag, value: int) -> bytes:
    """A field with a number."""
    return wire.field(tag, struct.pack("<Q", value))


def find(client: Client, endpoint: str) -> dict[int, bytes]:
    """The fields of the reply."""
    client.send(wire.frame(Kind.FIND, wire.field(Tag.ENDPOINT, endpoint.encode())))
    return wire.fields(client.frame().reply)


def save(client: Client, endpoint: str, item: Cargo, *fields: bytes) -> None:
    """Saves a connection."""
    name = wire.field(Tag.ENDPOINT, endpoint.encode())
    client.send(wire.frame(Kind.SAVE, name, *fields, with_descriptor=True), [item.fd])
    assert client.frame().reply[4] == Kind.SAVED
    item.give_away()


def history(uses: int, age_ms: int) -> tuple[bytes, ...]:
    """The fields of a connection that was found before."""
    return number(Tag.CONNECTION, 7), number(Tag.USES, uses), number(Tag.AGE, age_ms)


def says_goodbye(item: Cargo) -> bool:
    """Whether the server sends the goodbye."""
    item.other.settimeout(PATIENCE)
    return item.other.recv(100) == b"QUIT\r\n"


@pytest.mark.parametrize(("uses", "age_ms"), [(2, 0), (0, HOUR_MS)])
def test_a_connection_past_a_limit_is_retired(scached: Scached, uses: int, age_ms: int) -> None:
    scached.configure(RULES)
    scached.start_here()
    client = Direct(scached).client
    for endpoint, retired in (("db", True), ("web", False)):
        item = cargo.tcp()
        save(client, endpoint, item, *history(uses, age_ms))
        found = find(client, endpoint)
        assert (Tag.USES in found) is not retired
        if retired:
            assert says_goodbye(item)
        item.close()
    told = ctl.told(scached.path, "stats")
    assert (told["retired"], told["expired"], told["connections_saved"]) == (1, 0, 2)


def test_a_connection_within_its_limits_is_found(scached: Scached) -> None:
    scached.configure(RULES)
    scached.start_here()
    client = Direct(scached).client
    item = cargo.tcp()
    # A tenth less than the maximum age is the earliest end.
    save(client, "db", item, *history(1, HOUR_MS * 8 // 10))
    found = find(client, "db")
    assert int.from_bytes(found[Tag.USES], "little") == 2
    assert int.from_bytes(found[Tag.AGE], "little") >= HOUR_MS * 8 // 10
    item.close()
    assert ctl.told(scached.path, "stats")["retired"] == 0


@pytest.mark.parametrize("way", WAYS)
def test_uses_count_without_the_help_of_the_client(
    scached: Scached, way: Callable[[Host], Talker]
) -> None:
    scached.configure(RULES)
    scached.start_here()
    client = way(scached)
    item = cargo.tcp()
    for _ in range(2):
        assert client.save("p", item, "db")
        found = client.look_up("db")
        assert found is not None
        assert found[0].fd is not None
        item.fd = os.dup(found[0].fd)
    assert client.save("p", item, "db")
    assert client.look_up("db") is None
    assert says_goodbye(item)
    assert ctl.told(scached.path, "stats")["retired"] == 1


def test_a_save_can_allow_input(scached: Scached) -> None:
    scached.start_here()
    client = Direct(scached).client
    greets, other = cargo.tcp(), cargo.tcp()
    save(client, "greets", greets, number(Tag.ALLOW_INPUT, 1))
    save(client, "other", other)
    for item in (greets, other):
        item.other.sendall(b"220 hello\r\n")
    until(lambda: ctl.told(scached.path, "stats")["dead"] == 1, "the other is over")
    assert Tag.CONNECTION in find(client, "greets")
    assert Tag.CONNECTION not in find(client, "other")
    greets.close()
    other.close()
