"""Runs on a cluster that is somebody's own: one pod goes there and back, and its owner's commands publish and judge."""

import contextlib
import os
import re
import signal
import subprocess
import time

import driver
import lab
from baseline import rows
from baseline.reasons import reason

WORKLOADS = {"pod": "pod", "ReplicaSet": "deployment", "StatefulSet": "statefulset"}  # as `ms2m plan` names them
ENDS_WITHIN = 30  # seconds, of the publisher after SIGTERM
TO_UNDO = 120     # seconds, of a migration that has taken too long
# The lab's: `lab traffic verdict`.
VERDICT = re.compile(r"^published (\d+) applied (\d+) lost (\d+) duplicated (\d+) reordered (\d+) hash (equal|DIFFERENT)(.*)$", re.M)


def exact(text):
    """Of the last verdict line in a text; None: there is none. What stands behind the hash is a problem."""
    found = VERDICT.findall(text)
    if not found:
        return None
    published, _, *wrong, same, more = found[-1]
    return int(published) > 0 and not any(int(count) for count in wrong) and same == "equal" and not more.strip()


def environment(options):
    return dict(os.environ, KUBECONFIG=options.cluster)


@contextlib.contextmanager
def publishing(options, rate):
    """The first command, at $RATE, in a process group of its own; it is ended with SIGTERM. lab.Failure when it ended before, or does not end."""
    process = subprocess.Popen(["/bin/sh", "-c", options.publish], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               start_new_session=True, env=dict(environment(options), RATE=f"{rate:g}"))
    try:
        yield process
        early = process.poll()
        if early is not None:
            raise lab.Failure(f"--publish ended by itself, with exit status {early}")
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            raise lab.Failure(f"--publish did not end within {ENDS_WITHIN} s of SIGTERM, and was killed") from None
    finally:
        with contextlib.suppress(ProcessLookupError):  # what it has left, too
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def judged(options):
    """(exact or None, the line)"""
    try:
        done = subprocess.run(["/bin/sh", "-c", options.verdict], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              env=environment(options), timeout=options.verdict_timeout)
    except subprocess.TimeoutExpired:
        return None, f"--verdict said nothing within {options.verdict_timeout:g} s"
    line = next((line for line in reversed(done.stdout.splitlines()) if VERDICT.match(line)), None)
    return exact(done.stdout), line or f"--verdict printed no verdict; exit status {done.returncode}"


def move(options, arguments):
    """(exit status or 'hung', its report, stderr). Its state is where the operator's own is: `ms2m list` knows of it."""
    return driver.Migration(arguments, None, environment(options)).wait(options.migration_timeout, TO_UNDO)


class Pod:
    """Where it is, and where it goes next: between the node that it was on first and --to."""

    def __init__(self, options):
        self._options = options
        self._name, self._to = options.pod.removeprefix("pod/"), options.to
        arguments = ["plan", *self.where()]
        status, plan, err = move(options, arguments)
        if not plan.get("workload") or not plan["source"]["node"]:
            raise lab.Failure(f"ms2m {' '.join(arguments)}: exit status {status}\n{err.strip()}")
        self._nodes = (plan["source"]["node"], options.to)
        self.workload = WORKLOADS[plan["workload"]]
        self.lost = None  # why it is not known where it is

    def where(self):
        return [f"pod/{self._name}", "--to", self._to, "-o", "json", *self._options.ms2m_args]

    def follow(self, status, report):
        """After a migration; True: it was moved."""
        if status in (0, 5) and report.get("target"):
            self._name = report["target"]["pod"]
            self._to = self._nodes[0] if report["target"]["node"] == self._nodes[1] else self._nodes[1]
            return True
        if status not in (1, 4):
            self.lost = f"exit status {status}" if status != "hung" else f"no end within --migration-timeout {self._options.migration_timeout:g}"
        return False


def one(options, pod, configuration, rate, number):
    """A row."""
    try:
        with publishing(options, rate):
            time.sleep(options.warmup)
            outcome = move(options, ["migrate", *pod.where(), *configuration.migrate_arguments()])
            moved = pod.follow(*outcome[:2])
            time.sleep(options.tail)
    except lab.Failure as failure:
        return rows.row(number, rate, configuration, "failed", why=str(failure))
    good, line = judged(options)
    return row_of(configuration, rate, number, outcome, moved, good, line)


def row_of(configuration, rate, number, outcome, moved, good, line):
    """`good`, `line`: the verdict."""
    status, report, err = outcome
    left = [each["what"] for each in report.get("leftovers") or []]
    kind = rows.status_of(status, good, moved, left)
    why = line if not good else "left: " + "; ".join(left) if left else None
    if status != 0:
        return rows.row(number, rate, configuration, kind, why=why or reason(report, err))
    return rows.row(number, rate, configuration, kind, report.get("total_s"), report.get("gap_s"), report.get("phases"), why)
