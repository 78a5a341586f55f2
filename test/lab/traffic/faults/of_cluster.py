"""What happens to the API server, and what others do in the cluster."""

import functools

from faults.fault import Fault
from faults.scene import CHECKPOINT, PIVOTED, RESTORE, SOURCE_NODE, STREAM, WAITING_POD


def answers(place, strategy, fault, scene):
    scene.begin_at(place, strategy)
    scene.api_fault(**fault)


def silent(place, strategy, seconds, scene):
    scene.begin_at(place, strategy)
    scene.stop_api_server_for(seconds)


def source_evicted(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.evict(scene.pod)


def source_deleted(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.delete(scene.pod)


def source_drained(place, strategy, scene):
    scene.begin_at(place, strategy)
    node = f"/api/v1/nodes/{SOURCE_NODE}"
    scene.api.merge(node, {"spec": {"unschedulable": True}})
    scene.healed.callback(scene.api.merge, node, {"spec": {"unschedulable": None}})
    scene.evict(scene.pod)


def copy_evicted(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.evict(scene.copy())


def row(name, what, function, *arguments, **more):
    return Fault(name, what, functools.partial(function, *arguments), **more)


FAULTS = [
    row("api-429", "the API server answers 20 times 429", answers, WAITING_POD, "handoff", {"action": "status", "code": 429, "count": 20}),
    row("api-503", "the API server answers 20 times 503", answers, CHECKPOINT, "handoff", {"action": "status", "code": 503, "count": 20}),
    row("api-503-pivoted", "the same after the pivot", answers, PIVOTED, "handoff", {"action": "status", "code": 503, "count": 20},
        verb="resume"),
    row("api-reset", "the API server ends 20 connections instead of answering", answers, WAITING_POD, "handoff", {"action": "drop", "count": 20}),
    row("api-reset-after", "the API server does 5 times what is asked, and ends the connection", answers, WAITING_POD, "handoff",
        {"action": "drop-after", "count": 5}),
    row("api-silent", "the API server accepts and is silent for 20 s", silent, STREAM, "handoff", 20),
    row("api-silent-checkpoint", "the same for 30 s in the checkpoint", silent, CHECKPOINT, "handoff", 30),
    row("api-silent-restore", "the same for 30 s in the restore", silent, RESTORE, "handoff", 30),
    row("api-silent-pivoted", "the same for 20 s from the pivot on", silent, PIVOTED, "handoff", 20, verb="resume"),
    row("source-deleted", "somebody deletes the source pod while the data flows", source_deleted, STREAM, "handoff", workload="deployment",
        ends_source=True),
    row("source-evicted", "somebody evicts the source pod while ms2m relays to both", source_evicted, RESTORE, "shadow", workload="deployment",
        ends_source=True),
    row("source-drained", "somebody drains the source's node while the data flows", source_drained, STREAM, "handoff", workload="deployment",
        ends_source=True),
    row("copy-evicted", "somebody evicts the copy before the pivot", copy_evicted, STREAM, "handoff"),
    row("copy-evicted-shadow", "somebody evicts the copy while ms2m relays to both", copy_evicted, RESTORE, "shadow"),
]
