# shellcheck shell=bash
# `lab up` and `lab down`.

MARKER=.ms2m-lab   # only a directory with this file in it is ever removed

take_lock() {
  mkdir -p "$CACHE"
  exec 9>>"$LOCK"
  flock --nonblock 9 && return
  say "waiting for another 'lab up', 'lab prepare' or 'lab down'"
  flock --timeout 3600 9 || die "another 'lab up', 'lab prepare' or 'lab down' has been at it for an hour (it holds $LOCK)"
}

# Changes when anything that a running lab was started from has changed.
lab_stamp() {
  {
    root_stamp; printf '%s\n' "${IMAGE_STAMP:-$(image_stamp)}"; printf '%s\n' "${MS2M_LAB_KUBELET_ARGS:-}" "${MS2M_LAB_APISERVER_ARGS:-}" "$(broker_root)"
    stat -c '%n %Y %s' "$APISERVER_BIN" "$KUBELET_BIN" 2>/dev/null || true
    find "$LAB_FILES" "$SOURCE_DIR/scripts/lib/lab" "$SOURCE_DIR/examples/rbac.yaml" -type f -exec sha256sum {} + 2>/dev/null | sort
  } | sha256sum | cut -c1-16
}

build_stand_ins() {
  [[ -z ${MS2M_LAB_NO_BUILD:-} ]] || return 0
  local log=$CACHE/build.log targets=() name
  for name in apiserver kubelet; do
    [[ ! -e $SOURCE_DIR/test/lab/$name/CMakeLists.txt ]] || targets+=("ms2m-lab-$name")
  done
  [[ -z ${MS2M_NODE_PROGRAM:-} ]] || targets+=(ms2m-node)
  [[ ${#targets[@]} -gt 0 ]] || { say "no stand-ins to build yet"; return 0; }
  mkdir -p "$BUILD_DIR"
  (
    flock 8
    cd "$SOURCE_DIR"
    if [[ ! -e $BUILD_DIR/build.ninja ]]; then
      cmake --preset release -B "$BUILD_DIR" || exit 1
    fi
    cmake --build "$BUILD_DIR" --target "${targets[@]}"
  ) 8>>"$BUILD_DIR/.lab-lock" 9>&- >"$log" 2>&1 ||
    {
      grep -E 'error|Error|FAILED' "$log" | head -n 20 >&2 || tail -n 20 "$log" >&2
      die "building ${targets[*]} failed; the log is $log"
    }
}

make_lab_dir() {
  if [[ -d $LAB && ! -e $LAB/$MARKER && -n "$(ls -A "$LAB")" ]]; then die "$LAB is not empty and is no lab"; fi
  mkdir -p "$LAB"
  : >"$LAB/$MARKER"
  mkdir -p "$LAB"/{pids,manifests,broker}
  rm -rf --one-file-system "$LOGS"
  mkdir -p "$LOGS"
  local node
  for node in "${ALL_NODES[@]}"; do mkdir -p "$LAB/nodes/$node"; done
}

make_manifests() {
  cp "$LAB_FILES"/manifests/*.yaml "$LAB/manifests/"
  [[ ! -e $SOURCE_DIR/examples/rbac.yaml ]] || cp "$SOURCE_DIR/examples/rbac.yaml" "$LAB/manifests/operator.yaml"
}

start_apiserver() {
  if [[ ! -x $APISERVER_BIN ]]; then warn "no API stand-in: $APISERVER_BIN does not exist"; return 0; fi
  # shellcheck disable=SC2086
  spawn apiserver "$APISERVER_BIN" --listen "$OPERATOR_IP:$API_PORT" \
    --tls-cert "$LAB/pki/apiserver.crt" --tls-key "$LAB/pki/apiserver.key" --client-ca "$LAB/pki/ca.crt" \
    --tokens "$LAB/tokens.csv" --manifests "$LAB/manifests" \
    --kubelet-client-cert "$LAB/pki/kubelet-client.crt" --kubelet-client-key "$LAB/pki/kubelet-client.key" --faults \
    ${MS2M_LAB_APISERVER_ARGS:-}
}

apiserver_answers() { is_alive apiserver && grep -qx ready "$LOGS/apiserver.log"; }

node_ready() {
  curl -sf --max-time 10 --cacert "$LAB/pki/ca.crt" --cert "$LAB/pki/admin.crt" --key "$LAB/pki/admin.key" \
    "$API_URL/api/v1/nodes/$1" | jq -e '.status.conditions[]? | select(.type == "Ready" and .status == "True")'
}

# What the cache keeps. Every lab has it from there: one makes it, another one waits.
make_once() {
  (
    flock 7
    make_root
    make_image
  ) 7>>"$CACHE/making.lock"
}

# What was half made by one that was interrupted.
remove_half_made() {
  (
    if flock --nonblock 7; then rm -rf --one-file-system "$CACHE"/*.part; fi
  ) 7>>"$CACHE/making.lock"
}

up_body() {
  cgroup_enter up
  local node build once IMAGE_STAMP
  IMAGE_STAMP=$(image_stamp)
  make_lab_dir
  build_stand_ins & build=$!
  make_once & once=$!
  make_pki
  make_broker_root
  make_broker_files
  start_fabric
  start_broker
  make_registry_files
  start_registry
  make_ssh
  make_kubeconfigs
  make_manifests
  give_to_caller
  # The brokers' start, the builds and this go side by side. What failed has said why (die).
  wait "$once"
  for node in "${NODES[@]}"; do make_node_files "$node"; done
  wait "$build"
  start_apiserver
  for node in "${NODES[@]}"; do start_node "$node"; done
  for node in "${NODES[@]}"; do wait_for "$node" "answer of its sshd" node_answers "$node"; done
  if [[ -x $APISERVER_BIN ]]; then wait_for apiserver "line 'ready' in its log" apiserver_answers; fi
  if [[ -x $KUBELET_BIN ]]; then
    for node in "${NODES[@]}"; do wait_for "kubelet-$node" "Ready node in the API" node_ready "$node"; done
  else
    warn "no kubelet stand-in: $KUBELET_BIN does not exist; the nodes run without one"
  fi
  wait_for registry "answer of the registry" registry_answers
  wait_for broker "answer on the ports of AMQP and of management" broker_answers
  take_snapshot
  lab_stamp >"$LAB/stamp"
}

lab_up() {
  local start=$SECONDS status=0
  need_packages "${BUILD_PACKAGES[@]}" "${LAB_PACKAGES[@]}"
  need_localhost
  take_lock
  if lab_is_current; then say "the lab is up"; return 0; fi
  stop_lab
  cgroup_make up
  trap 'stop_lab; exit 130' INT TERM HUP
  in_background up_body
  wait "$BODY" || status=$?
  trap - INT TERM HUP
  if [[ $status -ne 0 ]]; then
    say "the lab is not up; what has started still runs: see 'lab status' and $LOGS, end it with 'lab down'"
    tell_failure
    return 1
  fi
  say "the lab is up after $((SECONDS - start)) s"
}

# What `up` would make once: packages, stand-ins, root file system, image. Starts nothing.
lab_prepare() {
  local status=0
  need_packages "${BUILD_PACKAGES[@]}" "${LAB_PACKAGES[@]}"
  need_localhost
  take_lock
  cgroup_make up
  trap 'cgroup_kill up; exit 130' INT TERM HUP
  in_background prepare_body
  wait "$BODY" || status=$?
  [[ -e $LAB/$MARKER ]] || cgroup_remove
  [[ $status -eq 0 ]] || tell_failure
  return $status
}

prepare_body() {
  local job jobs=() status=0
  cgroup_enter up
  build_stand_ins & jobs+=($!)
  make_broker_root & jobs+=($!)
  make_once & jobs+=($!)
  for job in "${jobs[@]}"; do wait "$job" || status=$?; done
  return $status
}

# in_background CMD...: starts it as process $BODY, so that a trap of this shell is run at once: `wait` is the one thing that a
# signal ends. Not for an `if` or `||`: bash would then go on behind every error in it. Causes are kept for tell_failure.
in_background() {
  FAILURE=$CACHE/$LAB_CGROUP.failure
  rm -f "$FAILURE"
  ( trap - INT TERM HUP; "$@" ) &
  BODY=$!
}

# Says the first cause again: other things that went on meanwhile may have spoken after it.
tell_failure() {
  if [[ -s $FAILURE ]]; then warn "$(head -n 1 "$FAILURE")"; else warn "a command failed; what it said stands above"; fi
}

lab_is_current() {
  [[ -z ${MS2M_LAB_NO_BUILD:-} ]] && { build_stand_ins || return 1; }
  [[ -e $LAB/stamp && "$(cat "$LAB/stamp")" == "$(lab_stamp)" ]] && lab_status >/dev/null 2>&1
}

# stop_lab: ends and removes everything of the lab, whatever state it is in. The cache stays.
stop_lab() {
  cgroup_kill
  stop_fabric
  cgroup_remove
  remove_half_made
  [[ -d $LAB ]] || return 0
  if [[ -e $LAB/$MARKER ]]; then
    # The marker goes last, so that an interrupted removal can be taken up again.
    find "$LAB" -mindepth 1 -maxdepth 1 ! -name "$MARKER" -exec rm -rf --one-file-system {} +
    rm -f "$LAB/$MARKER"
  fi
  rmdir "$LAB" 2>/dev/null || true
}

lab_down() {
  local deadline=$((SECONDS + PATIENCE))
  mkdir -p "$CACHE"
  exec 9>>"$LOCK"
  # An `up` that is still at work holds the lock: it ends first.
  until flock --nonblock 9; do
    cgroup_kill up
    [[ $SECONDS -lt $deadline ]] || die "another 'lab up' or 'lab down' holds $LOCK since more than $PATIENCE s"
    sleep 0.1
  done
  stop_lab
}
