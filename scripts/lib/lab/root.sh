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

# Makes the root when the cache has none. Runs in the lab's group and in a mount namespace, so an interruption leaves
# nothing beside a directory *.part, which the next call removes.
make_root() {
  local root archive suite start=$SECONDS
  root=$(root_dir)
  [[ ! -d $root ]] || return 0
  say "making the nodes' root file system (once; kept in $CACHE)"
  rm -rf --one-file-system "$CACHE"/root-*.part
  read -r archive suite < <(find_root_archive) ||
    die "no suite of (${ROOT_SUITES[*]}) with criu >= $ROOT_CRIU_MIN at the mirrors of this machine's apt configuration"
  # Another suite's name is unknown to an old debootstrap, but all of them go by the script of sid.
  unshare --mount --propagation private -- debootstrap --variant=minbase \
    --include="$(IFS=,; printf '%s' "${ROOT_PACKAGES[*]}")" "$suite" "$root.part" "$archive" \
    /usr/share/debootstrap/scripts/sid >"$CACHE/debootstrap.log" 2>&1 ||
    { tail -n 20 "$CACHE/debootstrap.log" >&2; die "debootstrap of $suite failed; its log is $CACHE/debootstrap.log"; }
  rm -rf "$root.part"/var/cache/apt/archives/*.deb "$root.part"/var/lib/apt/lists/* "$root.part"/etc/ssh/ssh_host_*
  # Empty in the tree: bind mounts and the node's own files come here.
  mkdir -p "$root.part"/{opt/ms2m-lab/bin,opt/ms2m-lab/oci,var/lib/kubelet,var/lib/containers/storage,etc/kubernetes/pki,run/sshd,.old}
  mv -T "$root.part" "$root"
  say "root file system of $suite made in $((SECONDS - start)) s"
}
