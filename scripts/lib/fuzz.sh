# shellcheck shell=bash
# `scripts/test --fuzz`. Source it after common.sh.

# fuzz_targets_of FILE EXPRESSION: names of FILE, one a line, that EXPRESSION, a regular expression for the whole of a name, means;
# all of them when it is empty. Dies when it means none.
fuzz_targets_of() {
  local names
  names=$(grep -Ex -- "${2:-.*}" "$1") || die "--only: no fuzz target has a name like '$2'"
  printf '%s\n' "$names"
}

# fuzz_one BUILD_DIR TARGET SECONDS: libFuzzer with the target's seeds, and what earlier runs have found out (BUILD_DIR/corpus). Says
# how it went; fails when there was a finding, whose input is in BUILD_DIR/findings then.
fuzz_one() {
  local dir=$1 target=$2 seconds=$3 corpus=$1/corpus/$2 findings=$1/findings/$2 log=$1/fuzz-$2.log status=0
  mkdir -p "$corpus" "$findings"
  "$dir/test/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -artifact_prefix="$findings/" "$corpus" \
    "$dir/test/fuzz/seeds/$target" >"$log" 2>&1 </dev/null || status=$?
  if [[ $status -ne 0 ]]; then
    warn "fuzz target $target: status $status, the input is in $findings, the log is $log:"
    { grep -E -m 12 '^(terminate|  what|broken|==[0-9]+==|SUMMARY|.*runtime error|ALARM|    #[0-9] )' "$log" || tail -n 12 "$log"; } >&2
    return 1
  fi
  rmdir --ignore-fail-on-non-empty "$findings"
  say "$target: $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 inputs in \2 s/p' "$log"), no finding"
}

# fuzz_all BUILD_DIR SECONDS EXPRESSION: each of the targets, one after the other.
fuzz_all() {
  local dir=$1 target found=() targets
  targets=$(fuzz_targets_of "$dir/fuzz-targets" "$3") || exit 1
  for target in $targets; do fuzz_one "$dir" "$target" "$2" || found+=("$target"); done
  [[ ${#found[@]} -eq 0 ]] || die "findings in: ${found[*]}"
  say "fuzz: $(wc -l <<<"$targets") targets, $2 s each, no finding"
}
