# SPDX-License-Identifier: Apache-2.0
"""Every kind of descriptor that a process can send: the server keeps connections only."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import pytest

from harness import cargo, kinds
from harness.cargo import Cargo
from harness.holder import Holder
from harness.kinds import Fate, Kind
from harness.scached import Scached
from harness.server import Server
from harness.talkers import Direct, OfPostfix, Talker

pytestmark = pytest.mark.only("ours")

# Kernels and machines differ in what they have. Here is most of it.
AT_LEAST = 46

# What the server says when it refuses one.
_NOT_SAVED = "warning: scache_save_endp_service: not saved: "
_OWN = "the descriptor is a client connection to this server"
REASONS: dict[type[Talker], dict[Fate, str]] = {
    OfPostfix: {
        Fate.REFUSED: f"{_NOT_SAVED}the descriptor is neither a connected stream socket nor a pipe",
        Fate.OWN: f"{_NOT_SAVED}{_OWN}",
    },
    Direct: {
        Fate.REFUSED: "only connected stream sockets and pipes can be saved",
        Fate.OWN: _OWN,
    },
}

Told = Callable[[Talker], str]


def is_same_file(one: int, other: int) -> bool:
    """Whether both refer to one open file: its flags are common to all that refer to it."""
    was = os.get_blocking(one)
    os.set_blocking(other, not was)
    same = os.get_blocking(one) != was
    os.set_blocking(other, was)
    return same


def try_kind(saver: Talker, finder: Talker, kind: Kind, descriptor: int) -> None:
    """Saves it, and looks for it."""
    item = Cargo(os.dup(descriptor))
    saved = saver.save("p", item)
    assert saved == (kind.fate in (Fate.KEPT, Fate.OVER))
    hit = finder.look_up("e")
    assert (hit is not None) == (kind.fate is Fate.KEPT)
    if hit is not None:
        found, _ = hit
        assert found.fd is not None
        assert found.identity == item.identity
        assert is_same_file(found.fd, descriptor)


def serves(talker: Talker) -> None:
    """Another client's connection is not touched."""
    item = cargo.unix()
    assert talker.save("q", item, "other")
    assert talker.find("other") == ("q", item.identity)
    item.close()


def try_all(
    server: Holder, come: type[Talker], place: tuple[pathlib.Path, pathlib.Path], told: Told
) -> None:
    """Each kind that there is, while another client is served."""
    saver, other = come(server), come(server)
    missing: list[str] = []
    for kind, descriptor in kinds.each(*place, missing):
        finder = come(server)
        try:
            try_kind(saver, finder, kind, descriptor)
            if kind.fate in REASONS[come]:
                assert told(saver) == REASONS[come][kind.fate]
            serves(other)
        except BaseException as problem:
            problem.add_note(f"the descriptor is: {kind.name}")
            raise
        server.leave(finder.client)
    server.leave(saver.client, other.client)
    server.comes_to_hold(0)
    tried = len(kinds.KINDS) - len(missing)
    print(f"{tried} kinds of descriptors; missing are {', '.join(missing)}")
    assert tried >= AT_LEAST, missing


def test_the_postfix_protocol(server: Server, tmp_path: pathlib.Path) -> None:
    place = tmp_path, server.scratch.socket
    try_all(server, OfPostfix, place, lambda _: server.log.next_line().text)


def test_the_direct_protocol(scached: Scached, tmp_path: pathlib.Path) -> None:
    scached.start_here()
    scached.warm_up()
    try_all(scached, Direct, (tmp_path, scached.path), lambda saver: saver.reason)
    assert scached.stop() == 0
