"""`bench handover`: one migration a run, under traffic, with the oracle's verdict and the measured gap."""

import contextlib
import itertools
import json
import shutil
import statistics
import sys
import tempfile
import time

import ballast
import debris
import driver
import effects_log
import lab
import plain
import producing

SHOWN = ("total_s", "time_outside_s", "source_pause_s", "gap_s", "largest_pause_s")


def start_traffic(options, rate):
    arguments = ["start", "--rate", f"{rate:g}", "--delay-ms", f"{options.delay_ms:g}", "--workload", options.workload,
                 "--consumer", options.consumer, "--backlog", str(options.backlog), "--prefetch", str(options.prefetch),
                 "--queue-type", options.queue_type, "--exchange", options.exchange]
    if options.reconnect_delay is not None:
        arguments += ["--reconnect-delay", f"{options.reconnect_delay:g}"]
    if options.sigterm == "ignored":
        arguments.append("--ignore-sigterm")
    if options.grace is not None:
        arguments += ["--grace", str(options.grace)]
    size = getattr(options, "memory", 0)  # of handover alone
    patch = ballast.patch_file(size) if size else None
    try:
        driver.traffic(*arguments, *(["--pod-patch", patch] if patch else []))
    finally:
        ballast.remove(patch)


def source_pod():
    status = json.loads(driver.traffic("status", "-o", "json").stdout)
    return status["pods"][0]["pod"]


def kind_of_run(strategy, way, checkpoint, precopy, pages, rate, repetition, transfer="ssh"):
    return {"strategy": strategy, "restore": way, "checkpoint": checkpoint, "precopy": precopy, "pages": pages, "transfer": transfer, "rate": rate,
            "repetition": repetition}


def migrate_arguments(options, strategy, pod, way="auto", checkpoint="kubelet", precopy="auto", pages="files", transfer="ssh"):
    arguments = ["migrate", f"pod/{pod}", "--to", options.to, "-o", "json", "--strategy", strategy, "--restore", way,
                 "--checkpoint", checkpoint, "--precopy", precopy, "--pages", pages, "--transfer", transfer]
    for flag, value in (("--protocol", options.protocol), ("--replay", options.replay), ("--prefer", options.prefer)):
        if value:
            arguments += [flag, value]
    return arguments + options.ms2m_args


def drain_time(options, rate):
    """Generous: what a saturated consumer has left to do, and then some."""
    behind = max(0.0, rate * options.delay_ms / 1000 - 1)
    return 60 + 60 * behind + options.backlog * options.delay_ms / 1000


def one(options, strategy, rate, repetition, kind):
    way, checkpoint, precopy, pages, transfer = kind
    start_traffic(options, rate)
    pod = source_pod()
    debris.snapshot()
    time.sleep(options.warmup)
    state_home = tempfile.mkdtemp(prefix="ms2m-bench-")
    migration = driver.Migration(migrate_arguments(options, strategy, pod, way, checkpoint, precopy, pages, transfer), state_home)
    status, report, err = migration.wait(options.migration_timeout)
    if status == "hung":  # it was killed: the next run wants a clean lab
        err += driver.Migration(["abort", migration.id() or "?"], state_home).wait(options.migration_timeout)[2]
    time.sleep(options.tail)
    driver.traffic("stop")
    verdict = driver.verdict(drain_time(options, rate))
    plain_restore = plain.restore_seconds(options.to, source_pod()) if status == 0 and way == "handler" else None
    left = debris.found()
    shutil.rmtree(state_home, ignore_errors=True)
    what = {**kind_of_run(strategy, way, checkpoint, precopy, pages, rate, repetition, transfer), "memory": options.memory,
            "touch_s": ballast.touch_seconds(options.to, options.memory) if options.memory else None,
            "checkpoint_s": plain.phase_seconds(report, "Checkpointing"),
            "bytes": driver.find(report, "bytes"), "precopy_bytes": driver.find(report, "precopy_bytes"),
            "memory_pages": driver.find(report, "memory_pages"),
            # From the data's last byte until the copy talks to the broker; that of the runtime alone ends before.
            "restore_s": plain.phase_seconds(report, "Restoring"), "plain_restore_s": plain_restore}
    return describe(options, what, migration, (status, report, err), verdict, left, pod)


def describe(options, what, migration, outcome, verdict, left, pod):
    status, report, err = outcome
    effects = producing.effects()
    pause = effects_log.largest_pause(effects, migration.begun, migration.ended)
    # A pod of a StatefulSet has its name again in the end: its source cannot be told from its copy.
    gap = None if options.workload == "statefulset" else effects_log.handover_gap(effects, pod)
    run = {**what, "delay_ms": options.delay_ms,
           "workload": options.workload, "consumer": options.consumer, "backlog": options.backlog,
           "protocol": options.protocol, "replay": options.replay, "sigterm": options.sigterm, "grace_s": options.grace,
           "exit_status": status,
           "wall_s": round(migration.ended - migration.begun, 3),
           "total_s": driver.find(report, "total_s"), "time_outside_s": driver.find(report, "time_outside_s"),
           "source_pause_s": driver.find(report, "source_pause_s"),
           "gap_s": round(pause[0] if gap is None else gap, 3), "lazy_window_s": driver.find(report, "lazy_window_s"),
           "largest_pause_s": round(pause[0], 3),
           "frozen_s": driver.find(report, "frozen_s"), "held": driver.find(report, "held"),
           "peak_rss_mib": migration.peak_rss_mib,
           "reported_gap_s": driver.find(report, "gap_s", "processing_gap_s"),
           "consumer_gap_s": max((i["largest_pause_s"] for i in verdict["instances"]), default=None)}
    for key in ("published", "applied", "lost", "duplicated", "reordered", "unexpected", "hash_equal", "exact",
                "problem", "effects"):
        run[key] = verdict[key]
    run["restarted_cold"] = any(i["restarted_cold"] for i in verdict["instances"])
    run["on"] = [i["node"] for i in verdict["instances"]]
    run["moved"] = run["on"] == [options.to]
    run["debris"] = left
    run["id"] = driver.find(report, "id")
    run["phases"] = driver.find(report, "phases")
    run["critical_path"] = driver.find(report, "critical_path")
    run["stream"] = driver.find(report, "stream")  # offsets
    if status != 0:
        run["error"] = err.strip().splitlines()[-6:]
    return run


def show(run):
    numbers = " ".join(f"{key} {run[key]}" for key in SHOWN)
    if run["stream"]:
        numbers += " stopped at {stop} cut over at {cut_over}".format(**run["stream"])
    return (f"{run['strategy']:>10} {run['restore']:>7} {run['checkpoint']} precopy {run['precopy']} pages {run['pages']} {run['transfer']} {run['rate']:>5g}/s #{run['repetition']} exit {run['exit_status']} {numbers} "
            f"lost {run['lost']} duplicated {run['duplicated']} reordered {run['reordered']} "
            f"{'exact' if run['exact'] else 'NOT EXACT'}{'' if run['moved'] else ' not moved'}"
            f"{' DEBRIS: ' + '; '.join(run['debris']) if run['debris'] else ''}")


def medians(runs):
    def kind(run):
        return (run["strategy"], run["rate"], run["restore"], run["checkpoint"], run["precopy"], run["pages"], run["transfer"])

    for (strategy, rate, way, checkpoint, precopy, pages, transfer), group in itertools.groupby(sorted(runs, key=kind), kind):
        group = list(group)
        text = [f"{strategy} at {rate:g}/s by {way}, checkpoint by {checkpoint}, precopy {precopy}, pages {pages}, transfer by {transfer}, {len(group)} runs:"]
        for key in SHOWN + ("consumer_gap_s", "reported_gap_s", "restore_s", "plain_restore_s", "checkpoint_s", "touch_s", "bytes",
                                            "frozen_s", "held", "peak_rss_mib"):
            values = [run[key] for run in group if isinstance(run.get(key), (int, float))]
            text.append(f"{key} {statistics.median(values):.3f}" if values else f"{key} -")
        text += [f"{key} {sum(run[key] for run in group)}" for key in ("lost", "duplicated", "reordered")]
        text.append(f"refused or undone {sum(run['exit_status'] in (1, 4) for run in group)}")
        print(" ".join(text), file=sys.stderr)


def compare(runs):
    """How much longer the published baseline takes, in the same bench."""
    total = {}
    for entry in runs:
        if entry["exit_status"] == 0:
            total.setdefault(entry["strategy"], []).append(entry["total_s"])
    if "sequential" not in total:
        return
    baseline = statistics.median(total.pop("sequential"))
    for strategy, values in total.items():
        print(f"{strategy} is {baseline / statistics.median(values):.1f} times as fast as sequential", file=sys.stderr)


@contextlib.contextmanager
def nodes_for(ways):
    """Set up as an operator does it, if a way needs that."""
    arguments = ["node", "setup", "worker-1", "worker-2", "--restart-runtime"]

    def set_up(*more):
        with tempfile.TemporaryDirectory(prefix="ms2m-bench-") as state_home:
            status, _, err = driver.Migration(arguments + list(more), state_home).wait(60)
        if status != 0:
            raise lab.Failure(f"{' '.join(arguments + list(more))}: {err}")

    if "handler" not in ways:
        yield
        return
    set_up()
    try:
        yield
    finally:
        driver.traffic("clean")
        set_up("--remove")


def run(options):
    runs = []
    ways = options.restore.split(",")
    kinds = list(itertools.product(ways, options.checkpoint.split(","), options.precopy.split(","), options.pages.split(","),
                                   options.transfer.split(",")))
    with nodes_for(ways):
        for strategy in options.strategies.split(","):
            for rate in (float(rate) for rate in options.rates.split(",")):
                for repetition, kind in itertools.product(range(1, options.reps + 1), kinds):
                    runs.append(one(options, strategy, rate, repetition, kind))
                    print(json.dumps(runs[-1]) if options.json else show(runs[-1]), flush=True)
        if not options.keep:
            driver.traffic("clean")
    medians(runs)
    compare(runs)
    return 0 if all(is_fine(run) for run in runs) or options.replay == "fanout" else 1


def is_fine(run):
    """Moved exactly, or refused or undone and where it was; and nothing left behind."""
    expected = run["moved"] if run["exit_status"] == 0 else run["exit_status"] in (1, 4) and not run["moved"]
    return run["exact"] and expected and not run["debris"]
