# SPDX-License-Identifier: Apache-2.0
"""Checks of the package."""

from __future__ import annotations

import ast
import pathlib
import re
import sys
import tomllib

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / "scache"
SOURCES = sorted(PACKAGE.glob("*.py"))
MOST_LINES = 400


@pytest.mark.parametrize(
    ("call", "place"), [("recvmsg", "descriptors.py"), ("sendmsg", "stream.py")]
)
def test_there_is_one_call_that_moves_descriptors(call: str, place: str) -> None:
    found = {path.name: len(re.findall(rf"\.{call}\b", path.read_text())) for path in SOURCES}
    assert {name: count for name, count in found.items() if count} == {place: 1}


def test_nothing_but_the_standard_library_is_used() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0 and node.module, path
                names = [node.module]
            for name in names:
                root = name.split(".")[0]
                assert root == "scache" or root in sys.stdlib_module_names, f"{path}: {name}"


def test_everything_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                bare = [each.arg for each in arguments if each.annotation is None]
                assert node.returns is not None, f"{path.name}: {node.name}"
                assert set(bare) <= {"self"}, f"{path.name}: {node.name}"


def test_files_are_short() -> None:
    for path in SOURCES + sorted(pathlib.Path(__file__).parent.glob("*.py")):
        lines = path.read_text().splitlines()
        assert len(lines) <= MOST_LINES, path
        assert max(map(len, lines), default=0) <= 100, path


def test_what_is_packed_is_there() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["packages"] == ["scache"]
    assert "dependencies" not in project["project"]
    assert (PACKAGE.parent / project["project"]["readme"]).exists()


def test_its_version_is_the_servers() -> None:
    root = PACKAGE.parents[1]
    package = tomllib.loads((root / "python" / "pyproject.toml").read_text())
    told = re.search(r"^project\(scache VERSION (\S+)", (root / "CMakeLists.txt").read_text(), re.M)
    assert told and package["project"]["version"] == told[1]
