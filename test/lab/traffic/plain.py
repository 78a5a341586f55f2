"""How long the node's own runtime takes to restore what was moved there, beside what ms2m took: both are of one run."""

import os
import statistics
import subprocess

import driver
import kube
import lab

RESTORES = 3


def restore_seconds(node, pod):
    """The median; None: it could not be measured."""
    status = kube.Api().get(f"/api/v1/namespaces/{lab.NAMESPACE}/pods/{pod}")["status"]
    container = status["containerStatuses"][0]["containerID"].rpartition("/")[2]
    with open(os.path.join(lab.SOURCE_DIR, "test", "lab", "root", "selftest", "plain_restore"), encoding="utf-8") as program:
        done = subprocess.run([driver.LAB_COMMAND, "ssh", node, f"python3 -B - {container} {RESTORES}"], stdin=program,
                              capture_output=True, text=True, check=False)
    times = [float(word) for word in done.stdout.split()]
    return round(statistics.median(times), 4) if done.returncode == 0 and times else None


def phase_seconds(report, name):
    """Of ms2m's own; None: there was none of that name."""
    return next((each["seconds"] for each in driver.find(report, "phases") or [] if each["phase"] == name), None)
