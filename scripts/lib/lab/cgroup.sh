# shellcheck shell=bash
# The lab's control groups. Every process of the lab lives below the group LAB_CGROUP in every hierarchy from the moment
# it is forked, so `down` finds all of them there, whatever was or was not written to a file before an interruption.

# Mount points of all hierarchies, "TYPE PATH" a line (TYPE cgroup or cgroup2).
cgroup_mounts() {
  awk '$3 == "cgroup" || $3 == "cgroup2" { print $3, $2 }' /proc/self/mounts
}

# Where the unified hierarchy is; without one there is no lab.
cgroup2_mount() {
  awk '$3 == "cgroup2" { print $2; found = 1; exit } END { exit !found }' /proc/self/mounts ||
    die "this machine has no cgroup2 mounted"
}

# cgroup_make NAME: the group LAB_CGROUP/NAME in every hierarchy.
cgroup_make() {
  local type mount
  while read -r type mount; do
    cgroup_make_in "$type" "$mount" "$LAB_CGROUP"
    cgroup_make_in "$type" "$mount" "$LAB_CGROUP/$1"
  done < <(cgroup_mounts)
}

cgroup_make_in() {
  local type=$1 dir=$2/$3 file controller
  mkdir -p "$dir"
  if [[ $type == cgroup2 ]]; then
    for controller in cpu memory pids io cpuset; do
      echo "+$controller" 2>/dev/null >"${dir%/*}/cgroup.subtree_control" || true
    done
  elif [[ -e $dir/cpuset.cpus ]]; then
    # An empty cpuset takes no process; children copy their parent's only when told so.
    for file in cpuset.cpus cpuset.mems; do cat "${dir%/*}/$file" >"$dir/$file"; done
    echo 1 >"$dir/cgroup.clone_children"
  fi
}

# cgroup_enter NAME: moves the calling process (a subshell: $BASHPID) there. A node that is up has its own processes in
# the leaf `system`, as version 2 wants.
cgroup_enter() {
  local type mount dir
  while read -r type mount; do
    dir=$mount/$LAB_CGROUP/$1
    if [[ $type == cgroup2 && -d $dir/system ]]; then dir+=/system; fi
    echo "$BASHPID" >"$dir/cgroup.procs"
  done < <(cgroup_mounts)
}

# cgroup_processes [NAME]: pids in the group and below it, as the unified hierarchy has them.
cgroup_processes() {
  local dir
  dir=$(cgroup2_mount) || exit 1
  dir+=/$LAB_CGROUP${1:+/$1}
  [[ -d $dir ]] || return 0
  find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

# cgroup_kill [NAME]: kills everything in the group and below and waits until it is gone.
cgroup_kill() {
  local dir deadline=$((SECONDS + PATIENCE)) pids
  dir=$(cgroup2_mount) || exit 1
  dir+=/$LAB_CGROUP${1:+/$1}
  [[ -d $dir ]] || return 0
  # A frozen group (a checkpoint that was cut off) would keep its processes.
  find "$dir" -name cgroup.freeze -exec sh -c 'for f; do echo 0 >"$f" 2>/dev/null; done' sh {} + || true
  while :; do
    pids=$(cgroup_processes "${1:-}")
    [[ -n $pids ]] || return 0
    if ! echo 1 2>/dev/null >"$dir/cgroup.kill"; then
      # shellcheck disable=SC2086
      kill -KILL $pids 2>/dev/null || true
    fi
    [[ $SECONDS -lt $deadline ]] || die "processes of the lab that have not ended in $PATIENCE s: $(tr '\n' ' ' <<<"$pids")"
    sleep 0.05
  done
}

# cgroup_remove [NAME]: removes the group and those below from every hierarchy. They must be empty.
cgroup_remove() {
  local type mount dir deadline
  while read -r type mount; do
    dir=$mount/$LAB_CGROUP${1:+/$1}
    deadline=$((SECONDS + PATIENCE))
    while [[ -d $dir ]]; do
      find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
      if [[ $SECONDS -ge $deadline ]]; then warn "cannot remove $dir: it has not become empty in $PATIENCE s"; return 1; fi
      [[ ! -d $dir ]] || sleep 0.05
    done
  done < <(cgroup_mounts)
}
