#!/usr/bin/env bash
# What `need_packages` has to have brought, by the names under which it is called. A package that is left out of the lists of
# scripts/lib/common.sh is red here in a root that has nothing else.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
missing=()
for program in cmake ninja g++ pkg-config ccache git mandoc python3 jq curl openssl ssh ssh-keygen sshd debootstrap ip unshare \
  nsenter setpriv findmnt flock ss ps xz zsh fish skopeo podman gnuplot lintian dpkg-shlibdeps objdump /usr/lib/rabbitmq/bin/rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmqctl; do
  command -v "$program" >/dev/null || missing+=("$program")
done
for module in pika yaml; do /usr/bin/python3 -c "import $module" 2>/dev/null || missing+=("python3's $module"); done
[[ ${#missing[@]} -eq 0 ]] || { echo "not there: ${missing[*]}" >&2; exit 1; }
