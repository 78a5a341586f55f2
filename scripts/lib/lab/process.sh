# shellcheck shell=bash
# Starting processes of the lab and finding them again.

# start_time PID: the kernel's start time of the process; with it a pid names one process for ever.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra stat <<<"${stat##*) }"
  printf '%s' "${stat[19]}"
}

# spawn NAME CMD...: starts CMD in its own session and in the group NAME, output to logs/NAME.log; pid in pids/NAME.
spawn() {
  local name=$1 pid
  shift
  cgroup_make "$name"
  (
    cgroup_enter "$name"
    exec setsid -- "$@" 9>&-
  ) </dev/null >>"$LOGS/$name.log" 2>&1 &
  pid=$!
  record_pid "$name" "$pid"
}

record_pid() { printf '%s %s\n' "$2" "$(start_time "$2")" >"$LAB/pids/$1"; }

# pid_of NAME: its pid; fails when the recorded process is gone (or its pid is somebody else's by now).
pid_of() {
  local pid started
  read -r pid started 2>/dev/null <"$LAB/pids/$1" || return 1
  [[ -n $started && "$(start_time "$pid")" == "$started" ]] || return 1
  printf '%s' "$pid"
}

is_alive() { pid_of "$1" >/dev/null; }

# came_not_up NAME WHY: dies of it. The end of the log comes before, the cause and where the whole log is last.
came_not_up() {
  local log=$LOGS/$1.log
  if [[ $1 == broker ]]; then cat "$LAB"/broker/log/*.log >>"$LOGS/broker-log.log" 2>/dev/null || true; fi
  if [[ -s $log ]]; then
    say "the last lines of $log:"
    tail -n 15 "$log" >&2
  fi
  die "$1 $2; its log is $log"
}

# wait_for NAME WHAT CMD...: until CMD succeeds. Dies when the component NAME ends, or after $PATIENCE seconds.
wait_for() {
  local deadline=$((SECONDS + PATIENCE)) name=$1 what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [[ -e $LAB/pids/$name ]] && ! is_alive "$name"; then came_not_up "$name" "ended before $what"; fi
    if [[ $SECONDS -ge $deadline ]]; then came_not_up "$name" "is not there after $PATIENCE s: no $what"; fi
    sleep 0.05
  done
}

# first_process NAME: prints that child of the recorded process which is in a pid namespace of its own. The shell that became unshare
# had short-lived children of its own; one that it did not wait for stays beside it as a zombie.
first_process() {
  local parent children=() child space
  parent=$(pid_of "$1") || return 1
  { read -ra children <"/proc/$parent/task/$parent/children"; } 2>/dev/null || true   # the line has no end: read fails and fills
  for child in "${children[@]}"; do
    space=$(readlink "/proc/$child/ns/pid") || continue
    [[ $space != "$(readlink /proc/self/ns/pid)" ]] || continue
    printf '%s' "$child"
    return
  done
  return 1
}

# adopt_child NAME: records the first process of the component's pid namespace instead of the one that made it.
adopt_child() {
  local child
  wait_for "$1" "process in namespaces of its own" first_process "$1"
  child=$(first_process "$1") || came_not_up "$1" "ended at once"
  record_pid "$1" "$child"
}

# in_namespaces NAME CMD...: runs CMD in all namespaces, root directory and groups of the component.
in_namespaces() {
  local name=$1 pid
  shift
  pid=$(pid_of "$name") || die "$name is not up"
  ( cgroup_enter "$name" &&
      exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root -- env --chdir=/ -- "$@" 9>&- )
}
