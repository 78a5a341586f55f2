#!/usr/bin/env bash
# scripts/lib/select.sh: what `scripts/test --only` means, asked of a build directory with known tests; and scripts/lib/fuzz.sh.
set -euo pipefail
source_dir=$1
fail() { echo "FAILED: $*" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/CTestTestfile.cmake" <<'END'
add_test(e2e_silent "true")
add_test(e2e_limits "true")
add_test(unit_a+b "true")
add_test(case_07 "true")
set_tests_properties(e2e_silent e2e_limits PROPERTIES LABELS "e2e;lab")
set_tests_properties(case_07 PROPERTIES LABELS cases)
END
chosen() { bash -c 'set -euo pipefail; . "$1/scripts/lib/common.sh"; . "$1/scripts/lib/select.sh"; chosen_tests "$2" "$3"' test "$source_dir" "$dir" "$1" 2>"$dir/err"; }
means() {
  local got
  got=$(chosen "$1") || fail "'$1': $(cat "$dir/err")"
  [[ $(tr '\n' ' ' <<<"$got") == "$2 " ]] || fail "'$1' means: $got"
}
refused() {
  if chosen "$1" >/dev/null; then fail "'$1' was accepted"; fi
  [[ $(tail -n 1 "$dir/err") == *"$2"* ]] || fail "'$1': $(cat "$dir/err")"
}
means 'silent|limits' 'e2e_silent e2e_limits'
means 'cases|silent' 'case_07 e2e_silent'
means 'lab' 'e2e_silent e2e_limits'
means 'e2e|silent' 'e2e_silent e2e_limits'
means 'e2e_(silent|limits)$' 'e2e_silent e2e_limits'
means 'a[+|]b' 'unit_a+b'
refused 'silent|nonesuch' "like 'nonesuch'"
refused 'nonesuch' "like 'nonesuch'"
refused 'silent|' 'is empty'

# And what is chosen is what ctest runs.
names=$(bash -c '. "$1/scripts/lib/select.sh"; any_of "$2"' test "$source_dir" $'unit_a+b\ncase_07')
[[ $(ctest --test-dir "$dir" -N -R "$names" | sed -n 's/^Total Tests: //p') == 2 ]] || fail "ctest does not find $names"

# Which fuzz targets, and that a finding is one: the target's status and its input tell.
printf 'journal\nkube_watch\nkube_answers\n' >"$dir/fuzz-targets"
in_fuzz() { bash -c 'set -euo pipefail; . "$1/scripts/lib/common.sh"; . "$1/scripts/lib/fuzz.sh"; eval "$3"' test "$source_dir" "$dir" "$1" 2>"$dir/err"; }
# shellcheck disable=SC2016  # the inner shell expands
[[ $(in_fuzz 'fuzz_targets_of "$2/fuzz-targets" "kube_.*"' | tr '\n' ' ') == 'kube_watch kube_answers ' ]] || fail "fuzz targets: $(cat "$dir/err")"
[[ $(in_fuzz 'fuzz_targets_of "$2/fuzz-targets" ""' | wc -l) == 3 ]] || fail "not every fuzz target"
if in_fuzz 'fuzz_targets_of "$2/fuzz-targets" kube'; then fail "a part of a name was accepted"; fi
mkdir -p "$dir/test/fuzz"
for target in journal kube_watch kube_answers; do printf '#!/bin/sh\necho "Done 17 runs in 1 second(s)"\n' >"$dir/test/fuzz/fuzz_$target"; done
chmod +x "$dir"/test/fuzz/*
in_fuzz 'fuzz_all "$2" 1 ""' || fail "no finding, and yet: $(cat "$dir/err")"
[[ $(tail -n 1 "$dir/err") == 'fuzz: 3 targets, 1 s each, no finding' ]] || fail "said: $(cat "$dir/err")"
printf '#!/bin/sh\necho "broken: a thing"; exit 77\n' >"$dir/test/fuzz/fuzz_journal"
if in_fuzz 'fuzz_all "$2" 1 ""'; then fail "a finding was none"; fi
grep -q 'broken: a thing' "$dir/err" || fail "not what it was: $(cat "$dir/err")"
grep -q 'kube_watch: 17 inputs' "$dir/err" || fail "the others were not run: $(cat "$dir/err")"
[[ $(tail -n 1 "$dir/err") == *'findings in: journal' ]] || fail "said: $(cat "$dir/err")"
