#!/usr/bin/env bash
# scripts/package: what it makes, what is in it, and both packages at work in a Debian that has nothing else.
# usage: package_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
source_dir=$1 build_dir=$2
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND" >&2' ERR
fail() { echo "FAILED: $*" >&2; exit 1; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
chmod 755 "$out"

# lintian has its say in there.
made=$("$source_dir/scripts/package" --build-dir "$build_dir" "$out") || fail "scripts/package ends with $?"
mapfile -t made <<<"$made"
arch=$(dpkg --print-architecture)
[[ ${#made[@]} -eq 3 && ${made[0]} == "$out"/ms2m_*_"$arch".deb && ${made[1]} == "$out"/ms2m-*-linux-*.tar.gz && ${made[2]} == "$out/SHA256SUMS" ]] ||
  fail "scripts/package made: ${made[*]}"
[[ $(find "$out" -mindepth 1 -maxdepth 1 ! -name build.log | wc -l) == 3 ]] || fail "there is more than that: $(ls "$out")"
[[ $(cd "$out" && sha256sum --strict --check SHA256SUMS) == *'.deb: OK'*$'\n'*'.tar.gz: OK' ]] || fail "SHA256SUMS is not theirs"

# holds WHAT LISTING NAME...: each of them is a line of the listing, and nothing lies elsewhere.
holds() {
  local what=$1 listing=$2 name
  shift 2
  for name; do grep -qxF -- "$name" <<<"$listing" || fail "$what has no $name"; done
}
examples=(examples/rbac.yaml examples/consumer/{README.md,consumer.py,pod.yaml,deployment.yaml,statefulset.yaml} examples/producer/producer.py)

listing=$(dpkg-deb -c "${made[0]}" | awk '{ print substr($6, 2) ($7 == "->" ? " -> " $8 : "") }')
holds "the .deb" "$listing" /usr/bin/ms2m '/usr/bin/kubectl-ms2m -> ms2m' /usr/bin/kubectl_complete-ms2m \
  /usr/share/man/man1/ms2m.1.gz /usr/share/man/man1/ms2m-node-setup.1.gz /usr/share/man/man5/ms2m-journal.5.gz /usr/share/man/man7/ms2m-protocol.7.gz '/usr/share/man/man1/kubectl-ms2m.1.gz -> ms2m.1.gz' \
  /usr/share/bash-completion/completions/ms2m /usr/share/zsh/vendor-completions/_ms2m /usr/share/fish/vendor_completions.d/ms2m.fish \
  /usr/share/doc/ms2m/copyright /usr/share/doc/ms2m/README.md "${examples[@]/#//usr/share/doc/ms2m/}"
stray=$(grep -vE '^/(usr/(bin/|share/((doc/ms2m|man/man[157]|bash-completion/completions|zsh/vendor-completions|fish/vendor_completions.d)/.*)?)?)?' <<<"$listing") || true
[[ -z $stray ]] || fail "the .deb has something elsewhere: $stray"
depends=$(dpkg-deb -f "${made[0]}" Depends)
for name in libc6 libcurl4 librabbitmq4 openssh-client; do
  [[ ", $depends" == *", $name"* ]] || fail "the .deb does not depend on $name, but on: $depends"
done

top=$(basename "${made[1]}" .tar.gz)
listing=$(tar -tzf "${made[1]}")
holds "the .tar.gz" "$listing" "$top/bin/ms2m" "$top/bin/kubectl-ms2m" "$top/bin/kubectl_complete-ms2m" "$top/INSTALL" \
  "$top/share/man/man1/ms2m.1" "$top/share/man/man1/ms2m-node-setup.1" "$top/share/man/man5/ms2m-journal.5" "$top/share/man/man7/ms2m-protocol.7" "$top/share/bash-completion/completions/ms2m" \
  "$top/share/zsh/site-functions/_ms2m" "$top/share/fish/vendor_completions.d/ms2m.fish" "$top/share/doc/ms2m/LICENSE" \
  "${examples[@]/#/$top/share/doc/ms2m/}"

# shellcheck disable=SC2016  # the inner shell expands
"$source_dir/test/scripts/fresh_root" --bind "$out:/mnt/packages" --bind "$source_dir/test/scripts:/mnt/tests" \
  -- bash /mnt/tests/package_at_work.sh /mnt/packages
