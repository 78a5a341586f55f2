# shellcheck shell=bash
# `lab status --debris`: what a migration has left behind, compared with a snapshot of the lab.
# Each finding is a line "KIND WHERE NAME"; the snapshot is the list of everything of those kinds, findings are what is
# there now and was not then.

api_get() { curl -sf --max-time 30 --cacert "$LAB/pki/ca.crt" --cert "$LAB/pki/admin.crt" --key "$LAB/pki/admin.key" "$API_URL$1"; }

# Each lister prints its kind of lines; one that cannot look prints an "unknown" line, which is a finding too.
list_broker() {
  local kind
  for kind in queues exchanges; do
    broker_get "$kind?disable_stats=true&enable_queue_totals=true" 2>/dev/null | jq -r --arg kind "${kind%s}" \
      '.[] | select(.name | test("ms2m")) | "\($kind) \(.vhost) \(.name)"' || echo "unknown broker $kind"
  done
  broker_get bindings 2>/dev/null | jq -r '.[] | select(.source != "" and ((.source + " " + .destination + " " + .routing_key) | test("ms2m"))) |
    "binding \(.source) \(.destination) key=\(.routing_key)"' || echo "unknown broker bindings"
}

# Pods that are not Running and Ready; and, as "pod-of", whose pod each is. A pod without an owner is its own workload, also
# when a migration has given it another name.
list_pods() {
  api_get /api/v1/pods | jq -r '.items[] |
    (.metadata.namespace + "/" + .metadata.name) as $pod |
    ([.status.conditions[]? | select(.type == "Ready" and .status == "True")] | length > 0) as $ready |
    (if .metadata.deletionTimestamp then "pod-ending \($pod)"
     elif .status.phase != "Running" or ($ready | not) then "pod-not-ready \($pod) \(.status.phase // "-")" else empty end),
    ([.metadata.ownerReferences[]? | select(.controller) | "\(.kind)/\(.name)"][0] //
      "none/\(.metadata.annotations["ms2m.io/base-name"] // .metadata.name)") as $owner |
    "pod-of \($owner) \($pod)"' || echo "unknown pods -"
  api_get /apis/coordination.k8s.io/v1/leases | jq -r '.items[] | select(.metadata.name | startswith("ms2m-")) |
    "lease \(.metadata.namespace) \(.metadata.name) holder=\(.spec.holderIdentity // "")"' || echo "unknown leases -"
}

# Runs on a node. The mark of a restore that is over is kept as long as its pod, until something is cleaned up then: nothing else of it is. The program in /var/cache/ms2m is announced by `ms2m plan` and stays; a part of one does not.
# Image names below localhost/ms2m/, and tags that begin with ms2m-moved-, are ms2m's; one that points at the base image is how a survivor keeps
# its name, so its image ID is in the line.
read -r -d '' NODE_LISTER <<'END' || true
shopt -s nullglob dotglob
for file in /var/lib/kubelet/checkpoints/* /var/lib/ms2m?* /tmp/ms2m* /var/tmp/ms2m* /run/ms2m/* /root/ms2m* /var/cache/ms2m/*.new.*; do
  [ "$file" != /run/ms2m/not-started ] || continue
  echo "file $NODE $file"
done
for file in /run/ms2m/not-started/*; do echo "file $NODE $file"; done
if [ -S /run/containerd/containerd.sock ]; then
  ctr -n k8s.io images ls -q | grep -E '^localhost/ms2m/|:ms2m-moved-' | while read -r name; do echo "image $NODE $name"; done
fi
python3 - <<'PY'
import json, os
for id in os.listdir("/var/lib/ms2m") if os.path.isdir("/var/lib/ms2m") else []:
    place = "/var/lib/ms2m/" + id
    names = os.listdir(place) if os.path.isdir(place) else [""]
    try:
        record = json.load(open(place + "/record"))
    except (OSError, ValueError):
        record = {}
    if record.get("state") in ("done", "void"):
        names.remove("record")
    for name in names or ([""] if not record else []):
        print("file", os.environ["NODE"], place + "/" + name, record.get("state", ""))
try:
    images = json.load(open("/var/lib/containers/storage/overlay-images/images.json"))
except FileNotFoundError:
    images = []
base = {i["id"] for i in images for n in i.get("names") or [] if n.startswith("localhost/ms2m-consumer:")}
for image in images:
    names = image.get("names") or []
    if not names:
        print("image", os.environ["NODE"], "<none>", image["id"][:12])
    for name in names:
        if (name.startswith("localhost/ms2m/") or ":ms2m-moved-" in name) and image["id"] not in base:
            print("image", os.environ["NODE"], name, image["id"][:12])
PY
END

list_node() { in_namespaces "$1" env NODE="$1" bash -c "$NODE_LISTER" 2>/dev/null || echo "unknown node $1"; }

list_all() {
  local node
  list_broker
  list_registry
  [[ ! -x $APISERVER_BIN ]] || list_pods
  for node in $(present_nodes); do list_node "$node"; done
}

# take_snapshot [pods]: with `pods` only which pods there are; what else there is stays a finding.
take_snapshot() {
  {
    if [[ ${1:-} == pods ]]; then
      grep -v '^pod-of ' "$LAB/snapshot" || true
      list_pods | grep '^pod-of ' || true
    else
      list_all
    fi
  } | sort >"$LAB/snapshot.part" && mv "$LAB/snapshot.part" "$LAB/snapshot"
}

# drop_control_queues_of_pods_in FILE: control queues are named after pods; those of pods that exist are the application's.
drop_control_queues_of_pods_in() {
  local pods line queue
  pods=$(sed -n 's,^pod-of [^ ]* [^/]*/,,p' "$1")
  while IFS= read -r line; do
    queue=$(sed -nE 's,^(queue|binding) .*ms2m\.control\.([^ ]+)( .*)?$,\2,p' <<<"$line")
    if [[ -n $queue ]] && grep -qxF -- "$queue" <<<"$pods"; then continue; fi
    printf '%s\n' "$line"
  done
}

# A pod more than the snapshot has of a workload (or without one) is a finding; another pod in its place is not.
extra_pods() {
  local was=$1 now=$2
  awk 'FILENAME == ARGV[1] { if ($1 == "pod-of") { had[$2]++; known[$2 " " $3] = 1 } next }
    $1 == "pod-of" { have[$2]++; list[$2] = list[$2] (known[$2 " " $3] ? "" : " " $3) }
    END { for (o in have) if (have[o] > had[o]) print "pod-extra " o list[o] }' "$was" "$now"
}

lab_debris() {
  local now=$LAB/debris.now found
  [[ -e $LAB/snapshot ]] || die "there is no snapshot to compare with (lab status --snapshot takes one)"
  list_all | sort >"$now"
  found=$(
    comm -13 "$LAB/snapshot" "$now" | grep -v '^pod-of ' | drop_control_queues_of_pods_in "$now"
    extra_pods "$LAB/snapshot" "$now"
  )
  rm -f "$now"
  [[ -n $found ]] || return 0
  printf '%s\n' "$found"
  return 1
}
