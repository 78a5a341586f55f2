"""What happens on the nodes, and to the processes there."""

import functools
import signal
import time

import unserving
from faults.fault import Fault
from faults.scene import CHECKPOINT, PIVOTED, RESTORE, SOURCE_NODE, STREAM, TARGET_NODE, lab_command

GONE_S = 10
LONG_S = 30  # longer than nobody may work on the queue


def sshd_gone(node, scene):
    scene.begin_at(STREAM)
    scene.end_sshd(node)


def program_killed(node, place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.kill_program(node)


def kubelet_gone(node, place, strategy, seconds, scene):
    scene.begin_at(place, strategy)
    scene.healed.callback(lab_command, "kubelet", "start", node)
    lab_command("kubelet", "stop", node)
    time.sleep(seconds)
    lab_command("kubelet", "start", node)


def kubelet_still(node, place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.stop_kubelet_for(node, GONE_S)


def cut_off(node, place, strategy, seconds, scene):
    scene.begin_at(place, strategy)
    with scene.cut_from_api_server(node):
        time.sleep(seconds)


def vanished(node, place, strategy, seconds, scene):
    scene.begin_at(place, strategy)
    scene.unplug(node)
    time.sleep(seconds)
    scene.plug(node)


def disk_full(node, directory, scene):
    scene.small_disk(node, directory)
    scene.begin("handoff")


def copy_killed(scene):
    """When it lives, and before it has the queue."""
    scene.begin_at("delete the source pod")
    scene.signal(signal.SIGSTOP)
    scene.kill_container(scene.copy())
    scene.signal(signal.SIGCONT)


def never_serves(scene):
    scene.begin("handoff", "--serve-timeout", "4s")


def row(name, what, function, *arguments, **more):
    return Fault(name, what, functools.partial(function, *arguments), **more)


FAULTS = [
    row("sshd-source", "the source's sshd is killed while the data flows", sshd_gone, SOURCE_NODE),
    row("sshd-target", "the target's sshd is killed while the data flows", sshd_gone, TARGET_NODE),
    row("program-source", "the program on the source's node is killed in the checkpoint", program_killed, SOURCE_NODE, CHECKPOINT, "handoff"),
    row("program-target", "the program on the target's node is killed while the data flows", program_killed, TARGET_NODE, STREAM, "handoff"),
    row("program-target-pivoted", "the same after the pivot", program_killed, TARGET_NODE, PIVOTED, "handoff", verb="resume"),
    row("kubelet-source", f"the source's kubelet stands still for {GONE_S} s while the data flows", kubelet_still, SOURCE_NODE, STREAM, "handoff"),
    row("kubelet-source-pivoted", "the same from the pivot on", kubelet_still, SOURCE_NODE, PIVOTED, "handoff", verb="resume"),
    row("kubelet-target", f"the target's kubelet is gone for {GONE_S} s while the data flows", kubelet_gone, TARGET_NODE, STREAM, "handoff",
        GONE_S),
    row("kubelet-target-long", f"the same for {LONG_S} s", kubelet_gone, TARGET_NODE, STREAM, "handoff", LONG_S),
    row("cut-off-source", f"the source's kubelet and the API server do not reach each other for {GONE_S} s; ssh lives", cut_off, SOURCE_NODE,
        CHECKPOINT, "handoff", GONE_S),
    row("cut-off-source-long", f"the same for {LONG_S} s", cut_off, SOURCE_NODE, CHECKPOINT, "handoff", LONG_S),
    row("cut-off-source-pivoted", f"the same for {GONE_S} s from the pivot on", cut_off, SOURCE_NODE, PIVOTED, "handoff", GONE_S,
        verb="resume"),
    row("vanished-target", "the target's node vanishes for 20 s while the data flows", vanished, TARGET_NODE, STREAM, "handoff", 20),
    row("vanished-target-shadow", "the target's node vanishes for 20 s while ms2m relays to both", vanished, TARGET_NODE, RESTORE, "shadow", 20),
    row("vanished-target-pivoted", "the target's node vanishes for 12 s after the pivot", vanished, TARGET_NODE, PIVOTED, "handoff", 12,
        verb="resume"),
    row("disk-source", "the source's disk takes no checkpoint", disk_full, SOURCE_NODE, "/var/lib/kubelet/checkpoints"),
    row("disk-target", "the target's disk takes no data", disk_full, TARGET_NODE, "/var/lib/ms2m"),
    row("copy-killed", "the copy is killed as by the OOM killer before the pivot", copy_killed),
    row("copy-crash-loop", "the copy ends whenever it is to serve, after the pivot", never_serves, patch=unserving.pod_patch(unserving.ENDS),
        verb="resume"),
    row("copy-hangs", "the copy hangs when it is to serve, after the pivot", never_serves, patch=unserving.pod_patch(unserving.HANGS),
        verb="resume"),
]
