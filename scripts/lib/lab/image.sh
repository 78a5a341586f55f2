# shellcheck shell=bash
# The sample consumer's base image, localhost/ms2m-consumer:latest, and :other, the same files under another image ID.
# Layer 1 (python3, pika, a shell) is cut out of the nodes' root by Debian's own file lists; layer 2 is examples/consumer.
# Both are kept in $CACHE as an OCI layout and as a filled containers-storage directory, which nodes get a copy of. For the pods' sandboxes of
# containerd there is :pause, layer 1 alone.

IMAGE_LAYOUT=4   # raise to have cached images made again
IMAGE_NAME=localhost/ms2m-consumer
IMAGE_PACKAGES=(python3 python3-pika dash coreutils base-files libc-bin)

consumer_files() { find "$SOURCE_DIR/examples/consumer" -maxdepth 1 -name '*.py' -type f 2>/dev/null | sort; }

image_stamp() {
  { printf '%s\n' "$IMAGE_LAYOUT" "$(root_stamp)"; consumer_files | xargs -r sha256sum | sed "s,$SOURCE_DIR/,,"; } |
    sha256sum | cut -c1-12
}
# The consumer's files may be edited while `up` runs: it sets IMAGE_STAMP once.
image_dir() { printf '%s/image-%s' "$CACHE" "${IMAGE_STAMP:-$(image_stamp)}"; }

# package_closure ROOT NAME...: the installed packages that these need, by ROOT's dpkg status.
package_closure() {
  local root=$1
  shift
  awk -v wanted="$*" '
    /^Package: / { name = $2; has[name] = 1 }
    /^Provides: / { sub(/^Provides: /, ""); n = split($0, p, /, */); for (i = 1; i <= n; i++) { sub(/[ :].*/, "", p[i]); by[p[i]] = name } }
    /^(Pre-)?Depends: / { sub(/^[^:]*: /, ""); needs[name] = needs[name] ", " $0 }
    END {
      n = split(wanted, queue, " ")
      for (at = 1; at <= n; at++) {
        name = queue[at]
        if (!(name in has)) name = by[name]
        if (name == "" || seen[name]++) continue
        print name
        m = split(needs[name], groups, /, */)
        for (i = 1; i <= m; i++) {
          k = split(groups[i], choices, / *\| */)
          for (j = 1; j <= k; j++) { sub(/[ :(].*/, "", choices[j]); if (choices[j] in has || choices[j] in by) { queue[++n] = choices[j]; break } }
        }
      }
    }' "$root/var/lib/dpkg/status" | grep -vxE 'perl-base|dpkg|debconf|tar|init-system-helpers|libpam.*|systemd.*|passwd'
}

# Paths of layer 1, one a line, relative to ROOT.
slim_paths() {
  local root=$1 name list
  for name in $(package_closure "$root" "${IMAGE_PACKAGES[@]}"); do
    for list in "$root/var/lib/dpkg/info/$name.list" "$root/var/lib/dpkg/info/$name:$(deb_arch).list"; do
      [[ ! -e $list ]] || sed 's,^/,,' "$list"
    done
  done | grep -vE '^(\.|usr/share/(doc|man|locale|lintian|bug|info|python3/.*|zoneinfo)(/.*)?)$'
  printf '%s\n' bin lib lib64 sbin dev proc sys tmp run root etc etc/passwd etc/group etc/ld.so.cache
  (cd "$root" && find usr/lib/python3* -path '*/__pycache__*')
}

make_python_layer() {
  local root layer=$1
  root=$(root_dir)
  slim_paths "$root" | awk 'NF && !seen[$0]++' |
    (cd "$root" && while IFS= read -r path; do if [[ -e $path || -L $path ]]; then printf '%s\n' "$path"; fi; done) |
    tar -C "$root" --create --file "$layer.part" --no-recursion --sort=name --mtime=@0 --numeric-owner --format=gnu -T -
  mv "$layer.part" "$layer"
}

make_app_layer() {
  local layer=$1 tree=$2/tree
  mkdir -p "$tree/app" "$tree/etc"
  consumer_files | xargs -r cp -t "$tree/app"
  chmod -R u=rwX,go=rX "$tree"
  # Mount points of a pod's own files.
  : >"$tree/etc/hostname"; : >"$tree/etc/hosts"; : >"$tree/etc/resolv.conf"
  tar -C "$tree" --create --file "$layer" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu app etc
  rm -rf "$tree"
}

# add_blob OCI FILE: moves or links FILE into the layout; prints "DIGEST SIZE".
add_blob() {
  local digest
  digest=$(sha256sum "$2" | cut -d' ' -f1)
  ln -f "$2" "$1/blobs/sha256/$digest" 2>/dev/null || cp "$2" "$1/blobs/sha256/$digest"
  printf '%s %s' "$digest" "$(stat -c %s "$2")"
}

# oci_image OCI TAG NOTE COMMAND LAYER...: config and manifest; prints the entry for the index.
oci_image() {
  local oci=$1 tag=$2 note=$3 command=$4 diffs='' layers='' layer digest size media=application/vnd.oci.image
  shift 4
  for layer in "$@"; do
    read -r digest size < <(add_blob "$oci" "$layer"; echo)
    diffs+="${diffs:+,}\"sha256:$digest\""
    layers+="${layers:+,}{\"mediaType\":\"$media.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":$size}"
  done
  printf '{"created":"2024-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LANG=C.UTF-8","PYTHONUNBUFFERED=1"],"Cmd":%s,"WorkingDir":"/","Labels":{"ms2m.lab.note":"%s"}},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$(deb_arch)" "$command" "$note" "$diffs" >"$oci/tmp"
  read -r digest size < <(add_blob "$oci" "$oci/tmp"; echo)
  rm -f "$oci/tmp"
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},"layers":[%s]}' \
    "$media" "$media" "$digest" "$size" "$layers" >"$oci/tmp"
  read -r digest size < <(add_blob "$oci" "$oci/tmp"; echo)
  rm -f "$oci/tmp"
  printf '{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}' \
    "$media" "$digest" "$size" "$tag"
}

make_oci() {
  local oci=$1 consumer='["python3","/app/consumer.py"]' latest other pause
  shift
  mkdir -p "$oci/blobs/sha256"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
  latest=$(oci_image "$oci" latest 'sample consumer' "$consumer" "$@")
  other=$(oci_image "$oci" other 'the same files, another image' "$consumer" "$@")
  pause=$(oci_image "$oci" pause 'waits' '["sleep","infinity"]' "$1")
  printf '{"schemaVersion":2,"manifests":[%s,%s,%s]}' "$latest" "$other" "$pause" >"$oci/index.json"
}

# make_storage OCI STORAGE WORK: fills a storage directory with :latest, by the root's own skopeo.
make_storage() {
  local oci=$1 storage=$2 work=$3
  mkdir -p "$storage" "$work"/{upper,work,root}
  mkdir -p "$work/upper/etc"
  cp -r "$LAB_FILES/etc/containers" "$work/upper/etc/"
  unshare --mount --propagation private --pid --fork --kill-child -- bash -euc '
    root=$1/root
    mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mount --bind "$3" "$root/var/lib/containers/storage"
    mount --bind "$4" "$root/opt/ms2m-lab/oci"
    chroot "$root" skopeo copy -q oci:/opt/ms2m-lab/oci:latest "containers-storage:$5:latest"
  ' make_storage "$work" "$(root_dir)" "$storage" "$oci" "$IMAGE_NAME"
  rm -rf --one-file-system "$work"
}

make_image() {
  local dir layer old start=$SECONDS
  dir=$(image_dir)
  if [[ -d $dir ]]; then touch "$dir"; return 0; fi
  say "making the sample consumer's image (once; kept in $CACHE)"
  rm -rf --one-file-system "$CACHE"/image-*.part
  mkdir -p "$dir.part"
  layer=$CACHE/python-$(root_stamp)-$IMAGE_LAYOUT.tar
  [[ -e $layer ]] || make_python_layer "$layer"
  make_app_layer "$dir.part/app.tar" "$dir.part"
  make_oci "$dir.part/oci" "$layer" "$dir.part/app.tar"
  make_storage "$dir.part/oci" "$dir.part/storage" "$dir.part/work"
  mv -T "$dir.part" "$dir"
  say "sample consumer's image made in $((SECONDS - start)) s"
  # Keep the last few: other work trees on this machine may use other versions of the consumer.
  find "$CACHE" -maxdepth 1 -name 'image-*' -printf '%T@ %p\n' | sort -rn | tail -n +6 | cut -d' ' -f2- |
    while IFS= read -r old; do rm -rf --one-file-system "$old"; done
}

# The layers' files are immutable, so a node has links to them: thousands of files less to write and to free again (a file
# system mounted with `discard` frees them at some milliseconds each). Everything else in the store is the node's own.
copy_image_to_node() {
  local from to=$LAB/nodes/$1/containers/storage file
  from=$(image_dir)/storage
  if ! cp -al "$from/." "$to/" 2>/dev/null; then
    rm -rf "$to"; mkdir -p "$to"; cp -a "$from/." "$to/"
    return 0
  fi
  find "$to" -path '*/overlay/*/diff' -prune -o -type f -print | while IFS= read -r file; do
    cp -p "$file" "$file.own"
    mv "$file.own" "$file"
  done
}

# load_image NODE FILE NAME: an image of another kind, an OCI archive, into a node's store.
load_image() {
  local node=$1 file=${2:?usage: lab image load NODE FILE NAME} name=${3:?usage: lab image load NODE FILE NAME} there=checkpoints/image.tar
  need_node "$node"
  cp "$file" "$LAB/nodes/$node/kubelet/$there"
  local status=0
  if is_of_containerd "$node"; then
    in_namespaces "$node" ctr -n k8s.io images import --index-name "$name" "/var/lib/kubelet/$there" >/dev/null || status=$?
  else
    in_namespaces "$node" skopeo copy -q "oci-archive:/var/lib/kubelet/$there" "containers-storage:$name" || status=$?
  fi
  rm -f "$LAB/nodes/$node/kubelet/$there"
  return $status
}

# image_command add|rm|list [NODE] [TAG] [AS]: sample images of one node, for tests of a missing or a different base image.
image_command() {
  local action=${1:-list} node=${2:-} tag=${3:-latest} name
  if [[ $action == load ]]; then load_image "$node" "${3:-}" "${4:-}"; return; fi
  name=$IMAGE_NAME:${4:-$tag}
  need_node "$node"
  if is_of_containerd "$node"; then die "images are added and removed on nodes of CRI-O's kind only"; fi
  case $action in
    add) in_namespaces "$node" skopeo copy -q "oci:/opt/ms2m-lab/oci:$tag" "containers-storage:$name" ;;
    # The image, with whatever else it is called there: a migration has left names of its own.
    rm) in_namespaces "$node" sh -c 'podman rmi --force "$(podman image inspect --format "{{.Id}}" "$1")"' rm "$name" ;;
    list) in_namespaces "$node" podman images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' ;;
    *) die "usage: lab image add|rm|list NODE [latest|other [AS-TAG]], lab image load NODE FILE NAME" ;;
  esac
}
