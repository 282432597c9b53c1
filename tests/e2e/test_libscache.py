# SPDX-License-Identifier: Apache-2.0
"""libscache as others use it: installed, found by their build systems, with real servers."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence

import pytest
from conftest import Start
from harness import ctl, program
from harness.scached import Scached

_OUTSIDE = program.REPOSITORY / "tests" / "package"
_EXAMPLES = program.REPOSITORY / "examples"
_DIRECT = program.kind_under_test() == program.OURS


def _run(words: Sequence[str | os.PathLike[str]], **environment: str) -> str:
    """Runs a program to its end; what it printed."""
    done = subprocess.run(
        words,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def _build() -> pathlib.Path:
    """A build that others can use: not one with sanitizers, which its users would need too."""
    build = program.REPOSITORY / os.environ.get("SCACHE_PROGRAM", "build/release/bin/scache")
    build = build.parent.parent
    if "SCACHE_SANITIZE:STRING=\n" in (build / "CMakeCache.txt").read_text():
        return build
    return program.REPOSITORY / "build" / "release"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where it is installed, and moved to afterwards."""
    first = tmp_path_factory.mktemp("installed") / "usr"
    _run(["cmake", "--install", _build(), "--prefix", first, "--component", "libscache"])
    return first.rename(first.with_name("moved"))


@pytest.fixture(scope="module")
def built(
    prefix: pathlib.Path, listener: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """The outside project, built with find_package(), and the examples with the echo's port."""
    build = tmp_path_factory.mktemp("outside")
    examples = tmp_path_factory.mktemp("examples")
    for path in _EXAMPLES.iterdir():
        code = path.read_text().replace("7007", str(listener.getsockname()[1]))
        (examples / path.name).write_text(code)
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXAMPLES={examples}", "-G", "Ninja"]
    warnings = "-Wall -Wextra -Wconversion -Wshadow -Werror"
    options += [f"-DCMAKE_CXX_FLAGS={warnings}", f"-DCMAKE_C_FLAGS={warnings}"]
    _run(["cmake", "-S", _OUTSIDE, "-B", build, *options])
    _run(["cmake", "--build", build])
    return build


def _library(prefix: pathlib.Path) -> pathlib.Path:
    (found,) = prefix.glob("**/libscache.so.0")
    return found


_everything = pytest.mark.parametrize(
    "name", ["cpp_scache", "cpp_scache_static", "c_scache", "c_scache_static"]
)


@_everything
def test_programs_do_everything(start: Start, built: pathlib.Path, name: str) -> None:
    server = start()
    way = "direct" if _DIRECT else "postfix"
    assert _run([built / name, str(server.scratch.socket), way]) == "all of it\n"
    server.log.rest()
    # Its streams, and what was dropped, are closed a moment later.
    cached = ctl.told(server.scratch.socket, "stats")["connections"] if _DIRECT else 0
    server.comes_to_hold(cached)
    server.remaining = server.holds()


@_everything
@pytest.mark.only("ours")
def test_programs_do_everything_with_scached(
    scached: Scached, built: pathlib.Path, name: str
) -> None:
    scached.start_here()
    assert _run([built / name, str(scached.path), "direct"]) == "all of it\n"
    assert scached.stop() == 0


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("source", ["everything.c", "everything.cpp"])
def test_pkg_config_finds_it(
    prefix: pathlib.Path, tmp_path: pathlib.Path, source: str, static: bool
) -> None:
    (directory,) = {path.parent for path in prefix.glob("**/scache.pc")}
    words = ["pkg-config", "--cflags", "--libs", *(["--static"] if static else []), "scache"]
    flags = _run(words, PKG_CONFIG_PATH=str(directory)).split()
    if static:
        # As a linker is told to take one library's archive and the system's shared objects.
        flags = ["-l:libscache.a" if flag == "-lscache" else flag for flag in flags]
    compiler = ["cc", "-std=gnu11"] if source.endswith(".c") else ["c++", "-std=c++20"]
    made = tmp_path / "made"
    _run([*compiler, _OUTSIDE / source, "-o", made, *flags])
    needed = _run(["ldd", made], LD_LIBRARY_PATH=str(_library(prefix).parent))
    assert ("libscache.so.0" in needed) is not static


def test_the_library_shows_its_interface_only(prefix: pathlib.Path) -> None:
    symbols = _run(["nm", "-D", "--defined-only", "--format=just-symbols", _library(prefix)])
    names = [name.split("@")[0] for name in symbols.split()]
    ours = ("scache_", "_ZN6scache2v0", "_ZNK6scache2v0", "SCACHE_0")
    assert [name for name in names if not name.startswith(ours)] == []
    assert not [name for name in names if "Impl" in name]
    headers = "".join(path.read_text() for path in (prefix / "include" / "scache").iterdir())
    in_c = [name for name in names if name.startswith("scache_")]
    assert in_c
    assert [name for name in in_c if f"{name}(" not in headers] == []


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Where the echo server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def echo(listener: socket.socket) -> Iterator[list[int]]:
    """An echo server for the examples; how many connections it has had, as a length."""
    connections: list[int] = []
    enough = threading.Event()

    def serve(client: socket.socket) -> None:
        with client:
            while data := client.recv(100):
                client.sendall(data)

    def listen() -> None:
        while True:
            client, _ = listener.accept()
            if enough.is_set():
                return client.close()
            connections.append(client.fileno())
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=listen)
    thread.start()
    yield connections
    enough.set()
    socket.create_connection(listener.getsockname()).close()
    thread.join()


@pytest.mark.only("ours")
def test_the_examples_share_one_connection(
    scached: Scached, built: pathlib.Path, listener: socket.socket, echo: list[int]
) -> None:
    scached.start_here()
    for name in ("share_cpp", "share_c", "share_cpp"):
        assert _run([built / name], SCACHE_SOCKET=str(scached.path)) == "hello\n"
    assert len(echo) == 1
    # All at once, and each is put back.
    name = f"echo 127.0.0.1 {listener.getsockname()[1]}"
    words = [built / "loop_cpp", "nothing", name]
    for _ in range(2):
        assert _run(words, SCACHE_SOCKET=str(scached.path)) == f"{name}\n"
    assert scached.stop() == 0


@pytest.mark.only("ours")
def test_the_examples_go_on_without_a_cache(built: pathlib.Path, echo: list[int]) -> None:
    for name in ("share_cpp", "share_c"):
        assert _run([built / name], SCACHE_SOCKET="/nowhere/at/all") == "hello\n"
    assert len(echo) == 2


def test_headers_stand_alone(prefix: pathlib.Path, tmp_path: pathlib.Path) -> None:
    include = prefix / "include"
    for header in sorted((include / "scache").iterdir()):
        line = f"#include <scache/{header.name}>\n"
        languages = ["-std=c99", "-std=c11"] if header.suffix == ".h" else []
        for standard in [*languages, "-std=c++20", "-std=c++23"]:
            suffix = ".c" if standard.startswith("-std=c9") or standard == "-std=c11" else ".cpp"
            source = tmp_path / f"alone{suffix}"
            source.write_text(line)
            compiler = "cc" if suffix == ".c" else "c++"
            warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{include}"]
            _run([compiler, standard, *warnings, "-fsyntax-only", source])
