#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/tidy.sh [FILE...]: clang-tidy over sources, if none is named over all that users run. A file
# that was found good is not looked at again until it, or what it includes, changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
good=$PWD/build/tidy
mkdir -p "$good"
options=(-std=c++23 -D_GNU_SOURCE '-DSCACHE_VERSION="0"' '-DSCACHE_BUILD="0"' -DSCACHE_VECTORS='""' -Isrc -Iinclude -Itests -Ifuzz
  -Wall -Wextra -Wconversion -Wshadow)

tidy_one() {
  local file=$1 key
  shift
  key=$({ cat .clang-tidy src/.clang-tidy; clang++-19 "$@" -E "$file"; } | sha256sum | cut -c-40)
  [ ! -e "$good/$key" ] || return 0
  clang-tidy-19 --quiet "$file" -- "$@" 2>"$good/$key.log" || { cat "$good/$key.log" >&2; return 1; }
  mv "$good/$key.log" "$good/$key"
}
export -f tidy_one
export good

[ $# -gt 0 ] || set -- $(git ls-files 'src/*.cpp')
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' bash -c 'tidy_one "$@"' tidy '{}' "${options[@]}"
