# shellcheck shell=bash
# Shared by every script of the project: messages, package installation, becoming root.
# Source it; it sets nothing beside functions and the constants below.

# What each job needs from Debian. One list a job; `need_packages` takes any of them.
# shellcheck disable=SC2034
{
  BUILD_PACKAGES=(cmake ninja-build g++ pkg-config ccache git ca-certificates
    libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libssl-dev libcurl4-openssl-dev librabbitmq-dev
    libcpp-httplib-dev libbrotli-dev zlib1g-dev libcli11-dev catch2)
  TEST_PACKAGES=(mandoc python3 python3-pika python3-yaml jq curl openssl openssh-client openssh-server)
  LAB_PACKAGES=(debootstrap rabbitmq-server openssl openssh-client iproute2 util-linux procps curl jq xz-utils
    python3 python3-pika)
}

say()  { printf '%s\n' "$*" >&2; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die()  { warn "$*"; exit 1; }

# Runs the given command as root: directly, or through sudo.
as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo -- "$@"; fi
}

# Prints those of the named Debian packages that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | awk '$2 == "installed" { print $1 }')
  comm -13 <(sort -u <<<"$installed") <(printf '%s\n' "$@" | sort -u)
}

# need_packages NAME...: installs those that are missing; asks the network for nothing when none is.
# No service that comes with a package is started; those of RabbitMQ and sshd are not left enabled either.
need_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing Debian packages: ${missing[*]}"
  apt_update_once
  as_root env DEBIAN_FRONTEND=noninteractive bash -c '
    set -euo pipefail
    policy=/usr/sbin/policy-rc.d made=
    if [[ ! -e $policy ]]; then
      printf "#!/bin/sh\nexit 101\n" >"$policy"; chmod 755 "$policy"; made=1
    fi
    trap '\''[[ -z $made ]] || rm -f "$policy"'\'' EXIT
    apt-get install -y -q --no-install-recommends "$@" </dev/null
    for name in "$@"; do
      case $name in
        rabbitmq-server) units="rabbitmq-server epmd.socket epmd" ;;
        openssh-server) units=ssh ;;
        *) continue ;;
      esac
      for unit in $units; do
        update-rc.d "${unit%.*}" disable >/dev/null 2>&1 || true
        ! command -v systemctl >/dev/null || systemctl disable "$unit" >/dev/null 2>&1 || true
      done
    done' need_packages "${missing[@]}" >&2
}

apt_update_once() {
  [[ -z ${MS2M_APT_UPDATED:-} ]] || return 0
  as_root apt-get update -q >&2 || die "apt-get update failed; is a Debian mirror reachable?"
  export MS2M_APT_UPDATED=1
}

# Archive URIs that may serve other suites of Debian, best first, read from the machine's own apt configuration.
# apt reads both list styles itself. A dated snapshot path also yields the undated path on the same host.
apt_archives() {
  local codename uri
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  {
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
      awk -v suite="$codename" '$1 == suite || $1 ~ "^(stable|testing|unstable|sid)$" { print $2 }'
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages'
  } | sed 's,/*$,,' | grep -v -- '-security' | awk '!seen[$0]++' | while read -r uri; do
    printf '%s\n' "$uri"
    if [[ $uri =~ ^([a-z]+://[^/]+).*/[0-9]{8}T[0-9]{6}Z$ ]]; then printf '%s/debian\n' "${BASH_REMATCH[1]}"; fi
  done | awk '!seen[$0]++'
}

# Debian's name for this machine's architecture.
deb_arch() { dpkg --print-architecture; }
