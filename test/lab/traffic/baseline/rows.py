"""What a run became: a row of the CSV, and the medians of those that were exact."""

import csv
import statistics

PHASES = {"checkpoint_s": ("Preparing", "Checkpointing"),  # the published Checkpointing holds the queue's setup, too
          "transfer_s": ("Transferring",), "restore_s": ("Restoring",), "replay_s": ("Replaying",), "finalize_s": ("Finalizing",)}
TITLES = {"checkpoint_s": "Checkpointing", "transfer_s": "Transferring", "restore_s": "Restoring", "replay_s": "Replaying",
          "finalize_s": "Finalizing"}
COLUMNS = ("run", "msg_rate", "configuration", "downtime_ms", "total_time_s", *PHASES, "status")
NUMBERS = ("downtime_ms", "total_time_s", *PHASES)
# exact: moved, and every message had its effect once, in order. refused: ms2m said no before anything was touched, and every message
# had its effect. unavailable: this ms2m has not what the configuration needs; no run was made.
FINE = ("exact", "refused", "unavailable")


def phases_of(report_phases):
    """Seconds of the five; None of one that never came."""
    took = {each["phase"]: each["seconds"] for each in report_phases or []}
    return {column: round(sum(took[name] for name in names if name in took), 4) if any(name in took for name in names) else None
            for column, names in PHASES.items()}


def status_of(exit_status, exact, moved, left):
    """`exact` None: there was no verdict."""
    if exit_status == "hung":
        return "hung"
    if exact is None:
        return "no-verdict"
    if not exact:
        return "inexact"
    if left or exit_status in (3, 5):
        return "debris"
    if exit_status == 0:
        return "exact" if moved else "failed"
    return "refused" if exit_status == 4 and not moved else "failed"


def row(run, rate, configuration, status, total_s=None, gap_s=None, phases=None, why=None):
    """Numbers of a move that came to its end; `why` is for people, and not in the CSV."""
    return {"run": run, "msg_rate": rate, "configuration": configuration.key,
            "downtime_ms": None if gap_s is None else round(gap_s * 1000, 1),
            "total_time_s": None if total_s is None else round(total_s, 4), **phases_of(phases), "status": status, "why": why}


class Csv:
    """Every row is in the file as soon as it is known."""

    def __init__(self, path):
        self._file = open(path, "x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._write(COLUMNS)

    def add(self, entry):
        self._write([f"{entry[name]:g}" if name == "msg_rate" else entry[name] for name in COLUMNS])

    def close(self):
        self._file.close()

    def _write(self, values):
        self._writer.writerow(values)
        self._file.flush()


def medians(entries):
    """{(configuration, rate): {"runs": of how many, downtime_ms: ..., ...}}, of exact runs alone."""
    groups = {}
    for entry in entries:
        if entry["status"] == "exact":
            groups.setdefault((entry["configuration"], entry["msg_rate"]), []).append(entry)
    return {kind: {"runs": len(group), **{name: median(group, name) for name in NUMBERS}} for kind, group in groups.items()}


def median(group, name):
    values = [entry[name] for entry in group if entry[name] is not None]
    return round(statistics.median(values), 4) if values else None


def show(entry):
    def number(name, unit):
        return "-" if entry[name] is None else f"{entry[name]:g}{unit}"

    return (f"#{entry['run']} {entry['msg_rate']:>5g}/s {entry['configuration']:<34} {entry['status']:<11} gap {number('downtime_ms', ' ms')} "
            f"total {number('total_time_s', ' s')}" + (f": {entry['why']}" if entry["why"] else ""))
