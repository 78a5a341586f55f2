# shellcheck shell=bash
# Two more nodes, of containerd's kind: real containerd with its CRI plugin, its shim and runc; the kubelet stand-in asks it as the kubelet does.
# They come and go while the lab is up, so that only those wait for them who want them.

is_of_containerd() {
  local node
  for node in "${CONTAINERD_NODES[@]}"; do [[ $node == "$1" ]] && return 0; done
  return 1
}

# present_nodes: those that are to be there now, one a line.
present_nodes() {
  local node
  printf '%s\n' "${NODES[@]}"
  for node in "${CONTAINERD_NODES[@]}"; do [[ ! -e $LAB/pids/$node ]] || printf '%s\n' "$node"; done
}

# make_containerd_files NODE: what its runtime is, instead of CRI-O's.
make_containerd_files() {
  local dir=$LAB/nodes/$1 f=$LAB/nodes/$1/upper
  rm -rf "$f/etc/crio" "$f/etc/containers"
  mv "$f/etc/criu/crun.conf" "$f/etc/criu/runc.conf"
  mkdir -p "$dir/containerd" "$f/var/lib/containerd"
  install -D -m 644 "$LAB_FILES/containerd/config.toml" "$f/etc/containerd/config.toml"
  install -D -m 755 "$LAB_FILES/containerd/runc" "$f/usr/local/sbin/runc"
  mkdir -p "$f/etc/cni/net.d"
  cat >"$f/etc/cni/net.d/10-lab.conflist" <<END_OF_FILE
{"cniVersion": "1.0.0", "name": "lab", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
  "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "$(node_pod_cidr "$1")"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END_OF_FILE
}

containerd_up() {
  local node
  for node in "${CONTAINERD_NODES[@]}"; do
    if is_alive "$node"; then continue; fi
    make_node_files "$node"
    start_node "$node"
  done
  for node in "${CONTAINERD_NODES[@]}"; do wait_for "$node" "answer of its sshd" node_answers "$node"; done
  for node in "${CONTAINERD_NODES[@]}"; do wait_for "$node" "Ready node in the API" node_ready "$node"; done
}

# What runs there ends; the API forgets the nodes, and then their pods.
containerd_down() {
  local node
  for node in "${CONTAINERD_NODES[@]}"; do
    [[ -e $LAB/pids/$node ]] || continue
    cgroup_kill "$node"
    rm -f "$LAB/pids/$node"
    find "$LAB/nodes/$node" -mindepth 1 -maxdepth 1 ! -name 'ssh_host_*' -exec rm -rf --one-file-system {} +
    api_delete "/api/v1/nodes/$node"
  done
}

api_delete() {
  curl -s -o /dev/null --max-time 30 --cacert "$LAB/pki/ca.crt" --cert "$LAB/pki/admin.crt" --key "$LAB/pki/admin.key" -X DELETE "$API_URL$1"
}

containerd_command() {
  case ${1:-} in
    up) take_lock; in_background containerd_up; wait "$BODY" || { tell_failure; return 1; } ;;
    down) take_lock; containerd_down ;;
    *) die "usage: lab containerd up|down" ;;
  esac
}
