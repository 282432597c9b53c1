# SPDX-License-Identifier: Apache-2.0
"""Programs of other Debian packages, unpacked and never installed.

A package and what it depends on, as far as this machine lacks it, lie in a tree of ours. A program
sees the tree over /usr, in a mount namespace of its own: it finds its libraries, helpers and data
where it was built to look for them. No account and no service comes of it.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile

from lab import debian

_TREES = debian.REPOSITORY / "build" / "debian-packages"


def unpacked(name: str) -> pathlib.Path:
    """The tree of a package; fetched and unpacked at the first call, by one process at a time."""
    tree = pathlib.Path(os.environ.get("SCACHE_PACKAGE_TREES") or _TREES).absolute() / name
    if tree.exists():
        return tree
    tree.parent.mkdir(parents=True, exist_ok=True)
    with debian.locked(tree.parent / f".{name}.lock"):
        if not tree.exists():
            _fill(name, tree)
    return tree


def inside(tree: pathlib.Path, accounts: pathlib.Path) -> list[str]:
    """The words before a command that sees the tree over /usr, and the files `passwd` and `group`
    of a folder in /etc. Only root can run them.
    """
    mounts = f"mount -t overlay overlay -o lowerdir={tree}/usr:/usr /usr"
    for name in ("passwd", "group"):
        mounts += f" && mount --bind {accounts}/{name} /etc/{name}"
    return ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "inside"]


def _fill(name: str, tree: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=tree.parent) as scratch_name:
        scratch = pathlib.Path(scratch_name)
        fresh = scratch / "tree"
        (fresh / "usr").mkdir(parents=True)
        for package in debian.downloaded(scratch, name):
            debian.run(["dpkg-deb", "-x", str(package), str(fresh)], scratch)
        # Packages from before the merge of /lib into /usr/lib.
        for folder in ("lib", "bin", "sbin"):
            if (fresh / folder).is_dir():
                shutil.copytree(
                    fresh / folder, fresh / "usr" / folder, symlinks=True, dirs_exist_ok=True
                )
        fresh.chmod(0o755)
        fresh.rename(tree)
