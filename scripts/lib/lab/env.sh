# shellcheck shell=bash disable=SC2034
# Names, places and addresses of the lab: the only file that spells them out.

LAB=${MS2M_LAB_DIR:-/var/lib/ms2m-lab}
CACHE=${MS2M_LAB_CACHE:-/var/cache/ms2m-lab}
LAB_FILES=$SOURCE_DIR/test/lab/root

# Two labs on one machine need another MS2M_LAB_DIR each and a network namespace each (`unshare -n`); they share nothing else
# but pipes.sh.
if [[ $LAB == /var/lib/ms2m-lab ]]; then
  LAB_CGROUP=ms2m-lab
else
  LAB_CGROUP=ms2m-lab-$(printf '%s' "$LAB" | cksum | cut -d' ' -f1)
fi
LOCK=$CACHE/$LAB_CGROUP.lock
# What the components say. Outlives the lab: whatever a failed `up` names is still there after the clean-up; the next one begins anew.
LOGS=$CACHE/logs/$LAB_CGROUP
# Seconds that anything of the lab may take to come up or to go away. Every wait ends with what it waits for, or with the end
# of the process that was to do it; this is for a machine that hangs.
PATIENCE=${MS2M_LAB_PATIENCE:-300}

NODES=(worker-1 worker-2)              # of CRI-O's kind
CONTAINERD_NODES=(worker-3 worker-4)   # there between `lab containerd up` and `down`
ALL_NODES=("${NODES[@]}" "${CONTAINERD_NODES[@]}")
OPERATOR_LINK=ms2mlab0
OPERATOR_IP=198.18.0.1
BROKER_IP=198.18.0.2
API_PORT=6443
REGISTRY_PORT=5000
API_URL=https://$OPERATOR_IP:$API_PORT

node_ip()       { printf '198.18.0.1%s' "${1#worker-}"; }
node_pod_cidr() { printf '198.18.1%s.0/24' "${1#worker-}"; }

# The build directory of the stand-ins; developers with a directory of their own set MS2M_LAB_BUILD_DIR.
BUILD_DIR=${MS2M_LAB_BUILD_DIR:-$SOURCE_DIR/build/release}
APISERVER_BIN=$BUILD_DIR/test/lab/apiserver/ms2m-lab-apiserver
KUBELET_BIN=$BUILD_DIR/test/lab/kubelet/ms2m-lab-kubelet

is_node() {
  local node
  for node in "${ALL_NODES[@]}"; do [[ $node == "$1" ]] && return 0; done
  return 1
}
need_node() { is_node "${1:-}" || die "no such node: '${1:-}' (there are: ${ALL_NODES[*]})"; }
