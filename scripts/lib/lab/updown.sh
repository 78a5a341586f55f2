# shellcheck shell=bash
# `lab up` and `lab down`.

MARKER=.ms2m-lab   # only a directory with this file in it is ever removed

take_lock() {
  mkdir -p "$CACHE"
  exec 9>>"$LOCK"
  flock --timeout 300 9 || die "another 'lab up' or 'lab down' has been at it for five minutes"
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
    { grep -E 'error|Error|FAILED' "$log" | head -n 20 >&2 || true; die "building ${targets[*]} failed; the log is $log"; }
}

make_lab_dir() {
  if [[ -d $LAB && ! -e $LAB/$MARKER && -n "$(ls -A "$LAB")" ]]; then die "$LAB is not empty and is no lab"; fi
  mkdir -p "$LAB"
  : >"$LAB/$MARKER"
  mkdir -p "$LAB"/{logs,pids,manifests,broker}
  local node
  for node in "${NODES[@]}"; do mkdir -p "$LAB/nodes/$node"; done
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
    --kubelet-client-cert "$LAB/pki/kubelet-client.crt" --kubelet-client-key "$LAB/pki/kubelet-client.key" \
    ${MS2M_LAB_APISERVER_ARGS:-}
}

apiserver_answers() { is_alive apiserver && grep -qx ready "$LAB/logs/apiserver.log"; }

node_ready() {
  curl -sf --max-time 2 --cacert "$LAB/pki/ca.crt" --cert "$LAB/pki/admin.crt" --key "$LAB/pki/admin.key" \
    "$API_URL/api/v1/nodes/$1" | jq -e '.status.conditions[]? | select(.type == "Ready" and .status == "True")'
}

up_body() {
  cgroup_enter up
  local node build IMAGE_STAMP
  IMAGE_STAMP=$(image_stamp)
  make_lab_dir
  build_stand_ins & build=$!
  make_pki
  make_broker_root
  make_broker_files
  start_fabric
  start_broker
  make_root
  make_image
  make_ssh
  make_kubeconfigs
  make_manifests
  give_to_caller
  for node in "${NODES[@]}"; do make_node_files "$node"; done
  wait "$build"
  start_apiserver
  for node in "${NODES[@]}"; do start_node "$node"; done
  for node in "${NODES[@]}"; do wait_for 20 "$node" node_answers "$node"; done
  if [[ -x $APISERVER_BIN ]]; then wait_for 20 apiserver apiserver_answers; fi
  if [[ -x $KUBELET_BIN ]]; then
    for node in "${NODES[@]}"; do wait_for 30 "kubelet-$node" node_ready "$node"; done
  else
    warn "no kubelet stand-in: $KUBELET_BIN does not exist; the nodes run without one"
  fi
  wait_for 90 broker broker_answers
  take_snapshot
  lab_stamp >"$LAB/stamp"
}

lab_up() {
  local start=$SECONDS status=0
  need_packages "${BUILD_PACKAGES[@]}" "${LAB_PACKAGES[@]}"
  take_lock
  if lab_is_current; then say "the lab is up"; return 0; fi
  stop_lab
  cgroup_make up
  trap 'stop_lab; exit 130' INT TERM HUP
  # In the background, so that the trap is run at once: `wait` is the one thing that a signal ends.
  ( trap - INT TERM HUP; up_body ) &
  wait $! || status=$?
  trap - INT TERM HUP
  if [[ $status -ne 0 ]]; then
    say "the lab is not up; what has started still runs: see 'lab status' and $LAB/logs, end it with 'lab down'"
    return 1
  fi
  say "the lab is up after $((SECONDS - start)) s"
}

# What `up` would make once: packages, stand-ins, root file system, image. Starts nothing.
lab_prepare() {
  need_packages "${BUILD_PACKAGES[@]}" "${LAB_PACKAGES[@]}"
  take_lock
  cgroup_make up
  trap 'cgroup_kill up; exit 130' INT TERM HUP
  local status=0
  ( trap - INT TERM HUP; cgroup_enter up; build_stand_ins; make_broker_root; make_root; make_image ) &
  wait $! || status=$?
  [[ -e $LAB/$MARKER ]] || cgroup_remove
  return $status
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
  rm -rf --one-file-system "$CACHE"/*.part
  [[ -d $LAB ]] || return 0
  if [[ -e $LAB/$MARKER ]]; then
    # The marker goes last, so that an interrupted removal can be taken up again.
    find "$LAB" -mindepth 1 -maxdepth 1 ! -name "$MARKER" -exec rm -rf --one-file-system {} +
    rm -f "$LAB/$MARKER"
  fi
  rmdir "$LAB" 2>/dev/null || true
}

lab_down() {
  local tries=0
  mkdir -p "$CACHE"
  exec 9>>"$LOCK"
  # An `up` that is still at work holds the lock: it ends first.
  until flock --nonblock 9; do
    cgroup_kill up
    tries=$((tries + 1))
    [[ $tries -le 600 ]] || die "another 'lab up' or 'lab down' holds $LOCK"
    sleep 0.1
  done
  stop_lab
}
