# shellcheck shell=bash
# The fabric: a bridge in a network namespace that the process `fabric` holds. The operator, the broker and the nodes each
# have one end of a veth pair in it. Nothing is named in /run/netns: when the processes are gone, so is the network.

own_net_namespace() { [[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]]; }
in_net() { local pid=$1; shift; nsenter --target "$pid" --net -- "$@"; }

# has_own_net NAME: the component runs and has left the caller's network namespace.
has_own_net() { local pid; pid=$(pid_of "$1") && own_net_namespace "$pid"; }

start_fabric() {
  local other
  # Not by /sys: that shows the network namespace in which it was mounted.
  if other=$(ip link show dev "$OPERATOR_LINK" 2>/dev/null); then
    other=$(sed -n 's/^ *alias //p' <<<"$other")
    die "$OPERATOR_LINK exists here already and belongs to ${other:-somebody else}; run 'lab down' there, or work in a network namespace of your own (unshare -n)"
  fi
  spawn fabric unshare --net -- sleep infinity
  wait_for fabric "network namespace" has_own_net fabric
  local fabric
  fabric=$(pid_of fabric)
  in_net "$fabric" ip -batch - <<'END'
link set lo up
link add br0 type bridge
link set br0 up
END
  ip link set lo up
  # Made inside first and moved out last, so that a half-made one dies with the namespace.
  in_net "$fabric" ip link add operator type veth peer name "$OPERATOR_LINK"
  in_net "$fabric" ip link set "$OPERATOR_LINK" alias "$LAB"
  in_net "$fabric" ip link set operator master br0 up
  in_net "$fabric" ip link set "$OPERATOR_LINK" netns $$
  ip link set "$OPERATOR_LINK" alias "$LAB"
  ip address add "$OPERATOR_IP/24" dev "$OPERATOR_LINK"
  ip link set "$OPERATOR_LINK" up
  add_pod_routes $$
}

# plug NAME ADDRESS: gives the component eth0 with that address, one hop from everybody else.
plug() {
  local name=$1 address=$2 fabric pid
  fabric=$(pid_of fabric)
  pid=$(pid_of "$name") || came_not_up "$name" "ended at once"
  in_net "$fabric" ip link add "$name" type veth peer name eth0 netns "$pid"
  in_net "$fabric" ip link set "$name" master br0 up
  in_net "$pid" ip -batch - <<END
link set lo up
address add $address/24 dev eth0
link set eth0 up
END
  add_pod_routes "$pid" "$name"
}

# unplug NAME: what plug made, also when the component's namespace is still on its way to its end.
unplug() { in_net "$(pid_of fabric)" ip link del "$1" 2>/dev/null || true; }

# add_pod_routes PID [NODE]: routes to the nodes' pods, except to those of NODE itself.
add_pod_routes() {
  local node
  for node in "${ALL_NODES[@]}"; do
    [[ $node != "${2:-}" ]] || continue
    in_net "$1" ip route add "$(node_pod_cidr "$node")" via "$(node_ip "$node")"
  done
}

# The operator's end normally goes with its peer; a namespace dies a little after its processes.
stop_fabric() {
  if [[ "$(cat "/sys/class/net/$OPERATOR_LINK/ifalias" 2>/dev/null)" == "$LAB" ]]; then
    ip link del "$OPERATOR_LINK" 2>/dev/null || true
  fi
}
