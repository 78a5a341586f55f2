#!/usr/bin/env bash
# The manual pages of the single commands: made from the manual and the program, each for a command, all without a warning.
# usage: command_pages_test.sh MS2M SOURCE_DIR
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$2/scripts/lib/package/command_pages" "$1" "$2/man/ms2m.1" "$work"
mapfile -t names < <("$1" __man)
pages=("$work"/*.1)
[[ ${#names[@]} -ge 20 && ${#pages[@]} -eq ${#names[@]} ]] || { echo "${#names[@]} commands, ${#pages[@]} pages" >&2; exit 1; }
mandoc -T lint -W warning,stop "${pages[@]}"
mandoc -T ascii "$work/ms2m-drain.1" | sed 's/.\x08//g' >"$work/drain"
for text in 'ms2m drain node' 'Move every pod of a node' '--parallel' 'ms2m drain worker-1 --dry-run'; do
  grep -qF -- "$text" "$work/drain" || { echo "ms2m-drain.1 lacks: $text" >&2; exit 1; }
done
# Prose speaks of ms2m, whatever the page's own name is.
for page in "${pages[@]}"; do
  name=$(basename "$page" .1)
  if sed '1,/^\.Sh DESCRIPTION/d' "$page" | grep -nE '^\.Nm( [^m]|$)'; then
    echo "$name.1 calls ms2m by the page's name" >&2
    exit 1
  fi
done
mandoc -T ascii "$work/ms2m-abort.1" | sed 's/.\x08//g' | tr -s ' \n' ' ' >"$work/abort"
grep -qF 'End a migration whose ms2m crashed' "$work/abort" || { echo "ms2m-abort.1 speaks of another program" >&2; exit 1; }
