# SPDX-License-Identifier: Apache-2.0
"""What users may do with which names: [[grant]] of scached.toml."""

from __future__ import annotations

import signal

import pytest

from harness import cargo, ctl, wire
from harness.scached import SOMEBODY, AsUser, Scached
from harness.talkers import Direct, OfPostfix
from harness.wire import Kind, Tag

pytestmark = [pytest.mark.only("ours"), pytest.mark.root]

DENIED = 8
BAD_FIND_ENDP = wire.attributes(("status", 1), ("property", ""))
SOCKET = "[socket]\nmode = '0666'\n"
GRANT = f"[[grant]]\nusers = [{SOMEBODY}]\nrequests = {{}}\nnames = ['a*', 'd']\n"


def grant(scached: Scached, requests: list[str]) -> None:
    """Grants the requests to the user, for some names."""
    scached.configure(SOCKET + GRANT.format(requests))


def start(scached: Scached, requests: list[str]) -> AsUser:
    """A server whose grant has these requests."""
    grant(scached, requests)
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    return AsUser(scached, SOMEBODY)


def code_of(talker: Direct, kind: Kind, *fields: bytes) -> int:
    """The code of the error that answers a request; 0 if the answer is none."""
    talker.client.send(wire.frame(kind, *fields))
    reply = talker.client.frame().reply
    if reply[4] != Kind.ERROR:
        return 0
    return int.from_bytes(wire.fields(reply)[Tag.CODE], "little")


def name(tag: Tag, text: str) -> bytes:
    """A field with a name."""
    return wire.field(tag, text.encode())


def test_names_are_granted(scached: Scached) -> None:
    host = start(scached, ["save", "find"])
    direct, postfix = Direct(host), OfPostfix(host)
    for talker in (direct, postfix):
        item = cargo.unix()
        assert talker.save("p", item, "a1")
        assert talker.find("a1") == ("p", item.identity)
        item.close()
        other = cargo.unix()
        assert not talker.save("p", other, "b")
        other.close()
    assert "no right" in direct.reason
    assert code_of(direct, Kind.FIND, name(Tag.ENDPOINT, "b")) == DENIED
    assert code_of(direct, Kind.FIND, name(Tag.DESTINATION, "b")) == DENIED
    assert postfix.client.ask(wire.find_endp("b")) == BAD_FIND_ENDP
    assert postfix.client.save_dest("a", "p", "b", 10) == wire.status(2)
    assert scached.client().find_endp("b").reply == wire.FIND_ENDP_MISS
    assert ctl.told(scached.path, "stats")["denied"] == 6
    scached.wait_for(f"warning: request denied: user={SOMEBODY} action=save name=b")
    assert scached.log().count("warning: request denied") == 1


def test_requests_are_granted(scached: Scached) -> None:
    host = start(scached, ["list", "statistics"])
    root = OfPostfix(scached)
    items = [cargo.unix(), cargo.unix()]
    assert root.save("p", items[0], "a1")
    assert root.save("p", items[1], "b1")
    direct = Direct(host)
    assert code_of(direct, Kind.STATISTICS) == 0
    direct.client.send(wire.frame(Kind.LIST))
    page = direct.client.frame().reply
    assert b"a1" in page
    assert b"b1" not in page
    assert code_of(direct, Kind.FIND, name(Tag.ENDPOINT, "a1")) == DENIED
    assert code_of(direct, Kind.DROP, name(Tag.PREFIX, "")) == DENIED
    assert code_of(direct, Kind.DROP, name(Tag.ENDPOINT, "a1")) == DENIED
    for item in items:
        item.close()


def test_a_drop_leaves_the_others(scached: Scached) -> None:
    host = start(scached, ["drop"])
    root = OfPostfix(scached)
    items = [cargo.unix(), cargo.unix()]
    assert root.save("p", items[0], "a1")
    assert root.save("p", items[1], "b1")
    direct = Direct(host)
    assert code_of(direct, Kind.DROP, name(Tag.PREFIX, "")) == 0
    assert root.find("a1") is None
    assert root.find("b1") == ("p", items[1].identity)
    assert code_of(direct, Kind.LIST) == DENIED
    assert code_of(direct, Kind.STATISTICS) == DENIED
    for item in items:
        item.close()


def test_a_reload_is_for_new_clients(scached: Scached) -> None:
    host = start(scached, ["find"])
    before = Direct(host)
    grant(scached, ["statistics"])
    scached.signal(signal.SIGHUP)
    scached.wait_for("configuration reloaded")
    after = Direct(host)
    assert code_of(before, Kind.FIND, name(Tag.ENDPOINT, "a")) == 0
    assert code_of(before, Kind.STATISTICS) == DENIED
    assert code_of(after, Kind.FIND, name(Tag.ENDPOINT, "a")) == DENIED
    assert code_of(after, Kind.STATISTICS) == 0


def test_without_a_grant_nobody_is_served(scached: Scached) -> None:
    scached.configure(SOCKET + "[[grant]]\nusers = [1]\n")
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    assert scached.stranger() == wire.denial(SOMEBODY)
