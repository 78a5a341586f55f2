#!/usr/bin/env bash
# The completion scripts in the shells themselves: what <tab> offers in bash, zsh and fish.
# usage: shells_test.sh MS2M
set -euo pipefail
MS2M=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/state"
ln -s "$MS2M" "$work/bin/ms2m"
ln -s "$MS2M" "$work/bin/kubectl-ms2m"
cat >"$work/kubeconfig" <<'END'
apiVersion: v1
kind: Config
contexts:
- {name: "arn:aws:eks:one", context: {cluster: c, user: u}}
- {name: plain, context: {cluster: c, user: u}}
END
touch "$work/a file.pem"
export PATH=$work/bin:$PATH KUBECONFIG=$work/kubeconfig HOME=$work XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work
cd "$work"
failures=0

# expect WHAT WANTED: what was read from standard input, with a space between the words, is that.
expect() {
  local got
  got=$(paste -sd' ')
  [[ $got != "$2" ]] || return 0
  printf 'FAILED: %s: offered "%s", expected "%s"\n' "$1" "$got" "$2" >&2
  failures=$((failures + 1))
}

# in_bash WORD...: what bash offers, the words cut as readline cuts them.
in_bash() {
  bash --norc -c 'source <(ms2m completion bash)
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    read -ra registered < <(complete -p "$1")
    "${registered[2]}"
    [[ ${#COMPREPLY[@]} -eq 0 ]] || printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

# The two functions of zsh's completion system that the script calls print what they were given.
in_zsh() {
  zsh -fc 'compdef() { }
    _describe() { print -rl -- "${(P@)${@[-1]}}" }
    _files() { print files }
    compset() { }
    compadd() { print -r -- "${@[1,-3]}" "${(P)${@[-1]}}" }
    source <(ms2m completion zsh)
    words=("$@") CURRENT=$#
    _ms2m' zsh "$@"
}

in_fish() { fish --no-config -c 'ms2m completion fish | source; complete -C "$argv[1]"' "$1" | cut -f1; }

in_bash ms2m resu | expect 'bash, a command' resume
in_bash kubectl-ms2m resu | expect 'bash, the plug-in' resume
in_bash ms2m migrate --str | expect 'bash, an option' --strategy
in_bash ms2m migrate --strategy '' | expect 'bash, words' 'shadow handoff sequential replay'
in_bash ms2m migrate --strategy = ha | expect 'bash, behind =' handoff
in_bash ms2m migrate --strategy = | expect 'bash, right behind =' 'shadow handoff sequential replay'
in_bash ms2m --context '' | expect 'bash, contexts' 'arn:aws:eks:one plain'
in_bash ms2m --context arn : aws : e | expect 'bash, a context with colons' eks:one
in_bash ms2m --broker-ca 'a f' | expect 'bash, files' 'a file.pem'
in_bash ms2m list -o jsonp 2>&1 | expect 'bash, a word that goes on' jsonpath=
bash --norc -c 'source <(ms2m completion bash)
  compopt() { printf "%s " "$@"; }
  COMP_WORDS=(ms2m list -o jsonp) COMP_CWORD=3
  _ms2m' | expect 'bash, no space behind =' '-o nospace '
in_bash ms2m abort '' | expect 'bash, no migration' ''

in_zsh ms2m resu | sed 's/:.*//' | expect 'zsh, a command' resume
in_zsh ms2m migrate --strategy '' | expect 'zsh, words' 'shadow handoff sequential replay'
in_zsh ms2m migrate --strategy=ha | expect 'zsh, behind =' --strategy=handoff
in_zsh ms2m --context ar | expect 'zsh, a context with colons' 'arn\:aws\:eks\:one'
in_zsh ms2m list -o jsonp | expect 'zsh, no space behind =' '-S  jsonpath= '
in_zsh ms2m --kubeconfig '' | expect 'zsh, files' files

in_fish 'ms2m resu' | expect 'fish, a command' resume
in_fish 'ms2m migrate --strategy ' | sort | expect 'fish, words' 'handoff replay sequential shadow'
in_fish 'ms2m migrate --strategy=ha' | expect 'fish, behind =' --strategy=handoff
in_fish 'ms2m --context ar' | expect 'fish, a context with colons' arn:aws:eks:one
in_fish 'ms2m --kubeconfig kubec' | expect 'fish, files' kubeconfig

# No kubeconfig, no cluster: nothing is offered, nothing is said, nobody waits long.
start=$SECONDS
KUBECONFIG=$work/none in_bash ms2m check '' 2>&1 | expect 'no kubeconfig' ''
cat >"$work/silent" <<'END'
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
END
KUBECONFIG=$work/silent in_bash ms2m check '' 2>&1 | expect 'a cluster that does not answer' ''
[[ $((SECONDS - start)) -le 30 ]] || { printf 'FAILED: completion waited %s s\n' $((SECONDS - start)) >&2; failures=$((failures + 1)); }

[[ $failures -eq 0 ]]
