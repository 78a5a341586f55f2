#!/usr/bin/env bash
# Run as root in a minimal Debian by package_test.sh: installs the .deb with what it depends on and nothing else, uses it as its
# users do, removes it; then the .tar.gz. Everything there may be changed.
# usage: package_at_work.sh PACKAGES-DIR
set -euo pipefail
packages=$1
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND" >&2' ERR
fail() { echo "FAILED: $*" >&2; exit 1; }
install() {
  apt-get install -y -q --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; fail "apt-get install $*"; }
}
# says WHAT WANTED: standard input is that, its lines with a space between them.
says() {
  local got
  got=$(paste -sd' ')
  [[ $got == "$2" ]] || fail "$1: \"$got\", expected \"$2\""
}
export DEBIAN_FRONTEND=noninteractive HOME=/tmp/home
mkdir -p "$HOME"
apt-get update -q >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; fail "apt-get update"; }
version=$(dpkg-deb -f "$packages"/*.deb Version)

install "$packages"/*.deb
ms2m version | says "ms2m version" "ms2m $version"
dpkg --verify ms2m | says "dpkg --verify" ''
for program in bash zsh fish kubectl; do
  [[ $program == bash ]] || ! command -v "$program" >/dev/null || fail "$program came with ms2m: this root is no proof"
done

# kubectl itself, of an age before `kubectl completion` knew plug-ins; the program that newer ones ask is called as they call it.
install kubernetes-client bash-completion zsh fish
kubectl ms2m version | says "kubectl ms2m version" "ms2m $version"
kubectl_complete-ms2m migrate --strategy ha | head -n 1 | says "kubectl's completion" handoff

# Each shell finds the completion by itself, as for any program.
bash --norc -c '. /usr/share/bash-completion/bash_completion
  _completion_loader ms2m
  read -ra registered < <(complete -p ms2m)
  COMP_WORDS=(ms2m migrate --strategy ha) COMP_CWORD=3
  "${registered[2]}"
  printf "%s\n" "${COMPREPLY[@]}"' | says bash handoff
zsh -fc 'autoload -Uz compinit; compinit -D; print $_comps[ms2m]; autoload +X _ms2m && print loaded' | says zsh '_ms2m loaded'
fish -c 'complete -C "ms2m migrate --strategy ha"' | cut -f1 | says fish handoff

dpkg --purge ms2m >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log >&2; fail "dpkg --purge"; }
find / -xdev -not -path '/proc/*' -not -path '/mnt/*' -not -path '/tmp/*' \( -name '*ms2m*' -o -type l -lname '*ms2m*' \) | says "left after its removal" ''

# The archive says how; what its libraries need is still here.
tar -C /tmp -xzf "$packages"/*.tar.gz
cp -r /tmp/ms2m-*/bin /tmp/ms2m-*/share /usr/local/
hash -r
command -v ms2m | says "which ms2m" /usr/local/bin/ms2m
kubectl ms2m version | says "kubectl ms2m version, from the archive" "ms2m $version"
