# shellcheck shell=bash
# The nodes' root file system: Debian with CRIU >= 4.2 (older ones cannot dump on current kernels), made once by
# debootstrap and kept in $CACHE. The nodes use it read-only, below an overlay each.

ROOT_SUITES=(forky sid)
ROOT_CRIU_MIN=4.2
ROOT_PACKAGES=(openssh-server crun runc containerd criu libcriu2 podman skopeo iptables nftables iproute2 netavark procps iputils-ping
  containernetworking-plugins python3 python3-pika tini ca-certificates curl)
ROOT_LAYOUT=3   # raise to have cached roots made again

root_stamp() {
  printf '%s\n' "$ROOT_LAYOUT" "$(deb_arch)" "${ROOT_SUITES[@]}" "${ROOT_PACKAGES[@]}" | sha256sum | cut -c1-12
}
root_dir() { printf '%s/root-%s' "$CACHE" "$(root_stamp)"; }

# Sets ROOT_ARCHIVE and ROOT_SUITE: the first ones whose CRIU is new enough. Dies with what each of them answered.
find_root_archive() {
  local archives archive suite answer said=''
  archives=$(apt_archives) || die "apt-get does not say what this machine's package sources are"
  [[ -n $archives ]] || die "this machine's apt configuration has no Debian mirror"
  for suite in "${ROOT_SUITES[@]}"; do
    while read -r archive; do
      if ! answer=$(criu_version "$archive" "$suite"); then
        said+="; $suite at $archive: $answer"
      elif dpkg --compare-versions "$answer" lt "$ROOT_CRIU_MIN"; then
        said+="; $suite at $archive: criu $answer"
      else
        ROOT_ARCHIVE=$archive ROOT_SUITE=$suite
        return 0
      fi
    done <<<"$archives"
  done
  die "no criu >= $ROOT_CRIU_MIN for the nodes$said"
}

# criu_version ARCHIVE SUITE: prints the version of criu there; fails, and prints why, when there is no such suite or package.
criu_version() {
  local list version
  list=$(mktemp)
  if ! curl -fsSL --retry 3 --connect-timeout 30 --max-time 600 -o "$list" \
    "$1/dists/$2/main/binary-$(deb_arch)/Packages.xz" 2>"$list.err"; then
    tail -n 1 "$list.err"
    rm -f "$list" "$list.err"
    return 1
  fi
  version=$(xz -dc "$list" 2>/dev/null | awk '/^Package: / { name = $2 } /^Version: / && name == "criu" { print $2 }') || version=''
  rm -f "$list" "$list.err"
  if [[ -z $version ]]; then
    printf 'no criu there'
    return 1
  fi
  printf '%s' "$version"
}

# debootstrap_into DIR NAME PACKAGE...: a minimal Debian with those packages, in DIR.part. Runs in the lab's group and in a mount
# namespace, so an interruption leaves nothing beside that directory, which the next `up` or `down` removes. NAME is for the
# lines that say how far it is.
debootstrap_into() {
  local dir=$1 name=$2 log job status=0
  shift 2
  log=$CACHE/debootstrap-$(basename "$dir").log
  rm -rf --one-file-system "$dir.part"
  find_root_archive
  # What nobody reads in a node is not unpacked; and what is half made after a crash is made again, not repaired.
  mkdir -p "$dir.part/etc/dpkg/dpkg.cfg.d"
  printf '%s\n' force-unsafe-io path-exclude=/usr/share/{doc,man,info,locale,lintian,bug}/'*' >"$dir.part/etc/dpkg/dpkg.cfg.d/ms2m-lab"
  # An old debootstrap does not know a new suite's name, but all of them go by the script of sid.
  unshare --mount --propagation private -- debootstrap --variant=minbase --include="$(IFS=,; printf '%s' "$*")" \
    "$ROOT_SUITE" "$dir.part" "$ROOT_ARCHIVE" /usr/share/debootstrap/scripts/sid >"$log" 2>&1 & job=$!
  show_debootstrap "$job" "$log" "$name"
  wait "$job" || status=$?
  if [[ $status -ne 0 ]]; then
    say "the last lines of $log:"
    tail -n 20 "$log" >&2
    die "debootstrap of $ROOT_SUITE from $ROOT_ARCHIVE failed; its log is $log"
  fi
  rm -rf "$dir.part"/var/cache/apt/archives/*.deb "$dir.part"/var/lib/apt/lists/* "$dir.part"/etc/ssh/ssh_host_* \
    "$dir.part"/usr/share/{doc,man,info,locale,lintian,bug}/*
  rm -f "$log"
  mkdir -p "$dir.part/.old"
}

# show_debootstrap PID LOG NAME: until it ends, a line every ten seconds that says how far it is.
show_debootstrap() {
  local start=$SECONDS
  while ! ended_within 10 "$1"; do
    say "  $3: $((SECONDS - start)) s, $(awk '
      /^I: Retrieving / { fetched++ } /^I: (Extracting|Unpacking) / { unpacked++ } /^I: Configuring / { configured++ }
      END { printf "%d packages fetched, %d unpacked, %d configured", fetched, unpacked, configured }' "$2")"
  done
}

# ended_within SECONDS PID: waits for the end of a process, at most that long.
ended_within() { timeout "$1" tail --pid="$2" -f /dev/null; }

# Makes the nodes' root when the cache has none.
make_root() {
  local root start=$SECONDS
  root=$(root_dir)
  [[ ! -d $root ]] || return 0
  say "making the nodes' root file system (once; kept in $CACHE)"
  debootstrap_into "$root" "nodes' root" "${ROOT_PACKAGES[@]}"
  # Empty in the tree: bind mounts and the node's own files come here.
  mkdir -p "$root.part"/{opt/ms2m-lab/bin,opt/ms2m-lab/oci,var/lib/kubelet,var/lib/containers/storage,etc/kubernetes/pki}
  mv -T "$root.part" "$root"
  say "nodes' root file system made in $((SECONDS - start)) s: $(du -sm "$root" | cut -f1) MB"
}
