#!/usr/bin/env bash
# `scripts/test --smoke` in a Debian that has nothing: it installs its packages, builds ms2m, runs `ms2m version` and looks for what
# tests need. What is missing in the lists of scripts/lib/common.sh is red here, whatever this machine happens to have.
# usage: fresh_test.sh SOURCE_DIR
set -euo pipefail
source_dir=$1
fresh_root=$source_dir/test/scripts/fresh_root
mounts=(--bind "$source_dir:/mnt/source")

# Compiled is what the compiler of that root makes of the same files under the same names: mostly what this machine's ccache has.
cache=$(ccache --get-config cache_dir)
if [[ -d $cache ]]; then
  mounts+=(--bind "$cache:/mnt/ccache")
  settings=$(ccache --show-config | sed -nE 's/^\([^)]*\) ((base_dir|compiler_check|hash_dir|sloppiness) = .*)/\1/p')
  export CCACHE_SETTINGS=$settings$'\ncache_dir = /mnt/ccache\nread_only = true\nstats = false\ntemporary_dir = /tmp'
fi

# shellcheck disable=SC2016  # the inner shell expands
FRESH_ROOT_ENV=CCACHE_SETTINGS exec "$fresh_root" "${mounts[@]}" -- bash -c '
  set -euo pipefail
  mkdir -p "$1"
  tar -C /mnt/source --exclude=./build --exclude-vcs -c . | tar -C "$1" -x --no-same-owner
  printf "%s\n" "${CCACHE_SETTINGS:-}" >/etc/ccache.conf
  cd "$1"
  [[ ! -e /etc/hosts ]] || { echo "this root is no proof: it has /etc/hosts" >&2; exit 1; }
  CMAKE_BUILD_PARALLEL_LEVEL=2 scripts/test --smoke
  getent hosts localhost >/dev/null || { echo "nothing there is called localhost" >&2; exit 1; }
  version=$(build/dev/src/ms2m version)
  [[ $version == ms2m\ [0-9]* ]] || { echo "ms2m version said: $version" >&2; exit 1; }' fresh "$source_dir"
