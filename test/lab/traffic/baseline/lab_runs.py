"""Runs in the lab: each with a workload of its own, and traffic that is counted."""

import argparse
import shutil
import tempfile
import time

import debris
import driver
import handover
import lab
import producing
from baseline import rows
from baseline.reasons import reason

TO_UNDO = 60  # seconds, of a migration that has taken too long


def trouble(run):
    """What the lab found, in one line; None: nothing."""
    if run["debris"]:
        return "left: " + "; ".join(run["debris"])
    if not run["exact"]:
        counts = f"published {run['published']} " + " ".join(f"{name} {run[name]}" for name in ("lost", "duplicated", "reordered"))
        return counts + (f" ({run['problem']})" if run["problem"] else "")
    return None


def check_free():
    """Nobody else's traffic is ended."""
    lab.read("broker", "uri")
    if producing.pid_of("producer"):
        raise lab.Failure("traffic is running in the lab: `lab traffic stop` first")


def one(options, configuration, rate, number):
    """A row."""
    try:
        return measure(options, configuration, rate, number)
    except lab.Failure as failure:
        driver.traffic("clean", check=False)
        said = str(failure).splitlines()[0].rpartition("lab traffic: ")[2]
        return rows.row(number, rate, configuration, "failed", why=f"the lab: {said}")


def measure(options, configuration, rate, number):
    mine = argparse.Namespace(**{**vars(options), "workload": configuration.workload, "memory": configuration.memory})
    handover.start_traffic(mine, rate)
    pod = handover.source_pod()
    debris.snapshot()
    time.sleep(options.warmup)
    state_home = tempfile.mkdtemp(prefix="ms2m-bench-")
    try:
        arguments = ["migrate", f"pod/{pod}", "--to", options.to, "-o", "json", *configuration.migrate_arguments()]
        migration = driver.Migration(arguments, state_home)
        status, report, err = migration.wait(options.migration_timeout, TO_UNDO)
        if status == "hung":  # the next run wants a clean lab
            driver.Migration(["abort", migration.id() or "?"], state_home).wait(options.migration_timeout)
        time.sleep(options.tail)
        driver.traffic("stop")
        verdict = driver.verdict(handover.drain_time(mine, rate))
        run = handover.describe(mine, {}, migration, (status, report, err), verdict, debris.found(), pod)
    finally:
        shutil.rmtree(state_home, ignore_errors=True)
    return row_of(run, configuration, rate, number, reason(report, err))


def row_of(run, configuration, rate, number, why):
    status = rows.status_of(run["exit_status"], run["exact"], run["moved"], run["debris"])
    if run["exit_status"] != 0:
        return rows.row(number, rate, configuration, status, why=trouble(run) or why)
    return rows.row(number, rate, configuration, status, run["total_s"], run["gap_s"], run["phases"], trouble(run))
