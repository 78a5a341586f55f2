# shellcheck shell=bash
# A node: mount, pid, uts, ipc, cgroup and network namespace over an overlay of the cached root.
# scripts/lib/lab/node_enter builds its inside and pivots into it; test/lab/root/sbin/node-init runs there as its services.

make_node_files() {
  local node=$1 dir=$LAB/nodes/$1
  mkdir -p "$dir"/{upper,work,root,containers/storage,kubelet}
  mkdir -p "$dir/kubelet/checkpoints"
  chmod 700 "$dir/kubelet/checkpoints"
  mkdir -p "$(dirname "$KUBELET_BIN")"
  if ! is_of_containerd "$node"; then copy_image_to_node "$node"; fi
  # Above the cached root: files of the project, then those of this node.
  local f=$dir/upper
  cp -a --no-preserve=ownership "$LAB_FILES/etc" "$f/"
  install -D -m 755 "$LAB_FILES/sbin/node-init" "$f/usr/local/sbin/node-init"
  install -D -m 755 "$LAB_FILES/sbin/systemctl" "$f/usr/bin/systemctl"
  if is_of_containerd "$node"; then make_containerd_files "$node"; fi
  mkdir -p "$f/root/.ssh"
  chmod 700 "$f/root" "$f/root/.ssh"
  mkdir -p "$f/etc/ssh" "$f/etc/kubernetes/pki" "$f/etc/ms2m-lab"
  install -m 600 "$LAB/ssh/id_ed25519.pub" "$f/root/.ssh/authorized_keys"
  install -m 600 "$dir/ssh_host_ed25519_key" "$f/etc/ssh/ssh_host_ed25519_key"
  install -m 644 "$LAB/pki/ca.crt" "$f/etc/kubernetes/pki/ca.crt"
  install -m 644 "$LAB/pki/$node.crt" "$f/etc/kubernetes/pki/kubelet.crt"
  install -m 600 "$LAB/pki/$node.key" "$f/etc/kubernetes/pki/kubelet.key"
  printf '%s\n' "$node" >"$f/etc/hostname"
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$f/etc/resolv.conf"
  {
    printf '127.0.0.1 localhost\n%s broker\n%s registry\n' "$BROKER_IP" "$OPERATOR_IP"
    local other
    for other in "${ALL_NODES[@]}"; do printf '%s %s\n' "$(node_ip "$other")" "$other"; done
  } >"$f/etc/hosts"
  cat >"$f/etc/ms2m-lab/node.env" <<END
NODE=$node
RUNTIME=$(if is_of_containerd "$node"; then echo containerd; else echo crio; fi)
NODE_IP=$(node_ip "$node")
POD_CIDR=$(node_pod_cidr "$node")
API_URL=$API_URL
KUBELET_ARGS="${MS2M_LAB_KUBELET_ARGS:-}"
END
}

start_node() {
  local node=$1
  spawn "$node" unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child=KILL \
    -- "$SOURCE_DIR/scripts/lib/lab/node_enter" "$node" "$(root_dir)" "$LAB/nodes/$node" "$(dirname "$KUBELET_BIN")" "$(image_dir)/oci" 3>>"$LOGS/kubelet-$node.log"
  adopt_child "$node"
  wait_for "$node" "network namespace" has_own_net "$node"
  plug "$node" "$(node_ip "$node")"
}

# reboot_node NODE: as by a power cut. Nobody hears of it, everything that runs there is killed at once; what is on its disk stays,
# /run and the ID of this start of its kernel are new. Returns when its sshd and its kubelet answer.
reboot_node() {
  local node=$1
  unplug "$node"
  cgroup_kill "$node"
  cgroup_remove "$node"
  start_node "$node"
  wait_for "$node" "answer of its sshd" node_answers "$node"
  wait_for "$node" "answer of its kubelet" kubelet_answers "$node"
}

# node_answers NODE: sshd there lets the lab's key in.
node_answers() { ssh -F "$LAB/ssh/config" -o BatchMode=yes -o ConnectTimeout=10 "$1" true </dev/null; }
kubelet_answers() { curl -sk --max-time 10 -o /dev/null "https://$(node_ip "$1"):10250/healthz"; }

# kubelet_command stop|start|restart|faults NODE: containers go on meanwhile, as with a real kubelet.
kubelet_command() {
  local node=${2:-}
  need_node "$node"
  case ${1:-} in
    stop) in_namespaces "$node" sh -c ': >/run/ms2m-lab/kubelet.stop; [ ! -e /run/ms2m-lab/kubelet.pid ] || kill "$(cat /run/ms2m-lab/kubelet.pid)"' ;;
    start) in_namespaces "$node" rm -f /run/ms2m-lab/kubelet.stop ;;
    restart) kubelet_command stop "$node" && kubelet_command start "$node" ;;
    faults)
      # Read at every use, so it must be there as a whole.
      # shellcheck disable=SC2016
      in_namespaces "$node" sh -c 'printf "%s\n" "$1" >/run/ms2m-lab/faults.part && mv /run/ms2m-lab/faults.part /run/ms2m-lab/faults.json' \
        faults "${3:-{\}}" ;;
    *) die "usage: lab kubelet stop|start|restart|faults NODE [JSON]" ;;
  esac
}

# sshd_command stop|start NODE: with it, its connections end.
sshd_command() {
  local node=${2:-}
  need_node "$node"
  case ${1:-} in
    stop)
      in_namespaces "$node" sh -c 'for comm in /proc/[0-9]*/comm; do case $(cat "$comm" 2>/dev/null) in
        sshd*) pid=${comm#/proc/}; kill "${pid%/comm}" ;; esac; done; true'
      wait_for "$node" "end of its sshd" sshd_is_gone "$node"
      ;;
    start) in_namespaces "$node" sh -c '/usr/sbin/sshd -e' && wait_for "$node" "answer of its sshd" node_answers "$node" ;;
    *) die "usage: lab sshd stop|start NODE" ;;
  esac
}
sshd_is_gone() { in_namespaces "$1" sh -c '! cat /proc/[0-9]*/comm | grep -q ^sshd'; }
