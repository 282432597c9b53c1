#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/machine.sh [--fresh] RELEASE COMMAND...: ./dev COMMAND... on a machine of that Debian
# release: a directory made by debootstrap, which has its own packages, processes and mounts and this
# machine's kernel and network. build/machines/RELEASE.new is what debootstrap made, and
# build/machines/RELEASE what the commands since made of it; --fresh starts again from the former.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fresh=no
[ "${1:-}" != --fresh ] || { fresh=yes; shift; }
release=${1:?"usage: ./dev on [--fresh] RELEASE COMMAND..."}
shift
machine=$here/build/machines/$release
mkdir -p "$(dirname "$machine")"

[ "$(id -u)" = 0 ] || { echo "./dev on makes a machine: it needs root" >&2; exit 1; }

# One command at a time: a second one waits.
exec 9>"$machine.lock"
flock 9

# mirror LABEL: where this machine's apt gets packages of that kind.
mirror() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" | sed -n 1p; }

make_new() {
  echo "==> making a Debian machine: $release" >&2
  rm -rf "$machine.part"
  local packages security
  [ -n "$(mirror Debian)" ] || apt-get update -qq
  packages=$(mirror Debian)
  security=$(mirror Debian-Security)
  debootstrap --variant=minbase --include=ca-certificates "$release" "$machine.part" $packages \
    >"$machine.log" 2>&1 || { tail -n 20 "$machine.log" >&2; exit 1; }
  # How packages are fetched here: proxies, who is trusted.
  apt-config dump | grep '^Acquire::' >"$machine.part/etc/apt/apt.conf.d/90machine"
  cp -a /etc/apt/auth.conf.d/. "$machine.part/etc/apt/auth.conf.d/"
  if [ -n "$packages" ]; then
    echo "deb $packages $release main"
    echo "deb $packages $release-updates main"
    [ -z "$security" ] || echo "deb $security $release-security main"
  fi >"$machine.part/etc/apt/sources.list"
  mv "$machine.part" "$machine.new"
}

[ -d "$machine.new" ] || make_new
[ "$fresh" = no ] || rm -rf "$machine"
[ -d "$machine" ] || { cp -a "$machine.new" "$machine.part"; mv "$machine.part" "$machine"; }
cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"

# What is here, committed or not, becomes a commit there; files that are the same keep their times.
source=$machine/root/scache
commit() {
  local index
  index=$(mktemp)
  cp "$(git rev-parse --git-path index)" "$index"
  GIT_INDEX_FILE=$index git add -A
  git -c user.name=dev -c user.email=dev@localhost \
    commit-tree -p HEAD -m "What is here" "$(GIT_INDEX_FILE=$index git write-tree)"
  rm "$index"
}
cd "$here"
[ -d "$source" ] || git init -q "$source"
git push -qf "$source" "$(commit):refs/heads/here"
git -C "$source" checkout -qf --detach here

# Whatever is mounted or started there is gone with its first process.
unshare --mount --pid --fork --kill-child bash -euc '
  machine=$1
  shift
  # Its root is a mount point, as on other machines: unshare(1) needs one.
  mount --bind "$machine" "$machine"
  mount --rbind /dev "$machine/dev"
  mount --rbind /sys "$machine/sys"
  mount -t proc proc "$machine/proc"
  mount -t tmpfs -o mode=755 tmpfs "$machine/run"
  exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 TERM="${TERM:-dumb}" chroot "$machine" /root/scache/dev "$@"
' machine "$machine" "$@" 9>&-
