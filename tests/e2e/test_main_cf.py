# SPDX-License-Identifier: Apache-2.0
"""Our reading of main.cf beside that of Postfix's own programs.

Values are compared with `postconf -x`. What a server makes of them, the errors and the warnings
included, is compared with the stock scache started by hand: whatever connection_cache_ttl_limit
expands to is in its error text.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Callable, Iterable

import pytest

from harness import differences, program
from lab import debian
from main_cf_inputs import (
    BASIS, NAMES, OPTIONS, OWN, OWN_NAMES, REFERENCES, TEXTS, TIMES, VALUES, Chance, value_texts,
)  # fmt: skip

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / os.environ.get("SCACHE_BUILD", "build/release")
OURS = BUILD / "bin"
PATIENCE = 60.0

# What Postfix's server is like does not depend on which one the suite is for.
pytestmark = [pytest.mark.only(program.OURS), pytest.mark.difference("mail-version")]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a program made of a main.cf: values, or the error; and its warnings."""

    status: int
    values: str
    complaints: tuple[str, ...]


def written(folder: pathlib.Path, text: bytes) -> pathlib.Path:
    """Writes a main.cf that looks old, so that nobody waits for its writer to finish."""
    folder.mkdir(parents=True)
    (folder / "master.cf").touch()
    file = folder / "main.cf"
    file.write_bytes(text)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    return folder


def run(words: list[str | bytes | pathlib.Path], stock: bool, folder: pathlib.Path) -> Outcome:
    """Runs one program."""
    environment = {"LANG": "C", "MAIL_CONFIG": str(folder), "MAIL_LOGTAG": "early"}
    if stock:
        environment["LD_LIBRARY_PATH"] = str(debian.libraries(debian.unpacked()))
    done = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    values = printable(b" ".join(re.split(rb"[ \t\r]+", done.stdout)))
    complaints = printable(done.stderr)
    if stock:
        values, complaints = as_our_version(values), as_our_version(complaints)
    return Outcome(done.returncode, values, tuple(complaints.splitlines()))


def as_our_version(text: str) -> str:
    """The text, had the stock program our version."""
    own = differences.expected("mail-version", program.OURS)
    for name in differences.expected("mail-version", program.STOCK)["names"]:
        text = text.replace(debian.default(name), own[name])
    return text


def printable(text: bytes) -> str:
    """Bytes that a log shows as question marks are question marks."""
    return "".join(chr(c) if 32 <= c < 127 or c == 10 else "?" for c in text)


def printed_by_stock(folder: pathlib.Path) -> Outcome:
    """What postconf prints."""
    postconf = debian.commands(debian.unpacked()) / "postconf"
    found = run([postconf, "-x", "-c", folder, *NAMES], True, folder)
    return reading_alone(found)


def printed_by_us(folder: pathlib.Path) -> Outcome:
    """What our reader prints."""
    return reading_alone(run([OURS / "print_main_cf", "-c", folder, *NAMES], False, folder))


def reading_alone(found: Outcome) -> Outcome:
    """Leaves out what postconf looks for in addition, and looks at twice."""
    kept = []
    for line in found.complaints:
        text = line.partition(": ")[2]
        reading = "overriding earlier" in text or "logical line must" in text
        if reading or text.startswith("fatal: "):
            kept.append(text.replace("dictionary mail_dict: ", ""))
    # postconf prints words, whatever white space is between them.
    values = "\n".join(" ".join(line.split()) for line in found.values.splitlines())
    return Outcome(found.status, "" if found.status else values, tuple(kept))


def started_by_stock(folder: pathlib.Path, options: list[bytes]) -> Outcome:
    """What the stock server says at its start. It prints no values."""
    program = debian.daemons(debian.unpacked()) / "scache"
    return run([program, "-S", "-V", *option_words(options)], True, folder)


def started_by_us(folder: pathlib.Path, options: list[bytes]) -> Outcome:
    """What our server says at its start."""
    return run([OURS / "scache", "-S", "-V", *option_words(options)], False, folder)


def option_words(options: list[bytes]) -> list[str | bytes]:
    """The command line's options; the queue is a folder that every machine has."""
    return [word for option in (b"queue_directory=/", *options) for word in ("-o", option)]


def compare(
    inputs: list[tuple[pathlib.Path, list[bytes]]],
    stock: Callable[[pathlib.Path, list[bytes]], Outcome],
    ours: Callable[[pathlib.Path, list[bytes]], Outcome],
) -> None:
    """Asks both about every input; a stock server that fails sleeps a second, so many at once."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
        expected = pool.map(lambda one: stock(*one), inputs)
        found = pool.map(lambda one: ours(*one), inputs)
        differing = [
            f"{(one[0] / 'main.cf').read_bytes()!r} with {one[1]}\n  stock {theirs}\n  ours  {own}"
            for one, theirs, own in zip(inputs, expected, found, strict=True)
            if theirs != own and not overcome(theirs, own)
        ]
    assert not differing, f"{len(differing)} of {len(inputs)}:\n" + "\n".join(differing[:10])


def overcome(theirs: Outcome, ours: Outcome) -> bool:
    """Whether ours names a recursion through a comparison, where the stock program dies of it."""
    ends = [line for line in ours.complaints if line.endswith("macro processing error")]
    return theirs.status == -signal.SIGSEGV and ours.status == 1 and bool(ends)


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """The programs are there, ours and Postfix's."""
    for name in ("print_main_cf", "scache"):
        assert (OURS / name).exists(), f"{OURS / name} is missing: build it"
    debian.unpacked()


def folders(root: pathlib.Path, texts: Iterable[bytes]) -> list[tuple[pathlib.Path, list[bytes]]]:
    """A folder for each main.cf, without options."""
    return [(written(root / str(i), text), []) for i, text in enumerate(texts)]


def test_a_main_cf_is_read_as_postconf_reads_it(tmp_path: pathlib.Path) -> None:
    texts = [*TEXTS.values(), *value_texts().values()]
    compare(
        folders(tmp_path, texts),
        lambda folder, _: printed_by_stock(folder),
        lambda folder, _: printed_by_us(folder),
    )


def test_a_random_main_cf_is_read_as_postconf_reads_it(tmp_path: pathlib.Path) -> None:
    chance = Chance(seed=1)
    texts = [chance.settings().encode("latin-1") for _ in range(300)]
    compare(
        folders(tmp_path, texts),
        lambda folder, _: printed_by_stock(folder),
        lambda folder, _: printed_by_us(folder),
    )


def test_a_main_cf_that_cannot_be_read_is_the_same_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a folder" / "main.cf").mkdir(parents=True)
    (tmp_path / "nothing").mkdir()
    for name in ("a folder", "nothing", "no folder either"):
        assert printed_by_us(tmp_path / name) == printed_by_stock(tmp_path / name)


def test_a_server_reads_values_at_its_start_as_the_stock_server(tmp_path: pathlib.Path) -> None:
    folder = written(tmp_path / "conf", BASIS.encode() + OWN)
    limit = b"connection_cache_ttl_limit="
    values = [limit + b"<" + value for value in VALUES]
    options = [*values, *(limit + value for value in (*TIMES, *REFERENCES)), *OPTIONS]
    inputs = [(folder, [option]) for option in options if b"\0" not in option]
    inputs += [(folder, [b"multi_instance_name=mi", option]) for option in OPTIONS[-10:]]
    inputs += [(folder, [b"max_idle=x", b"max_idle=5"]), (folder, [b"max_idle=5", b"max_idle=x"])]
    compare(inputs, started_by_stock, started_by_us)


def test_a_server_reads_random_values_as_the_stock_server(tmp_path: pathlib.Path) -> None:
    chance = Chance(seed=2)
    inputs = []
    for i in range(150):
        text = BASIS + "".join(
            chance.setting(name, chance.value(OWN_NAMES[index + 1 :], 2)) + "\n"
            for index, name in enumerate(OWN_NAMES)
        )
        value = chance.damaged(chance.value(OWN_NAMES), 0.3).replace("\0", "")
        option = b"connection_cache_ttl_limit=<" + value.encode("latin-1")
        inputs.append((written(tmp_path / str(i), text.encode()), [option]))
    compare(inputs, started_by_stock, started_by_us)
