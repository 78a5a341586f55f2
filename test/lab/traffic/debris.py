"""What a migration may have left behind: compared by name before and after.

Looks at queues, exchanges, pods, leases, images and checkpoint archives.
"""

import os
import re
import subprocess

import kube
import lab
import rabbit
import workload

IMAGE = re.compile(r"localhost/ms2m/\S+")
NODES = ("worker-1", "worker-2")
ON_NODE = ("ls -d /var/lib/kubelet/checkpoints/* /var/lib/ms2m/* /tmp/ms2m* /var/tmp/ms2m* 2>/dev/null; "
           "podman images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null; true")


def on_node(node):
    result = subprocess.run(["ssh", "-F", os.path.join(lab.LAB, "ssh", "config"), node, ON_NODE],
                            capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        return {f"{node}: cannot look: {result.stderr.strip()[:200]}"}
    return {f"{node}: {line}" for line in result.stdout.split("\n")
            if line and (line.startswith("/") or IMAGE.match(line))}


def look():
    """Names of everything of ms2m's, and of what it might leave of the workload's."""
    api, management = kube.Api(), rabbit.Management()
    names = [pod["metadata"]["name"] for pod in api.pods(workload.LABEL)]
    found = set()
    for queue in management.queues():
        pod = queue.removeprefix("ms2m.control.")
        if pod != queue:
            if pod not in names:
                found.add(f"queue {queue} (no such pod)")
        elif "ms2m" in queue:
            found.add(f"queue {queue}")
    found |= {f"exchange {row['name']}" for row in management.call("GET", "/exchanges/%2F") if "ms2m" in row["name"]}
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{lab.NAMESPACE}/leases"
    found |= {f"lease {lease['metadata']['name']}" for lease in api.get(leases)["items"]}
    for node in NODES:
        found |= on_node(node)
    return found


def pods_beyond(wanted):
    """Pods of the workload that are more than it should have."""
    names = [pod["metadata"]["name"] for pod in kube.Api().pods(workload.LABEL)]
    return {f"pods {', '.join(sorted(names))} instead of {wanted}"} if len(names) != wanted else set()
