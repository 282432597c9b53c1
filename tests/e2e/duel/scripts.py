# SPDX-License-Identifier: Apache-2.0
"""Random sessions, and how to make a failing one short."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator

from duel.grammar import has_surplus, shape_of
from duel.steps import Ask, BreakOff, Leave, Mumble, Step
from harness import wire

# A list with a surplus attribute is read to its end if it comes in one piece.
_LONGEST_BAD = 3_000
_TTLS = ["100", "1000", "2147483647", "0", "-1", "", "abc", "1e3", " 50", "+70", "5x", "0x10",
         "99999999999", "4294967396", "1.5", "-0", "9" * 120]  # fmt: skip
_NAMES = ["request", "label", "property", "ttl", "status", "dummy", "Label", "x", "", " ", "%s",
          "a\nb", "\x7f\x01", "caf\xc3\xa9", "r" * 300]  # fmt: skip

Pairs = list[tuple[bytes, bytes]]


@dataclasses.dataclass(frozen=True)
class Script:
    """A session."""

    seed: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lines = [f"session {self.seed}:", *(f"  {str(step)[:300]}" for step in self.steps)]
        return "\n".join(lines)


class Writer:
    """Writes the script of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seed = seed
        # Names of its own, so that sessions can follow each other on one server.
        mark = f"s{seed}".encode()
        self._endpoints = tuple(mark + end for end in (b"\nmx1\n25\n", b"\nmx2\n", b"%s\xff"))
        self._destinations = tuple(mark + end for end in (b"\nd1\n", b"\nd2\n"))
        self._tags = 0

    def script(self) -> Script:
        """Eight to twenty-four steps of two or three clients."""
        steps = [self._step() for _ in range(self._random.randint(8, 24))]
        return Script(self._seed, tuple(steps))

    def _step(self) -> Step:
        writers: list[Callable[[int], Step]] = [
            self._save, self._save, self._save, self._find, self._find, self._find, self._bind,
            self._bind, self._bad, self._bad, self._mumble, self._break_off, self._leave,
        ]  # fmt: skip
        return self._random.choice(writers)(self._random.randint(0, 2))

    # Good requests.

    def _properties(self) -> bytes:
        size = self._random.choice([0, 1, 20, 150, 700, 3_000, 9_000])
        return bytes(self._random.choices(range(1, 256), k=size))

    def _pairs(self) -> Pairs:
        """A good request, more or less."""
        kind = self._random.choice(["find_endp", "find_dest", "save_endp", "save_dest"])
        label = (b"label", self._random.choice(self._endpoints))
        pairs: Pairs = [(b"request", kind.encode())]
        if kind.startswith("find"):
            return [*pairs, label]
        pairs += [(b"ttl", self._random.choice(_TTLS).encode()), label, (b"property", b"p=1\n\n")]
        return [*pairs, label] if kind == "save_dest" else pairs

    def _cuts(self, data: bytes) -> tuple[int, ...]:
        count = self._random.choice([0, 0, 0, 1, 2, 5])
        places = range(1, len(data))
        return tuple(sorted(self._random.sample(places, min(count, len(places)))))

    def _save(self, client: int) -> Step:
        data = wire.save_endp(self._random.choice(self._endpoints), self._properties())
        return self._ask(client, data)

    def _bind(self, client: int) -> Step:
        destination = self._random.choice(self._destinations)
        properties = self._random.choice([b"", b"p1", b"p2", self._properties()])
        endpoint = self._random.choice(self._endpoints)
        return self._ask(client, wire.save_dest(destination, properties, endpoint))

    def _find(self, client: int) -> Step:
        if self._random.random() < 0.5:
            data = wire.find_endp(self._random.choice(self._endpoints))
        else:
            data = wire.find_dest(self._random.choice(self._destinations))
        return self._ask(client, data)

    def _ask(self, client: int, data: bytes) -> Ask:
        self._tags += 1
        gives = self._random.choice(
            ["unix"] * 4 + ["tcp", "pipe"] * 2 + ["byte", "two", "text", "leave"]
        )
        takes = self._random.choice(["take"] * 6 + ["glue"] * 4 + ["nonsense", "leave"])
        return Ask(client, data, self._cuts(data), gives, takes, self._tags)

    # Bad ones.

    def _spoil(self, pairs: Pairs) -> bytes:
        """Changes a list in one to three places."""
        strings = [text for pair in pairs for text in pair]
        name = self._random.choice(_NAMES).encode("latin-1")
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(strings)) if strings else 0
            match self._random.randint(0, 6):
                case 0:
                    del strings[at : at + 2]
                case 1:
                    del strings[at : at + 1]
                case 2:
                    strings[at:at] = [name, b"value"]
                case 3:
                    strings[at : at + 1] = [name]
                case 4:
                    strings[at:at] = strings[at : at + 2]
                case 5:
                    strings += [name, b"more"]
                case _:
                    strings[at:at] = [name]
        return b"".join(text + b"\0" for text in strings) + b"\0"

    def _spoilt(self, wanted: Callable[[bytes], bool]) -> bytes:
        """A spoilt list of the wanted shape; there are enough of each."""
        while True:
            data = self._spoil(self._pairs())
            if len(data) <= _LONGEST_BAD and wanted(data):
                return data

    def _bad(self, client: int) -> Step:
        data = self._spoilt(lambda spoilt: shape_of(spoilt).is_request)
        return dataclasses.replace(self._ask(client, data), cuts=())

    def _mumble(self, client: int) -> Step:
        return Mumble(client, self._spoilt(lambda spoilt: shape_of(spoilt).is_no_request))

    def _break_off(self, client: int) -> Step:
        whole = self._spoil(self._pairs()) if self._random.random() < 0.5 else b""
        data = whole or b"".join(n + b"\0" + v + b"\0" for n, v in self._pairs())
        # The stock server takes a last byte of 255 for the end of the stream.
        parts = [data[:end] for end in range(1, len(data)) if data[end - 1] != 255]
        open_ends = [part for part in parts if shape_of(part).is_open and not has_surplus(part)]
        if not open_ends:
            return Leave(client)
        return BreakOff(client, self._random.choice(open_ends))

    def _leave(self, client: int) -> Step:
        return Leave(client)


def shorter(script: Script, fails: Callable[[Script], bool], most: int = 150) -> Script:
    """The script without every step that is not needed for it to fail."""
    tries = 0
    again = True
    while again:
        again = False
        for candidate in _without_one(script):
            tries += 1
            if tries > most:
                return script
            if fails(candidate):
                script, again = candidate, True
                break
    return script


def _without_one(script: Script) -> Iterator[Script]:
    # From the end: what comes after the failure goes first.
    for at in reversed(range(len(script.steps))):
        yield dataclasses.replace(script, steps=script.steps[:at] + script.steps[at + 1 :])
