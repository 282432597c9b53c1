# SPDX-License-Identifier: Apache-2.0
"""A full cache: who has to make room for whom, in numbers and in bytes."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator

import pytest

from harness import cargo, ctl, wire
from harness.scached import SOMEBODY, AsUser, Scached
from harness.talkers import WAYS, Talker

pytestmark = [
    pytest.mark.only("ours"),
    pytest.mark.root,
    pytest.mark.usefixtures("many_descriptors"),
]

GREEDY = SOMEBODY
MODEST = SOMEBODY - 1
ACCESS = f"[socket]\nmode = '0666'\n[access]\nusers = [{GREEDY}, {MODEST}]\n"
LARGE = "p" * 65_536


@pytest.fixture(name="many_descriptors")
def _many_descriptors() -> Iterator[None]:
    """The other ends of what is saved stay open here."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


Come = Callable[[AsUser], Talker]


def limited(scached: Scached, limits: str) -> Scached:
    """A server with these limits."""
    scached.configure(ACCESS + "[ttl]\ndefault = '1h'\nlimit = '1h'\n[limits]\n" + limits)
    scached.start_here()
    scached.directory.chmod(0o755)
    scached.path.parent.chmod(0o755)
    return scached


def save_all(talker: Talker, endpoint: str, properties: list[str]) -> list[cargo.Cargo]:
    """Saves one connection with each of the properties: none is refused."""
    items = []
    for each in properties:
        items.append(cargo.unix())
        assert talker.save(each, items[-1], endpoint), each
    return items


def find_all(talker: Talker, endpoint: str) -> list[str]:
    """The properties of all connections of an endpoint."""
    found = []
    while (hit := talker.find(endpoint)) is not None:
        found.append(hit[0])
    return found


def numbers(count: int) -> list[str]:
    """As many different properties."""
    return [str(number) for number in range(count)]


@pytest.mark.parametrize("come", WAYS)
def test_who_holds_little_can_save_in_a_full_cache(scached: Scached, come: Come) -> None:
    limited(scached, "connections = 500\n")
    greedy = come(AsUser(scached, GREEDY))
    modest = come(AsUser(scached, MODEST))
    theirs = save_all(greedy, "greedy", numbers(500))
    assert all(item.is_held() for item in theirs)
    assert ctl.told(scached.path, "stats")["evicted"] == 0
    mine = save_all(modest, "modest", numbers(20))
    # What the greedy user has not used for longest.
    for item in theirs[:20]:
        item.closed_by()
    assert all(item.is_held() for item in theirs[20:])
    theirs += save_all(greedy, "greedy", numbers(1_000))
    assert all(item.is_held() for item in mine)
    told = ctl.told(scached.path, "stats")
    assert told["connections"] == 500
    assert told["connections_refused"] == 0
    assert told["evicted"] == told["evicted_for_share"] == 1_020
    assert find_all(modest, "modest") == numbers(20)
    assert find_all(greedy, "greedy") == numbers(1_000)[-480:]
    for item in mine + theirs:
        item.close()
    assert scached.stop() == 0
    assert "statistics: evicted for endpoint=0 destination=0 user=0 share=1020" in scached.log()


@pytest.mark.parametrize("come", WAYS)
def test_large_properties_take_no_room_from_others(scached: Scached, come: Come) -> None:
    limited(scached, "connection_bytes = 4194304\nbinding_bytes = 4194304\n")
    greedy = come(AsUser(scached, GREEDY))
    modest = come(AsUser(scached, MODEST))
    mine = save_all(modest, "modest", numbers(300))
    theirs = save_all(greedy, "greedy", [LARGE] * 100)
    mine += save_all(modest, "modest", numbers(300))
    assert all(item.is_held() for item in mine)
    told = ctl.told(scached.path, "stats")
    assert told["connection_bytes"] <= 4_194_304
    assert told["connections_refused"] == 0
    assert told["evicted_for_share"] > 30
    assert find_all(modest, "modest") == 2 * numbers(300)
    assert len(find_all(greedy, "greedy")) > 50
    for item in mine + theirs:
        item.close()
    assert scached.stop() == 0


def test_bindings_are_shared_in_the_same_way(scached: Scached) -> None:
    limited(scached, "binding_bytes = 4194304\n")
    greedy = AsUser(scached, GREEDY).client()
    modest = AsUser(scached, MODEST).client()
    for number in range(100):
        assert modest.save_dest(f"modest {number}", "b", "e") == wire.status(0)
        assert greedy.save_dest(f"greedy {number}", LARGE, "e") == wire.status(0)
    told = ctl.told(scached.path, "stats")
    assert told["binding_bytes"] <= 4_194_304
    assert told["evicted_for_share"] == 200 - told["bindings"] > 30
    listed = ctl.told(scached.path, "list", "--bindings", "modest *")
    assert len(listed["bindings"]) == 100
    assert scached.stop() == 0


def test_a_quota_holds_although_there_is_room(scached: Scached) -> None:
    limited(
        scached,
        "connections_of_user = 10\nconnections_of_endpoint = 5\nbindings_of_user = 3\n",
    )
    greedy = WAYS[0](AsUser(scached, GREEDY))
    modest = WAYS[0](AsUser(scached, MODEST))
    items = save_all(greedy, "one", numbers(7))
    for number in range(8):
        items += save_all(greedy, f"greedy {number}", ["g"])
    items += save_all(modest, "modest", numbers(5))
    for number in range(5):
        assert greedy.client.save_dest(f"d{number}", "b", "one") == wire.status(0)
    told = ctl.told(scached.path, "stats")
    assert told["connections"] == 15
    assert told["bindings"] == 3
    assert told["evicted_for_endpoint"] == 2
    assert told["evicted_for_user"] == 3 + 2
    assert find_all(greedy, "one") == ["5", "6"]
    for item in items:
        item.close()
    assert scached.stop() == 0
