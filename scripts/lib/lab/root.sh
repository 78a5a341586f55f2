# shellcheck shell=bash
# The nodes' root file system: Debian with CRIU >= 4.2 (older ones cannot dump on current kernels), made once by
# debootstrap and kept in $CACHE. The nodes use it read-only, below an overlay each.

ROOT_SUITES=(forky sid)
ROOT_CRIU_MIN=4.2
ROOT_PACKAGES=(openssh-server crun criu libcriu2 podman skopeo iptables nftables iproute2 netavark procps iputils-ping
  python3 python3-pika tini ca-certificates curl)
ROOT_LAYOUT=2   # raise to have cached roots made again

root_stamp() {
  printf '%s\n' "$ROOT_LAYOUT" "$(deb_arch)" "${ROOT_SUITES[@]}" "${ROOT_PACKAGES[@]}" | sha256sum | cut -c1-12
}
root_dir() { printf '%s/root-%s' "$CACHE" "$(root_stamp)"; }

# Prints "ARCHIVE SUITE" of the first one whose CRIU is new enough.
find_root_archive() {
  local archive suite version
  for suite in "${ROOT_SUITES[@]}"; do
    while read -r archive; do
      version=$(criu_version "$archive" "$suite") || continue
      if dpkg --compare-versions "$version" ge "$ROOT_CRIU_MIN"; then
        printf '%s %s\n' "$archive" "$suite"
        return 0
      fi
      warn "$suite at this machine's mirror has criu $version, which is too old"
    done < <(apt_archives)
  done
  return 1
}

# criu_version ARCHIVE SUITE: the version of criu there; fails when there is no such suite or package.
criu_version() {
  local version
  version=$(curl -fsSL --max-time 120 "$1/dists/$2/main/binary-$(deb_arch)/Packages.xz" | xz -dc 2>/dev/null |
    awk '/^Package: / { name = $2 } /^Version: / && name == "criu" { print $2 }') || return 1
  [[ -n $version ]] && printf '%s' "$version"
}

# debootstrap_into DIR PACKAGE...: a minimal Debian with those packages, in DIR.part. Runs in the lab's group and in a mount
# namespace, so an interruption leaves nothing beside that directory, which the next `up` or `down` removes.
debootstrap_into() {
  local dir=$1 archive suite log
  shift
  log=$CACHE/debootstrap-$(basename "$dir").log
  rm -rf --one-file-system "$dir.part"
  read -r archive suite < <(find_root_archive) ||
    die "no suite of (${ROOT_SUITES[*]}) with criu >= $ROOT_CRIU_MIN at the mirrors of this machine's apt configuration"
  # An old debootstrap does not know a new suite's name, but all of them go by the script of sid.
  unshare --mount --propagation private -- debootstrap --variant=minbase --include="$(IFS=,; printf '%s' "$*")" \
    "$suite" "$dir.part" "$archive" /usr/share/debootstrap/scripts/sid >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "debootstrap of $suite failed; its log is $log"; }
  rm -rf "$dir.part"/var/cache/apt/archives/*.deb "$dir.part"/var/lib/apt/lists/* "$dir.part"/etc/ssh/ssh_host_*
  rm -f "$log"
  mkdir -p "$dir.part/.old"
}

# Makes the nodes' root when the cache has none.
make_root() {
  local root start=$SECONDS
  root=$(root_dir)
  [[ ! -d $root ]] || return 0
  say "making the nodes' root file system (once; kept in $CACHE)"
  debootstrap_into "$root" "${ROOT_PACKAGES[@]}"
  # Empty in the tree: bind mounts and the node's own files come here.
  mkdir -p "$root.part"/{opt/ms2m-lab/bin,opt/ms2m-lab/oci,var/lib/kubelet,var/lib/containers/storage,etc/kubernetes/pki}
  mv -T "$root.part" "$root"
  say "root file system made in $((SECONDS - start)) s"
}
