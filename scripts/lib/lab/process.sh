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
  ) </dev/null >>"$LAB/logs/$name.log" 2>&1 &
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

# wait_for SECONDS WHAT CMD...: until CMD succeeds; dies with the end of logs/WHAT.log.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [[ $SECONDS -ge $deadline ]]; then
      [[ ! -s $LAB/logs/$what.log ]] || tail -n 15 "$LAB/logs/$what.log" >&2
      die "$what did not come up; its log is $LAB/logs/$what.log"
    fi
    sleep 0.05
  done
}

# adopt_child NAME: records the only child of the recorded process (the first process of a new pid namespace) instead of it.
adopt_child() {
  local parent child space tries=0
  parent=$(pid_of "$1") || die "$1 ended at once; its log is $LAB/logs/$1.log"
  while :; do
    child=
    read -r child _ <"/proc/$parent/task/$parent/children" || true   # the line has no end: read fails and fills
    # Before it becomes unshare, the shell that was forked has short-lived children of its own.
    space=$(readlink "/proc/${child:-none}/ns/pid" || true)
    if [[ -n $space && $space != "$(readlink /proc/self/ns/pid)" ]]; then break; fi
    tries=$((tries + 1))
    [[ $tries -le 100 ]] || die "$1 started no process; its log is $LAB/logs/$1.log"
    sleep 0.02
  done
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
