# shellcheck shell=bash
# `lab status`: one line a component.

# status_line NAME ADDRESS VERSION CHECK...
status_line() {
  local name=$1 address=$2 version=$3 pid state=up
  shift 3
  pid=$(pid_of "$name") || pid=-
  [[ $pid != - ]] && "$@" >/dev/null 2>&1 || state=down
  [[ $state == up ]] || version=-
  printf '%-18s %-5s %-18s pid %-7s %s\n' "$name" "$state" "$address" "$pid" "$version"
  [[ $state == up ]]
}

kubelet_line() {
  local node=$1 state=up
  kubelet_answers "$node" || state=down
  printf '%-18s %-5s %-18s in  %s\n' "kubelet-$node" "$state" "$(node_ip "$node"):10250" "$node"
  [[ $state == up ]]
}

root_version() { awk -v p="$1" '/^Package: / { n = $2 } /^Version: / && n == p { print p, $2; exit }' "$(root_dir)/var/lib/dpkg/status" 2>/dev/null; }
broker_version() { broker_get overview 2>/dev/null | jq -r '"RabbitMQ \(.rabbitmq_version), Erlang \(.erlang_version)"' 2>/dev/null; }

lab_status() {
  local status=0 node versions
  versions="$(root_version criu), $(root_version crun), $(root_version podman), $(root_version skopeo)"
  status_line fabric "$OPERATOR_IP" "bridge br0, operator's end $OPERATOR_LINK" ip link show "$OPERATOR_LINK" || status=1
  status_line broker "$BROKER_IP:5672,5671" "$(broker_version)" broker_answers || status=1
  status_line registry "$OPERATOR_IP:$REGISTRY_PORT" "docker-registry" registry_answers || status=1
  status_line apiserver "$OPERATOR_IP:$API_PORT" '' apiserver_answers || status=1
  for node in $(present_nodes); do
    if is_of_containerd "$node"; then versions="$(root_version criu), $(root_version runc), $(root_version containerd)"; fi
    status_line "$node" "$(node_ip "$node")" "$versions" node_answers "$node" || status=1
    kubelet_line "$node" || status=1
  done
  return $status
}
