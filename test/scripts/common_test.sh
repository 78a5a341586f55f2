#!/usr/bin/env bash
# scripts/lib/common.sh under the options that every script sets.
set -euo pipefail
source_dir=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# in_script COMMAND: runs it as a script of the project would, with $dir/bin first in PATH.
in_script() {
  PATH=$dir/bin:$PATH bash -c 'set -euo pipefail; . "$1/scripts/lib/common.sh"; eval "$2"' script "$source_dir" "$1" 2>"$dir/err"
}
mkdir "$dir/bin"
stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"; chmod +x "$dir/bin/$1"; }

# dpkg-query answers 1 for a package that it has never heard of: that one is missing, and the script goes on.
got=$(in_script 'missing_packages bash ms2m-no-such-package coreutils; echo "and on"') || fail "status $?: $(cat "$dir/err")"
[[ $got == $'ms2m-no-such-package\nand on' ]] || fail "missing_packages said: $got"
got=$(in_script 'missing_packages bash coreutils; echo "and on"') || fail "status $?"
[[ $got == "and on" ]] || fail "nothing is missing, but: $got"

# A package whose files are gone but whose settings are still there is missing.
stand_in dpkg-query 'echo "config-files cmake"; echo "installed bash"; exit 1'
got=$(in_script 'missing_packages cmake bash') || fail "status $?"
[[ $got == cmake ]] || fail "missing_packages said: $got"

# dpkg-query that does not work is no answer.
stand_in dpkg-query 'exit 2'
if in_script 'need_packages bash; echo on >&2'; then fail "went on without knowing what is installed"; fi
grep -q 'cannot tell which Debian packages are installed' "$dir/err" || fail "no cause: $(cat "$dir/err")"

# What is missing is asked for, and an apt-get that claims to have installed it is not believed.
stand_in dpkg-query 'exit 1'
stand_in apt-get 'echo "$@" >>"${0%/bin/*}/apt"'
stand_in sudo 'shift; exec "$@"'
if MS2M_APT_UPDATED=1 in_script 'install_packages() { apt-get install "$@"; }; need_packages one two; echo on >&2'; then fail "believed apt-get"; fi
[[ $(cat "$dir/apt") == 'install one two' ]] || fail "apt-get was asked: $(cat "$dir/apt")"
[[ $(tail -n 1 "$dir/err") == *'apt-get has not installed: one two' ]] || fail "the last line is no cause: $(cat "$dir/err")"
