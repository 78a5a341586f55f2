"""`bench estimate`: moves there and back, each with what `ms2m plan` predicted for it beside what it took."""

import json
import shutil
import statistics
import sys
import tempfile
import time

import driver
import handover
import lab

NODES = ("worker-2", "worker-1")


def compare(predicted, phases):
    """A row for every phase that was predicted and that came, then one for all of them: least and most predicted, what it
    took, predicted/actual, whether it lay within, and what the prediction is from."""
    took = {entry["phase"]: entry["seconds"] for entry in phases}
    predicted = [entry for entry in predicted if entry["phase"] in took]
    rows = [row(entry["phase"], entry, took[entry["phase"]], entry["basis"]) for entry in predicted]
    total = {key: sum(entry[key] for entry in predicted) for key in ("seconds", "least_s", "most_s")}
    learned = sorted(entry["basis"] for entry in predicted if "earlier move" in entry["basis"])
    rows.append(row("Total", total, sum(took[entry["phase"]] for entry in predicted),
                    learned[-1] if learned else "typical figures"))
    return rows


def row(phase, predicted, actual, basis):
    return {"phase": phase, "least_s": predicted["least_s"], "most_s": predicted["most_s"],
            "predicted_s": predicted["seconds"], "actual_s": actual,
            "ratio": round(predicted["seconds"] / actual, 2) if actual > 0 else None,
            "within": predicted["least_s"] <= actual <= predicted["most_s"], "basis": basis}


def show(number, strategy, entry):
    ratio = "-" if entry["ratio"] is None else f"{entry['ratio']:.2f}"
    return (f"{strategy:>10} #{number} {entry['phase']:<13} {entry['least_s']:7.2f}-{entry['most_s']:<7.2f} "
            f"{entry['actual_s']:7.2f} {ratio:>6} {'within' if entry['within'] else 'OUTSIDE':<7} {entry['basis']}")


def summary(runs):
    """By what the prediction was from: how many lay within, and the median of predicted/actual."""
    lines = []
    for learned in (False, True):
        rows = [entry for run in runs for entry in run["phases"] if ("earlier move" in entry["basis"]) == learned]
        ratios = [entry["ratio"] for entry in rows if entry["ratio"] is not None]
        if ratios:
            lines.append(f"{'earlier moves' if learned else 'typical figures'}: {sum(e['within'] for e in rows)} of "
                         f"{len(rows)} within, predicted/actual {min(ratios):.2f}-{max(ratios):.2f}, "
                         f"median {statistics.median(ratios):.2f}")
    return lines


def ask(arguments, state_home, timeout, good):
    status, report, err = driver.Migration(arguments, state_home).wait(timeout)
    if status not in good:
        raise lab.Failure(f"ms2m {' '.join(arguments)}: exit status {status}\n{err.strip()}")
    return report


def series(options, strategy, state_home):
    """So that the later ones can learn from the earlier."""
    handover.start_traffic(options, options.rate)
    pod = handover.source_pod()
    time.sleep(options.warmup)
    for number in range(1, options.moves + 1):
        options.to = NODES[(number - 1) % 2]
        arguments = handover.migrate_arguments(options, strategy, pod)
        plan = ask(["plan", *arguments[1:]], state_home, options.migration_timeout, (0,))
        report = ask(arguments, state_home, options.migration_timeout, (0, 5))
        pod = report["target"]["pod"]
        yield {"strategy": strategy, "number": number, "to": options.to, "total_s": report["total_s"],
               "phases": compare(plan["predicted"], report["phases"])}


def run(options):
    runs = []
    state_home = tempfile.mkdtemp(prefix="ms2m-bench-")
    try:
        for strategy in options.strategies.split(","):
            for one in series(options, strategy, state_home):
                runs.append(one)
                print(json.dumps(one) if options.json else
                      "\n".join(show(one["number"], strategy, entry) for entry in one["phases"]), flush=True)
    finally:
        shutil.rmtree(state_home, ignore_errors=True)
        if not options.keep:
            driver.traffic("clean")
    for line in summary(runs):
        print(line, file=sys.stderr)
