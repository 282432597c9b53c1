# SPDX-License-Identifier: Apache-2.0
"""The codec with the frames of the server's tests."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from scache import frames
from scache.frames import Fields, Frame, Malformed, Tag, Value

VECTORS = json.loads(
    (pathlib.Path(__file__).resolve().parents[2] / "tests/vectors/direct.json").read_text()
)


def named(vector: dict[str, Any]) -> str:
    """The name of its test."""
    return str(vector["name"])


def fields_of(pairs: list[list[Any]]) -> Fields:
    """The fields in the form of a vector."""

    def tag(name: str) -> int:
        return int(name[4:]) if name.startswith("tag ") else Tag[name.upper()]

    def value(said: Any) -> Value:
        if isinstance(said, str):
            return bytes.fromhex(said)
        return said if isinstance(said, int) else fields_of(said)

    return Fields((tag(name), value(said)) for name, said in pairs)


def frame_of(vector: dict[str, Any]) -> Frame:
    """The frame that it describes."""
    fields = fields_of(vector["fields"])
    return Frame(vector["kind"], vector["id"], fields, vector["flags"] == 1)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=named)
def test_a_frame_is_read(vector: dict[str, Any]) -> None:
    assert frames.decode(bytes.fromhex(vector["frame"])) == frame_of(vector)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=named)
def test_a_frame_is_written(vector: dict[str, Any]) -> None:
    assert frames.encode(frame_of(vector)).hex() == vector["frame"]


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=named)
def test_a_malformed_frame_is_rejected(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["frame"])
    if vector["ends"]:
        with pytest.raises(Malformed):
            frames.size(data)
    else:
        assert frames.size(data) == len(data)
    with pytest.raises(Malformed):
        frames.decode(data)


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=named)
def test_a_frame_is_read_whole_or_not_at_all(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["frame"])
    for length in range(len(data)):
        assert frames.size(data[:length]) == (len(data) if length >= 4 else 0)
        with pytest.raises(Malformed):
            frames.decode(data[:length])


@pytest.mark.parametrize("size", [24, frames.MAX_SIZE])
def test_sizes_at_the_limits_are_sizes(size: int) -> None:
    assert frames.size(size.to_bytes(4, "little")) == size


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_beyond_64_bits_is_not_written(number: int) -> None:
    with pytest.raises(ValueError):
        frames.encode(Frame(frames.Kind.CANCEL, 1, Fields([(Tag.TARGET, number)])))
    with pytest.raises(ValueError):
        frames.encode(Frame(frames.Kind.PING, number))


def test_fields_within_fields_hold_no_further_ones() -> None:
    """Deeply nested fields are not decoded."""
    data = b""
    for _ in range(20_000):
        data = Tag.BINDING.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data
    inner = Fields([(Tag.DESTINATION, b"d"), (Tag.BINDING, data)])
    save = Frame(frames.Kind.SAVE, 1, Fields([(Tag.ENDPOINT, b"e"), (Tag.BINDING, inner)]), True)
    assert frames.decode(frames.encode(save)) == save
