# SPDX-License-Identifier: Apache-2.0
"""Attribute lists."""

from __future__ import annotations

import pytest

from harness import wire
from scache import attributes
from scache.errors import ProtocolError

LISTS = [wire.GREETING, wire.DUMMY, wire.FIND_DEST_MISS, wire.dest_found("a\nb", ""), b"\0"]


@pytest.mark.parametrize("data", LISTS)
def test_what_is_read_is_written(data: bytes) -> None:
    assert attributes.encode(*attributes.decode(data)) == data


@pytest.mark.parametrize("data", LISTS)
def test_a_list_has_its_end(data: bytes) -> None:
    assert attributes.size(data) == len(data)
    assert attributes.size(data + b"rest\0") == len(data)
    for length in range(len(data)):
        assert attributes.size(data[:length]) == 0


def test_a_list_without_an_end_is_not_awaited_for_ever() -> None:
    data = b"x" * attributes.MAX_SIZE
    assert attributes.size(data) == 0
    with pytest.raises(ProtocolError):
        attributes.size(data + b"x")


def test_nothing_holds_a_nul() -> None:
    with pytest.raises(ValueError):
        attributes.encode((b"label", b"a\0b"))
