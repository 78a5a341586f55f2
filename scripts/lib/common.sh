# shellcheck shell=bash
# Shared by every script of the project: messages, package installation, becoming root.
# Source it; it sets nothing beside functions and the constants below.

# What each job needs from Debian. One list a job; `need_packages` takes any of them.
# shellcheck disable=SC2034
{
  BUILD_PACKAGES=(cmake ninja-build g++ pkg-config ccache git ca-certificates
    libfmt-dev nlohmann-json3-dev libyaml-cpp-dev libssl-dev libcurl4-openssl-dev librabbitmq-dev libpcre2-dev libzstd-dev
    libcpp-httplib-dev libbrotli-dev zlib1g-dev libcli11-dev catch2)
  TEST_PACKAGES=(mandoc python3 python3-pika python3-yaml jq curl openssl openssh-client openssh-server
    zsh fish skopeo podman gnuplot-nox docker-registry)
  PACKAGE_PACKAGES=(dpkg-dev file binutils gzip lintian)
  LAB_PACKAGES=(debootstrap rabbitmq-server openssl openssh-client iproute2 util-linux procps curl jq xz-utils
    python3 python3-pika python3-yaml docker-registry)
  BENCH_PACKAGES=(python3 python3-pika python3-yaml gnuplot-nox libfaketime)
  BROWSER_PACKAGES=(chromium)
  FUZZ_PACKAGES=(clang libclang-rt-dev)
}

say()  { printf '%s\n' "$*" >&2; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
# die CAUSE: says it and ends the shell. FAILURE, when set, names a file that keeps the causes for whoever ends last.
die() {
  warn "$*"
  [[ -z ${FAILURE:-} ]] || printf '%s\n' "$*" >>"$FAILURE" || true
  exit 1
}

# Runs the given command as root: directly, or through sudo.
as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; return; fi
  command -v sudo >/dev/null || die "needs root: run it as root, or install sudo"
  sudo -- "$@"
}

# missing_packages NAME...: prints those of the named Debian packages that are not installed. dpkg-query answers 1 when it has
# never heard of one of them, which is an answer here; whatever else goes wrong is an error, not an empty list.
missing_packages() {
  local listed status=0
  listed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || status=$?
  if [[ $status -gt 1 ]]; then
    warn "dpkg-query failed with exit status $status"
    return "$status"
  fi
  printf '%s\n' "$@" | LC_ALL=C sort -u |
    LC_ALL=C comm -13 <(sed -n 's/^installed //p' <<<"$listed" | LC_ALL=C sort -u) -
}

# need_packages NAME...: installs those that are missing; asks the network for nothing when none is.
# No service that comes with a package is started; those of RabbitMQ, sshd and docker-registry are not left enabled either.
need_packages() {
  local list missing start=$SECONDS
  list=$(missing_packages "$@") || die "cannot tell which Debian packages are installed"
  [[ -n $list ]] || return 0
  mapfile -t missing <<<"$list"
  say "installing Debian packages: ${missing[*]}"
  apt_update_once
  install_packages "${missing[@]}"
  list=$(missing_packages "$@") || die "cannot tell which Debian packages are installed"
  [[ -z $list ]] || die "apt-get has not installed: ${list//$'\n'/ }"
  say "packages installed in $((SECONDS - start)) s"
}

install_packages() {
  # shellcheck disable=SC2016  # the inner shell expands
  as_root env DEBIAN_FRONTEND=noninteractive bash -c '
    set -euo pipefail
    policy=/usr/sbin/policy-rc.d made=
    if [[ ! -e $policy ]]; then
      printf "#!/bin/sh\nexit 101\n" >"$policy"; chmod 755 "$policy"; made=1
    fi
    trap '\''[[ -z $made ]] || rm -f "$policy"'\'' EXIT
    apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 install -y -q --no-install-recommends "$@" </dev/null
    for name in "$@"; do
      case $name in
        rabbitmq-server) units="rabbitmq-server epmd.socket epmd" ;;
        openssh-server) units=ssh ;;
        docker-registry) units=docker-registry ;;
        *) continue ;;
      esac
      for unit in $units; do
        update-rc.d "${unit%.*}" disable >/dev/null 2>&1 || true
        ! command -v systemctl >/dev/null || systemctl disable "$unit" >/dev/null 2>&1 || true
      done
    done' install_packages "$@" >&2 || die "apt-get install failed; what it said stands above"
}

# need_localhost: a Debian that debootstrap alone has made has no /etc/hosts, and nothing there can be called localhost.
need_localhost() {
  [[ ! -e /etc/hosts ]] || ! getent hosts localhost >/dev/null || return 0
  say "this machine does not know localhost: adding it to /etc/hosts"
  as_root sh -c 'printf "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" >>/etc/hosts' || die "cannot write /etc/hosts"
}

apt_update_once() {
  [[ -z ${MS2M_APT_UPDATED:-} ]] || return 0
  as_root apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 update -q >&2 || die "apt-get update failed; is a Debian mirror reachable?"
  export MS2M_APT_UPDATED=1
}

# Archive URIs that may serve other suites of Debian, best first, read from the machine's own apt configuration.
# apt reads both list styles itself, but tells of sources only when it has their lists. A dated snapshot path also yields the
# undated path on the same host.
apt_archives() {
  local codename known
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  known=$(apt_sources) || return 1
  if [[ -z $known ]]; then
    apt_update_once
    known=$(apt_sources) || return 1
  fi
  awk -v suite="$codename" '
    $2 ~ /-security/ { next }
    { sub(/\/*$/, "", $2) }
    $1 == suite || $1 ~ /^(stable|testing|unstable|sid)$/ { best[++n] = $2; next }
    { other[++m] = $2 }
    function show(uri,   host) {
      if (!seen[uri]++) print uri
      if (uri ~ /\/[0-9]+T[0-9]+Z$/ && match(uri, /^[a-z]+:\/\/[^\/]+/)) {
        host = substr(uri, 1, RLENGTH) "/debian"
        if (!seen[host]++) print host
      }
    }
    END { for (i = 1; i <= n; i++) show(best[i]); for (i = 1; i <= m; i++) show(other[i]) }' <<<"$known"
}

# One "SUITE URI" a line.
# shellcheck disable=SC2016  # apt-get expands
apt_sources() { apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages'; }

# Debian's name for this machine's architecture.
deb_arch() { dpkg --print-architecture; }
