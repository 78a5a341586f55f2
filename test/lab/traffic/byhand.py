"""`bench byhand`: a handoff by ms2m, and the same steps by hand, in turn."""

import json
import statistics
import sys
import tempfile
import time

import by_hand
import debris
import driver
import handover
import kube
import lab
import producing

RATIOS = ("total_s", "gap_s", "wall_s")


def one(options, rate, repetition):
    handover.start_traffic(options, rate)
    pod = handover.source_pod()
    debris.snapshot()
    time.sleep(options.warmup)
    with tempfile.TemporaryDirectory(prefix="ms2m-bench-") as directory:
        handoff = by_hand.Handoff(kube.Api(), pod, producing.load_options()["queue"], options.to, directory)
        handoff.run()
    time.sleep(options.tail)
    driver.traffic("stop")
    verdict = driver.verdict(handover.drain_time(options, rate))
    what = {**handover.kind_of_run("handoff", "hand", "kubelet", "off", "files", rate, repetition), "memory": options.memory}
    return handover.describe(options, what, handoff, (0, handoff.report, ""), verdict, debris.found(), pod)


def ratios(runs):
    """Of the medians, ms2m's to the hand's: {rate: {"total_s": ..., ...}}."""
    def median(way, rate, key):
        return statistics.median(run[key] for run in runs if run["restore"] == way and run["rate"] == rate)

    rates = sorted({run["rate"] for run in runs})
    return {rate: {key: round(median("handler", rate, key) / median("hand", rate, key), 3) for key in RATIOS} for rate in rates}


def tell(options, run, runs):
    runs.append(run)
    print(json.dumps(run) if options.json else handover.show(run), flush=True)


def run(options):
    if options.workload != "pod":
        raise lab.Failure("by hand a bare pod is moved: --workload pod")
    runs = []
    api, directory = kube.Api(), tempfile.TemporaryDirectory(prefix="ms2m-bench-")
    with directory, handover.nodes_for(["handler"]):
        target = by_hand.Node(options.to, directory.name)
        by_hand.set_up(target)
        by_hand.declare_class(api)
        try:
            for rate in (float(rate) for rate in options.rates.split(",")):
                for repetition in range(1, options.reps + 1):
                    tell(options, handover.one(options, "handoff", rate, repetition, ("handler", "kubelet", "off", "files", "ssh")), runs)
                    tell(options, one(options, rate, repetition), runs)
            driver.traffic("clean")
        finally:
            by_hand.remove_class(api)
            by_hand.take_back(target)
            target.close()
    handover.medians(runs)
    for rate, found in ratios(runs).items():
        print(f"ms2m / by hand at {rate:g}/s: " + ", ".join(f"{key} {value}" for key, value in found.items()), file=sys.stderr)
    return 0 if all(handover.is_fine(each) for each in runs) else 1
