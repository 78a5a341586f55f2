# shellcheck shell=bash
# Pipes of 4 MiB for CRIU's page server. Root may have them; where it has no CAP_SYS_RESOURCE, as in a container, it needs what everybody
# on the machine may. The last lab to go gives back what the first one found.

PIPES=/run/ms2m-lab-pipes
PIPE_SETTINGS=/proc/sys/fs

may_have_large_pipes() {
  local effective
  effective=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
  ((0x$effective >> 24 & 1))
}

widen_pipes() {
  ! may_have_large_pipes || return 0
  (
    flock 6
    mkdir -p "$PIPES/labs"
    if [[ ! -e $PIPES/before ]]; then
      cat "$PIPE_SETTINGS"/{pipe-max-size,pipe-user-pages-soft} >"$PIPES/before.part"
      mv "$PIPES/before.part" "$PIPES/before"
    fi
    : >"$PIPES/labs/$LAB_CGROUP"
    # Where that is not allowed, only what keeps pages back does not work.
    { echo 4194304 >"$PIPE_SETTINGS/pipe-max-size"; echo 0 >"$PIPE_SETTINGS/pipe-user-pages-soft"; } 2>/dev/null || true
  ) 6>>"$PIPES.lock"
}

give_back_pipes() {
  [[ -e $PIPES/labs/$LAB_CGROUP ]] || return 0
  (
    flock 6
    rm -f "$PIPES/labs/$LAB_CGROUP"
    rmdir "$PIPES/labs" 2>/dev/null || exit 0   # another lab needs them
    { read -r size; read -r pages; } <"$PIPES/before"
    { echo "$size" >"$PIPE_SETTINGS/pipe-max-size"; echo "$pages" >"$PIPE_SETTINGS/pipe-user-pages-soft"; } 2>/dev/null || true
    rm -rf "$PIPES"
  ) 6>>"$PIPES.lock"
}
