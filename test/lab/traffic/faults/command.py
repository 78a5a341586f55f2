"""`bench faults`: one move for each fault of a table, and what became of the traffic."""

import json
import os
import shutil
import sys
import time

import debris
import driver
import effects_log
import handover
import kube
import lab
import producing
from faults import of_broker, of_cluster, of_nodes, of_operator
from faults.scene import SOURCE_NODE, TARGET_NODE, Scene, patch_file

TABLE = [*of_operator.FAULTS, *of_broker.FAULTS, *of_nodes.FAULTS, *of_cluster.FAULTS]
DEADMAN_S = 15  # ms2m's default
MARGIN_S = 2
CLEAN = (0, 1, 4)  # exit statuses after which nothing is left to do
INTERRUPTED = 130
RATE, DELAY_MS = 20, 10


def chosen(text):
    names = {fault.name: fault for fault in TABLE}
    unknown = [name for name in text.split(",") if name not in names]
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; there are: {', '.join(names)}")
    return [names[name] for name in text.split(",")]


def add_arguments(command, word):
    command.add_argument("--only", type=word(chosen), default=TABLE, metavar="NAME,...", help="default: all, one after the other")
    command.add_argument("--list", action="store_true", help="say which there are, and do nothing")
    command.add_argument("--warmup", type=float, default=6, help="seconds of traffic before the move")
    command.add_argument("--tail", type=float, default=1, help="seconds of traffic after it")
    command.add_argument("--json", action="store_true", help="one JSON object per fault")
    command.add_argument("ms2m_args", nargs="*", help="after --: more arguments for ms2m migrate")


def start_traffic(fault):
    arguments = ["start", "--rate", str(RATE), "--delay-ms", str(DELAY_MS), "--workload", fault.workload,
                 "--queue-type", fault.queue_type]
    patch = patch_file(fault.patch) if fault.patch else None
    try:
        driver.traffic(*arguments, *(["--pod-patch", patch] if patch else []))
    finally:
        if patch:
            os.unlink(patch)


def finish(fault, scene, status):
    """As ms2m's own report says: a person does nothing as long as the dead man's time runs, which has to be enough."""
    name = scene.migration.id()
    if status in CLEAN or (status == INTERRUPTED and not is_left(scene)):
        return "nothing", None, ""
    time.sleep(DEADMAN_S + MARGIN_S + 1)
    if name is None:
        return "cleanup", *type_in(fault, scene, "cleanup")
    code, said = type_in(fault, scene, fault.verb, name)
    return fault.verb, code, said


def is_left(scene):
    """Whether its journal is not at its end."""
    return not any(record["type"] == "end" and record.get("result") in ("done", "undone") for record in scene.journal.records())


def type_in(fault, scene, *arguments):
    code, _, said = driver.Migration(list(arguments), scene.state_home).wait(fault.patience_s)
    return code, said


def served_by(verdict):
    sides = {SOURCE_NODE: "source", TARGET_NODE: "target"}
    found = [sides[instance["node"]] + (", started anew" if instance["restarted_cold"] else "") for instance in verdict["instances"]]
    return " and ".join(found) or "nobody"


def one(options, fault):
    with fault.around():
        return traffic_and_fault(options, fault)


def traffic_and_fault(options, fault):
    begun = time.monotonic()
    start_traffic(fault)
    debris.snapshot()
    scene = Scene(options, handover.source_pod())
    time.sleep(options.warmup)
    try:
        with scene.healed:
            fault.happen(scene)
            status, report, err = scene.migration.wait(fault.patience_s)
    except BaseException:
        scene.abandon()
        raise
    after, after_status, after_err = finish(fault, scene, status)
    time.sleep(options.tail)
    driver.traffic("stop")
    verdict = driver.verdict(60)
    left = debris.found()
    unserved = effects_log.largest_pause(producing.effects(), scene.migration.begun)[0]
    run = {"fault": fault.name, "what": fault.what, "served_by": served_by(verdict), "unserved_s": round(unserved, 3),
           "broker_away_s": round(scene.broker_away_s, 3)}
    for key in ("lost", "duplicated", "reordered", "unexpected", "published", "effects", "problem"):
        run[key] = verdict[key]
    run.update(debris=left, exit_status=status, result=driver.find(report, "result"), after=after, after_status=after_status,
               seconds=round(time.monotonic() - begun, 1), wrong=scene.wrong)
    run["fine"] = is_fine(run, verdict["exact"] or (fault.doubles and is_only_doubled(verdict)) or (fault.ends_source and is_worked_off(verdict)))
    if run["fine"]:
        shutil.rmtree(scene.state_home, ignore_errors=True)
    else:
        run.update(error=driver.find(report, "message"), stderr=(err + after_err).strip().splitlines()[-12:], journal=scene.state_home)
    return run


def is_only_doubled(verdict):
    return not verdict["problem"] and (verdict["lost"], verdict["reordered"], verdict["unexpected"]) == (0, 0, 0)


def is_worked_off(verdict):
    """Each message had its effect outside once, whoever remembers it."""
    return not verdict["problem"] and verdict["effects"] == {"never": 0, "once": verdict["published"], "several": 0}


def is_fine(run, exact):
    """Somebody serves, exactly, it was not longer than promised that nobody did, and nothing is left."""
    return (exact and not run["debris"] and not run["wrong"] and run["exit_status"] != "hung"
            and run["after_status"] in (None, *CLEAN) and run["unserved_s"] <= DEADMAN_S + MARGIN_S + run["broker_away_s"])


def show(run):
    if "trouble" in run:
        return f"{run['fault']}: NOT FINE: {run['trouble']}"
    return (f"{run['fault']}: {run['served_by']}, nobody for {run['unserved_s']} s, lost {run['lost']} duplicated {run['duplicated']} reordered "
            f"{run['reordered']}, exit {run['exit_status']} {run['result']}, {run['after']} {run['after_status']}, {run['seconds']} s "
            f"{'fine' if run['fine'] else 'NOT FINE'} {'; '.join(run['debris'] + run['wrong'])}")


def run(options):
    if options.list:
        for fault in options.only:
            print(f"{fault.name}: {fault.what}")
        return 0
    bad = 0
    for fault in options.only:
        driver.traffic("clean")
        try:
            outcome = one(options, fault)
        except (AssertionError, lab.Failure, kube.Refused) as trouble:
            outcome = {"fault": fault.name, "what": fault.what, "fine": False, "trouble": str(trouble)}
        bad += not outcome["fine"]
        print(json.dumps(outcome) if options.json else show(outcome), flush=True)
    driver.traffic("clean")
    print(f"{len(options.only) - bad} of {len(options.only)} faults: somebody served, exactly, and nothing was left", file=sys.stderr)
    return 1 if bad else 0
