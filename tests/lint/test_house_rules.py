# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can check; docs/decisions/house-rules.md gives the reasons."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

MOST_LINES = 400

def read_rooms() -> dict[str, set[str]]:
    """Each room and the rooms that it may use besides itself; main names them all."""
    rooms = {}
    for line in (SOURCE / "rooms.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, used = line.partition(":")
            rooms[name] = set(used.split())
    return rooms | {"main": set(rooms)}


ROOMS = read_rooms()

# Sources without a unit test of their own, and why.
WITHOUT_TEST = {
    "ctl/commands.cpp": "joins parts with tests of their own; tests/e2e/test_scachectl.py runs it",
    "ctl/postfix.cpp": "runs the commands of Postfix; tests/e2e/test_postfix_command.py does",
    "ctl/program.cpp": "becomes another program; tests/e2e/test_scachectl.py runs it",
    "ctl/run.cpp": "joins parts with tests of their own; tests/e2e/test_scachectl.py runs it",
    "main/scache.cpp": "wiring only: tests/e2e runs it",
    "main/scached.cpp": "wiring only: tests/e2e runs it",
    "main/scached_options.cpp": "a list of options: tests/e2e gives them",
    "main/scachectl.cpp": "wiring only: tests/e2e runs it",
    "postfix/configuration.cpp": "joins parts with tests of their own; tests/e2e reads main.cf",
    "main_cf/defaults.cpp": "a table, which parameters_test reads as a whole",
    "postfix/environment.cpp": "reads the process's environment; tests/e2e sets it",
}

STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
AWAIT = re.compile(r"\bco_await\b[^;]*?[;{]")


def sources(folder: pathlib.Path = SOURCE) -> list[pathlib.Path]:
    """The C++ files below a folder."""
    return sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".hpp", ".h"))


def code_of(text: str) -> str:
    """The text without comments and without what strings say; lines stay where they are."""

    def blank(match: re.Match[str]) -> str:
        return '""' if match[0][0] in "\"'" else "\n" * match[0].count("\n")

    digits = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
    return re.sub(f"{STRING.pattern}|{COMMENT.pattern}", blank, digits, flags=re.DOTALL)


def calls(code: str, function: str) -> int:
    """How often a system call is called."""
    return len(re.findall(rf"(?<![\w.>])(?:::\s*)?{function}\s*\(", code))


def awaited_aggregates(code: str) -> Iterator[int]:
    """Lines in which an operand of co_await is made with braces."""
    for match in AWAIT.finditer(code):
        if match[0].endswith("{") and not opens_block(match[0]):
            yield code.count("\n", 0, match.start()) + 1


def opens_block(text: str) -> bool:
    """Whether the brace at the end begins a block: behind `if (co_await ...)` and the like."""
    return text.count("(") < text.count(")") and text[:-1].rstrip().endswith(")")


def name_of(path: pathlib.Path) -> str:
    """How a file is called in a message."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("function", ["recvmsg", "sendmsg"])
def test_there_is_one_call_that_moves_descriptors(function: str) -> None:
    found = {name_of(p): calls(code_of(p.read_text()), function) for p in sources()}
    assert {name: count for name, count in found.items() if count} == {"src/io/message.cpp": 1}


def test_no_other_call_moves_descriptors() -> None:
    for path in sources():
        for function in ("recvmmsg", "sendmmsg"):
            assert calls(code_of(path.read_text()), function) == 0, name_of(path)


def test_operands_of_co_await_are_named() -> None:
    """GCC 12 destroys an aggregate temporary in such an expression twice."""
    found = []
    for folder in (SOURCE, ROOT / "tests", ROOT / "fuzz", ROOT / "bench"):
        for path in sources(folder):
            found += [f"{name_of(path)}:{n}" for n in awaited_aggregates(code_of(path.read_text()))]
    assert not found


def unlimited_lines(code: str) -> list[str]:
    """What a log is told without a kind, whose limit would hold."""
    arguments = re.findall(r"\blog_\.(?:warn|write)\(\s*([\w:]*)", code)
    return [first for first in arguments if not re.match(r"LogKind::|kind\b|kind_of\b", first)]


def test_what_clients_cause_is_logged_within_limits() -> None:
    for path in sources(SOURCE / "server"):
        if path.name != "statistics_report.cpp":
            assert not unlimited_lines(code_of(path.read_text())), name_of(path)


def test_files_are_short() -> None:
    long = {}
    for path in sources() + sources(ROOT / "include"):
        lines = len(path.read_text().splitlines())
        if lines > MOST_LINES:
            long[name_of(path)] = lines
    assert not long


def test_every_room_is_known() -> None:
    assert {p.relative_to(SOURCE).parts[0] for p in sources()} <= set(ROOMS)


def test_namespaces_see_what_rooms_may_use() -> None:
    text = (SOURCE / "base" / "rooms.hpp").read_text()
    seen = {
        name: set(re.findall(r"using namespace (\w+);", body))
        for name, body in re.findall(r"^namespace (\w+) \{([^{}]*)\}", text, re.MULTILINE)
    }
    assert seen | {"main": set(seen)} == ROOMS


def test_a_room_is_a_namespace() -> None:
    for path in sources():
        room = path.relative_to(SOURCE).parts[0]
        named = set(re.findall(r"^namespace scache::(\w+)", path.read_text(), re.MULTILINE))
        if room not in ("main", "client"):
            assert named <= {room}, name_of(path)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_the_rooms_above_it(room: str) -> None:
    for path in sources(SOURCE / room):
        for included in INCLUDE.findall(path.read_text()):
            used = included.split("/")[0]
            assert (SOURCE / included).exists(), f"{name_of(path)} includes {included}"
            assert used == room or used in ROOMS[room], f"{name_of(path)} includes {included}"


def test_tests_mirror_sources() -> None:
    missing = []
    for path in sorted(SOURCE.rglob("*.cpp")):
        source = path.relative_to(SOURCE)
        test = ROOT / "tests" / source.parent / f"{path.stem}_test.cpp"
        if not test.exists() and str(source) not in WITHOUT_TEST:
            missing.append(f"{source} has no tests/{test.relative_to(ROOT / 'tests')}")
    assert not missing


def test_the_list_of_sources_without_a_test_is_true() -> None:
    for source in WITHOUT_TEST:
        assert (SOURCE / source).exists(), source
        test = ROOT / "tests" / pathlib.Path(source).with_suffix("")
        assert not test.with_name(f"{test.name}_test.cpp").exists(), source


# The rules notice what they are there for.


@pytest.mark.parametrize(
    "code",
    [
        "co_await send(Message{1, Fd{7}});",
        "const auto flow = co_await stream.fill(\n    Deadline{now});",
        "co_return co_await hand_over(Claim{});",
        "if (co_await ready(Wait{1})) return;",
        "co_await Awaiter{*this};",
    ],
)
def test_an_aggregate_is_noticed(code: str) -> None:
    assert list(awaited_aggregates(code_of(code))) == [1]


@pytest.mark.parametrize(
    "code",
    [
        "co_await send(std::move(message));",
        "if (co_await ready()) {\n  return;\n}",
        "for (;;) { co_await watch.readable(deadline); }",
        'co_await say("{}");',
        "// co_await send(Message{})\nint x;",
        "while (!(co_await ready(a))) {\n}",
    ],
)
def test_what_is_no_aggregate_is_not(code: str) -> None:
    assert not list(awaited_aggregates(code_of(code)))


def test_calls_are_counted_in_code_only() -> None:
    code = '// recvmsg(a)\n::recvmsg(1);\nrecvmsg (2);\n"recvmsg(";\nfoo.recvmsg(3);\n'
    assert calls(code_of(code), "recvmsg") == 2


def test_lines_without_a_limit_are_noticed() -> None:
    limited = 'log_.warn(LogKind::access, now, "x"); log_.warn(kind_of(code), now(), "x");'
    assert not unlimited_lines(code_of(limited))
    assert unlimited_lines(code_of('log_.warn("x {}", y);\nlog_.write(Severity::warning, "x");'))
