# shellcheck shell=bash
# Which tests `scripts/test --only` means. Source it after common.sh.

# split_alternatives EXPRESSION: its parts between the `|` that stand in no bracket, one a line, each behind a `=`.
split_alternatives() {
  EXPRESSION=$1 awk 'BEGIN {
    expression = ENVIRON["EXPRESSION"]
    for (i = 1; i <= length(expression); i++) {
      c = substr(expression, i, 1)
      if (c == "\\") { part = part c substr(expression, ++i, 1); continue }
      if (set) { if (c == "]" && i > begun + 1) set = 0 }
      else if (c == "[") { set = 1; begun = i }
      else if (c == "(") depth++
      else if (c == ")") depth--
      else if (c == "|" && depth == 0) { print "=" part; part = ""; continue }
      part = part c
    }
    print "=" part
  }' </dev/null
}

# named_tests BUILD_DIR CTEST-OPTION...: names of the tests that ctest would run, one a line.
named_tests() {
  local dir=$1 said
  shift
  said=$(ctest --test-dir "$dir" "$@" -N 2>&1) || die "ctest cannot list the tests of $dir: $(tail -n 1 <<<"$said")"
  sed -nE 's/^ *Test +#[0-9]+: //p' <<<"$said"
}

# chosen_tests BUILD_DIR EXPRESSION: names of the tests that EXPRESSION means, one a line. Each alternative is a label, or else a
# regular expression over names; dies when one of them means nothing, which is a test that does not exist, not one that passed.
chosen_tests() {
  local dir=$1 alternative labels names alternatives
  labels=$(ctest --test-dir "$dir" --print-labels) || die "ctest cannot list the labels of $dir"
  labels=$(sed -n 's/^  *//p' <<<"$labels")
  alternatives=$(split_alternatives "$2") || die "cannot read '$2'"
  while IFS= read -r alternative; do
    alternative=${alternative#=}
    [[ -n $alternative ]] || die "--only: an alternative of '$2' is empty"
    if grep -qxF -- "$alternative" <<<"$labels"; then
      names=$(named_tests "$dir" -L "^$(quote_regex "$alternative")\$") || exit 1
    else
      names=$(named_tests "$dir" -R "$alternative") || exit 1
    fi
    [[ -n $names ]] || die "--only: no test has the label or a name like '$alternative'"
    printf '%s\n' "$names"
  done <<<"$alternatives" | awk '!seen[$0]++'
}

# quote_regex TEXT: a regular expression that means the text itself.
# shellcheck disable=SC2001
quote_regex() { sed 's,[][()*+?.^$|\\],\\&,g' <<<"$1"; }

# any_of NAMES: a regular expression for exactly these names (one a line).
any_of() { printf '^(%s)$' "$(quote_regex "$1" | paste -sd'|')"; }
