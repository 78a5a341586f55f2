#!/bin/sh
# Empties a node in a maintenance window: alarms off before a pod is disturbed, on again whatever came of it, and an
# exit status that a scheduler understands.
#
#   maintenance-window.sh drain worker-1 --to worker-2
#   maintenance-window.sh migrate pod/consumer-0 --to worker-2
#
# What stands behind the command's name is ms2m's. To be changed: alarms().
#   ALARMS   a directory; a file in it named as the migration means that its alarms are off (default: /run/alarms-off)
#   MS2M     the program (default: ms2m)
set -u

: "${ALARMS:=/run/alarms-off}"
export ALARMS

# A hook is a line for /bin/sh, which gets MS2M_ID and MS2M_PHASE, and on its standard input what is known so far.
# Outside of double quotes nothing here is expanded before it runs.
alarms_off='mkdir -p "$ALARMS" && cat >"$ALARMS/$MS2M_ID" && echo "alarms of $MS2M_ID off"'
alarms_on='rm -f "$ALARMS/$MS2M_ID" && echo "alarms of $MS2M_ID on"'

[ $# -ge 2 ] || { echo "usage: $0 drain|migrate WHAT [OPTIONS]" >&2; exit 2; }
"${MS2M:-ms2m}" "$@" \
  --hook "before-quiet=$alarms_off" \
  --hook "end=$alarms_on" \
  --hook-limit 30s
status=$?

case $status in
  0) echo "moved" ;;
  1) echo "not moved: it was undone, and everything works as before" ;;
  2) echo "not begun: the command line or the configuration is wrong" ;;
  3) echo "something is left; see above for the command that removes it" ;;
  4) echo "refused, or a pod of the node was: see above for why" ;;
  5) echo "moved; the clean-up is for 'ms2m cleanup'" ;;
  6) echo "moved, but a hook failed: look whether the alarms are on" ;;
  130) echo "interrupted" ;;
  *) echo "ms2m ended with $status" ;;
esac >&2
exit $status
