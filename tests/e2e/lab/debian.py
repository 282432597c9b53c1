# SPDX-License-Identifier: Apache-2.0
"""Debian's postfix package, unpacked in a directory of ours and never installed.

The package stays where it is put: no account, no service and no file of the machine's own mail
system comes of it. The programs find their libraries by way of LD_LIBRARY_PATH.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
_DEFAULT_TREE = REPOSITORY / "build" / "debian-postfix" / "tree"


class CannotUnpack(RuntimeError):
    """The package could not be fetched or unpacked; the text says what to do about it."""


def unpacked() -> pathlib.Path:
    """The package's tree; fetched and unpacked at the first call, by one process at a time.

    SCACHE_POSTFIX_TREE names another place, filled in the same way when it is empty.
    """
    tree = pathlib.Path(os.environ.get("SCACHE_POSTFIX_TREE") or _DEFAULT_TREE).absolute()
    if _complete(tree):
        return tree
    tree.parent.mkdir(parents=True, exist_ok=True)
    with locked(tree.parent / f".{tree.name}.lock"):
        if not _complete(tree):
            _fill(tree)
    return tree


def libraries(tree: pathlib.Path) -> pathlib.Path:
    """Where the programs' own libraries lie: the value of LD_LIBRARY_PATH."""
    return tree / "usr/lib/postfix"


def daemons(tree: pathlib.Path) -> pathlib.Path:
    """The daemon directory: master, smtp, scache and the others."""
    return tree / "usr/lib/postfix/sbin"


def commands(tree: pathlib.Path) -> pathlib.Path:
    """The command directory: postfix, postconf and the others."""
    return tree / "usr/sbin"


@functools.cache
def default(parameter: str) -> str:
    """What a parameter is where main.cf says nothing of it."""
    tree = unpacked()
    return subprocess.run(
        [commands(tree) / "postconf", "-dh", parameter],
        env={"LD_LIBRARY_PATH": str(libraries(tree))}, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def release() -> str:
    """Which Postfix it is: 3.7, 3.10."""
    return ".".join(default("mail_version").split(".")[:2])


def _complete(tree: pathlib.Path) -> bool:
    # The tree appears by one rename, so that what is there at all is whole.
    return (daemons(tree) / "master").exists() and (commands(tree) / "postconf").exists()


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[None]:
    """Nobody else who locks this file is in the block."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(tree: pathlib.Path) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise CannotUnpack(f"{tool} is missing: the live tests need Debian's postfix package")
    with tempfile.TemporaryDirectory(prefix=".postfix-", dir=tree.parent) as name:
        scratch = pathlib.Path(name)
        package = _download(scratch)
        fresh = scratch / "tree"
        run(["dpkg-deb", "-x", str(package), str(fresh)], scratch)
        if not _complete(fresh):
            raise CannotUnpack(f"{package.name} does not hold the programs that Postfix is made of")
        if tree.is_dir() and not any(tree.iterdir()):
            tree.rmdir()
        fresh.chmod(0o755)
        fresh.rename(tree)


def _download(scratch: pathlib.Path) -> pathlib.Path:
    # apt reads this directory under an account of its own when root calls it.
    scratch.chmod(0o755)
    problems: list[str] = []
    for options in (None, _private_lists(scratch)):
        try:
            if options:
                run(["apt-get", *options, "update"], scratch)
            run(["apt-get", *(options or []), "download", "postfix"], scratch)
        except CannotUnpack as problem:
            problems.append(str(problem))
            continue
        found = sorted(scratch.glob("postfix_*.deb"))
        if found:
            return found[0]
        problems.append("apt-get download succeeded, but there is no file postfix_*.deb")
    raise CannotUnpack(
        "Debian's postfix package cannot be fetched; is the package registry reachable?\n"
        + "\n".join(problems)
    )


def downloaded(scratch: pathlib.Path, name: str) -> list[pathlib.Path]:
    """The files of a package and of what it depends on, as far as this machine lacks it."""
    scratch.chmod(0o755)
    archives = scratch / "archives"
    words = ["-y", "--download-only", "--no-install-recommends"]
    words += ["-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1"]
    problems: list[str] = []
    for options in ([], _private_lists(scratch)):
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        try:
            if options:
                run(["apt-get", *options, "update"], scratch)
            run(["apt-get", *options, *words, "install", name], scratch)
        except CannotUnpack as problem:
            problems.append(str(problem))
            continue
        return sorted(archives.glob("*.deb"))
    raise CannotUnpack(f"Debian's package {name} cannot be fetched:\n" + "\n".join(problems))


def _private_lists(scratch: pathlib.Path) -> list[str]:
    """Options for package lists of our own, for a machine whose lists are missing or too old."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    return [
        "-o", f"Dir::State::Lists={scratch}/lists",
        "-o", f"Dir::Cache={scratch}/cache",
        "-o", "Debug::NoLocking=1",
    ]  # fmt: skip


def run(words: list[str], where: pathlib.Path) -> None:
    """Runs a command that must succeed."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        words, cwd=where, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise CannotUnpack(f"{' '.join(words)}: status {done.returncode}\n{done.stdout.strip()}")


if __name__ == "__main__":
    print(unpacked())
