"""`bench drain`: a node with three consumers is emptied at once, beside the same pods moved one after the other, in turn."""

import json
import shutil
import statistics
import sys
import tempfile
import time

import debris
import driver
import handover
import kube
import lab
from several import Several

HERE, THERE = "worker-1", "worker-2"


def rate_of(text):
    rate = float(text)
    if not 0 < rate <= 10000:
        raise ValueError(f"'{text}' is no number of messages a second")
    return rate


def how(options):
    return ["--strategy", options.strategy, "--restore", options.restore, "-o", "json", *options.ms2m_args]


def ask(arguments, state_home, timeout):
    """Its report, and how long it took from the process' beginning to its end."""
    run = driver.Migration(arguments, state_home)
    status, report, err = run.wait(timeout)
    if status != 0:
        raise lab.Failure(f"ms2m {' '.join(arguments)}: exit status {status}\n{err.strip()}")
    return report, run.ended - run.begun


def uncordon(node):
    kube.Api().merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})


def there(several, node):
    if elsewhere := several.not_on(node):
        raise lab.Failure(f"not on {node}, or started anew: the consumers of {', '.join(elsewhere)}")


def pair(options, several, number, state_home):
    """All of them there, and one by one back."""
    time.sleep(options.warmup)
    report, wall = ask(["drain", HERE, "--to", THERE, *how(options)], state_home, options.migration_timeout)
    there(several, THERE)
    uncordon(HERE)
    time.sleep(options.warmup)
    singles = [ask(["migrate", f"pod/{pod}", "--to", HERE, *how(options)], state_home, options.migration_timeout)
               for pod in several.pods().values()]
    there(several, HERE)
    return row(number, wall, report, singles)


def row(number, wall, report, singles):
    walls = [seconds for _, seconds in singles]
    return {"pair": number, "drain_s": round(wall, 3), "moved": sum(item["result"] == "moved" for item in report["items"]),
            "drain_totals_s": [item["total_s"] for item in report["items"] if item["result"] == "moved"],
            "single_s": [round(each, 3) for each in walls], "single_totals_s": [single["total_s"] for single, _ in singles],
            "ratio": round(wall / sum(walls), 3)}


def listed(values):
    return " + ".join(f"{each:.2f}" for each in values)


def show(one):
    return (f"#{one['pair']} drain {one['drain_s']:6.2f} s (totals {listed(one['drain_totals_s'])}), one by one {sum(one['single_s']):6.2f} s "
            f"({listed(one['single_s'])}), ratio {one['ratio']:.2f}")


def summary(pairs, wrong, left):
    return {"pairs": len(pairs), "drain_s": round(statistics.median(each["drain_s"] for each in pairs), 3),
            "one_by_one_s": round(statistics.median(sum(each["single_s"]) for each in pairs), 3),
            "ratio": round(statistics.median(each["ratio"] for each in pairs), 3),
            "queues": {queue: {"exact": why is None, "why": why} for queue, why in wrong.items()}, "debris": left}


def show_summary(whole):
    lines = [f"medians of {whole['pairs']}: drain {whole['drain_s']:.2f} s, one by one {whole['one_by_one_s']:.2f} s, ratio {whole['ratio']:.2f}"]
    lines += [f"{queue}: {'exact' if each['exact'] else 'NOT EXACT: ' + each['why']}" for queue, each in whole["queues"].items()]
    return "\n".join(lines + whole["debris"])


def is_fine(pairs, whole):
    return all(each["moved"] == len(each["single_s"]) for each in pairs) and not whole["debris"] and \
        all(each["exact"] for each in whole["queues"].values())


def measure(options, state_home):
    pairs = []
    driver.traffic("start", "--rate", f"{options.rate:g}", "--delay-ms", f"{options.delay_ms:g}")
    several = Several()
    try:
        for number in range(1, options.pairs + 1):
            pairs.append(pair(options, several, number, state_home))
            print(json.dumps(pairs[-1]) if options.json else show(pairs[-1]), flush=True)
        driver.traffic("stop")
        whole = summary(pairs, several.verdicts(), debris.found())
    finally:
        several.remove()
    print(json.dumps(whole) if options.json else show_summary(whole), flush=True)
    return 0 if is_fine(pairs, whole) else 1


def run(options):
    state_home = tempfile.mkdtemp(prefix="ms2m-bench-")
    try:
        with handover.nodes_for([options.restore]):
            try:
                return measure(options, state_home)
            finally:
                driver.traffic("clean", check=False)
                uncordon(HERE)
    except lab.Failure:
        print(f"what ms2m wrote: {state_home}", file=sys.stderr)
        state_home = None
        raise
    finally:
        if state_home:
            shutil.rmtree(state_home, ignore_errors=True)
