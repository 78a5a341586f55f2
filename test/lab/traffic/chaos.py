"""`bench chaos`: migrations to which something happens at a random instant (strikes.py)."""

import json
import random
import shutil
import sys
import time

import debris
import driver
import handover
import strikes
from faults.scene import Scene

DONE, UNDONE, REFUSED = 0, 1, 4
CLEAN = (DONE, UNDONE, REFUSED)  # exit statuses after which nothing is left to do


def finish(dice, options, migration, status, state_home):
    """Abort or resume, when the exit status says that something is left to do."""
    name = migration.id()
    if name is None and status not in CLEAN:  # killed before it had begun: nothing to undo, but its files on this machine
        return "cleanup", *run_verb(options, ["cleanup"], state_home)
    if status in CLEAN:
        return "nothing", None, ""
    verb = dice.choice(("abort", "resume"))
    if options.linger:
        time.sleep(dice.uniform(0, options.linger))
    code, err = run_verb(options, [verb, name], state_home)
    if verb == "abort" and code not in CLEAN:  # past the pivot there is no way back but forward
        return "abort, resume", *run_verb(options, ["resume", name], state_home)
    return verb, code, err


def run_verb(options, arguments, state_home):
    code, _, err = driver.Migration(arguments, state_home).wait(options.migration_timeout)
    return code, err


def one(dice, options, number):
    rate = round(dice.choice((dice.uniform(1, 20), dice.uniform(20, 90), dice.uniform(90, 200))), 1)
    strategy = dice.choice(options.strategies.split(","))
    handover.start_traffic(options, rate)
    pod = handover.source_pod()
    debris.snapshot()
    time.sleep(dice.uniform(0.2, 1.5))
    scene = Scene(options, pod)
    scene.migration = migration = driver.Migration(handover.migrate_arguments(options, strategy, pod), scene.state_home)
    try:
        with scene.healed:
            fault, instant = strikes.strike(dice, options.faults, options.within, scene)
            status, _, err = migration.wait(options.migration_timeout)
    except BaseException:
        scene.abandon()
        raise
    after, after_status, after_err = finish(dice, options, migration, status, scene.state_home)
    time.sleep(options.tail)
    driver.traffic("stop")
    verdict = driver.verdict(handover.drain_time(options, rate))
    left = debris.found()
    run = {"run": number, "strategy": strategy, "rate": rate, "fault": fault, "at_s": instant, "exit_status": status,
           "after": after, "after_status": after_status, "debris": left}
    for key in ("published", "applied", "lost", "duplicated", "reordered", "unexpected", "exact", "problem", "gap_s"):
        run[key] = verdict[key]
    run["restarted_cold"] = any(i["restarted_cold"] for i in verdict["instances"])
    run["on"] = [i["node"] for i in verdict["instances"]]
    run["fine"] = verdict["exact"] and not left and after_status in (None, *CLEAN) and status != "hung"
    if not run["fine"]:
        run["stderr"] = (err + after_err).strip().splitlines()[-12:]
        run["journal"] = scene.state_home
    else:
        shutil.rmtree(scene.state_home, ignore_errors=True)
    return run


def show(run):
    return (f"#{run['run']} {run['strategy']} {run['rate']:g}/s {run['fault']} at {run['at_s']} s, exit "
            f"{run['exit_status']}, {run['after']} {run['after_status']}: lost {run['lost']} duplicated "
            f"{run['duplicated']} reordered {run['reordered']} {'fine' if run['fine'] else 'NOT FINE'} "
            f"{'; '.join(run['debris'])}")


def run(options):
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", file=sys.stderr)
    bad = 0
    for number in range(1, options.runs + 1):
        outcome = one(random.Random(f"{seed}/{number}"), options, number)
        bad += not outcome["fine"]
        print(json.dumps(dict(outcome, seed=seed)) if options.json else show(outcome), flush=True)
    if not options.keep:
        driver.traffic("clean")
    print(f"{options.runs - bad} of {options.runs} exact and without debris", file=sys.stderr)
    return 1 if bad else 0
