# SPDX-License-Identifier: Apache-2.0
"""What manuals and documents promise of each other, of the headers and of the examples."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# By name and section, as they are referred to.
MANUALS = {
    "{}({})".format(*path.stem.rsplit(".", 1)): path.read_text()
    for path in (ROOT / "man").glob("*.scd")
}
LIBRARY = MANUALS["libscache(3)"]
INCLUDE = ROOT / "include" / "scache"

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "python" / "README.md"]
CODE = re.compile(r"^```.*?^```$|^    .*?$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
# The name of a manual that is no link. Postfix's scache(8) has the name of one.
UNLINKED = re.compile(
    rf"(?<!\[)(?<!Postfix's )(?<!own )(?<!stock )(?<!replaces )"
    rf"\b(?:{'|'.join(map(re.escape, MANUALS))})(?!\])"
)

# What a class offers, by the lines of its header: `  Result<T> name(`.
MEMBER = re.compile(r"^  (?:\[\[nodiscard\]\] )?[\w:]+(?:<.*>)? (\w+)\(", re.MULTILINE)


def named(text: str) -> set[str]:
    """The words in bold, of which some have more letters behind them."""
    return set(re.findall(r"\*(\w+)", text))


@pytest.mark.parametrize("name", MANUALS)
def test_manuals_name_those_that_name_them(name: str) -> None:
    see_also = {each: text.partition("# SEE ALSO")[2] for each, text in MANUALS.items()}
    for other in MANUALS:
        assert (other in see_also[name]) == (name in see_also[other]), other


@pytest.mark.parametrize("name", MANUALS)
def test_a_manual_begins_with_its_name(name: str) -> None:
    assert MANUALS[name].startswith(f"{name}\n\n# NAME\n\n{name.partition('(')[0]} - ")


def test_every_function_in_c_is_in_the_manual() -> None:
    functions = set(re.findall(r"\b(scache_\w+)\(", (INCLUDE / "client.h").read_text()))
    assert len(functions) > 25
    assert functions - named(LIBRARY) == set()


@pytest.mark.parametrize("header", ["client.hpp", "async_client.hpp", "connection.hpp"])
def test_every_member_in_cpp_is_in_the_manual(header: str) -> None:
    members = set(MEMBER.findall((INCLUDE / header).read_text()))
    assert len(members) > 2
    assert members - named(LIBRARY) == set()


def test_every_error_is_in_the_manual_with_its_number() -> None:
    text = re.sub(r"//.*", "", (INCLUDE / "result.hpp").read_text())
    codes = re.findall(r"^  (\w+) = (\d+),", text, re.MULTILINE)
    assert len(codes) > 12
    assert codes == re.findall(r"^\|  (\w+)\n:  (\d+)$", LIBRARY, re.MULTILINE)


@pytest.mark.parametrize("name", ["scache(8)", "scached(8)"])
def test_every_kind_of_log_line_with_a_limit_is_in_the_manual(name: str) -> None:
    kinds = re.findall(r'return "(.+)";', (ROOT / "src" / "base" / "log_limit.cpp").read_text())
    assert len(kinds) > 6
    if name == "scache(8)":
        # It has no probes.
        kinds.remove("failed probes")
    limits = MANUALS[name].partition("# LIMITS")[2].partition("\n# ")[0]
    assert [kind for kind in kinds if kind not in limits] == []


@pytest.mark.parametrize("example", ["share.cpp", "share.c", "loop.cpp"])
def test_the_manual_shows_the_examples(example: str) -> None:
    # scdoc takes a backslash for itself, in code too.
    code = (ROOT / "examples" / example).read_text().replace("\\", "\\\\")
    assert f"```\n{code}```\n" in LIBRARY


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_link_what_they_name(path: pathlib.Path) -> None:
    text = CODE.sub("", path.read_text())
    assert [target for target in LINK.findall(text) if not (path.parent / target).exists()] == []
    assert UNLINKED.findall(" ".join(text.split())) == []
