"""What happens to ms2m itself, and on the machine that it runs on."""

import datetime
import functools
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import driver
import lab
from faults.fault import Fault
from faults.scene import CHECKPOINT, PIVOT, PIVOTED, QUIET, RESTORE, SOURCE_NODE, STREAM, WAITING_POD

STOP_S = 40  # more than two and a half times the dead man's
JUMP_S = 3600


def stopped_at(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.stop_for(STOP_S)


def struck_at(place, strategy, number, scene):
    scene.begin_at(place, strategy)
    scene.signal(number)


def journal_disk_full(scene):
    """Where its journal lies: what comes next cannot be written down, so it must not be done."""
    journal = os.path.join(scene.state_home, "ms2m")
    os.makedirs(journal, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", journal], check=True)
    kept = scene.state_home + ".kept"

    def give_back():
        shutil.copytree(journal, kept)
        subprocess.run(["umount", "-l", journal], check=True)
        shutil.copytree(kept, journal, dirs_exist_ok=True)
        shutil.rmtree(kept)
        filler = os.path.join(journal, ".filler")
        if os.path.exists(filler):
            os.unlink(filler)

    scene.healed.callback(give_back)
    scene.begin_at(CHECKPOINT, "handoff")
    with open(os.path.join(journal, ".filler"), "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(512))
        except OSError:
            pass


def somebody_else(scene, arguments):
    """Another ms2m, from another machine: its name and its journals are its own. Its exit status and what it said."""
    state_home = tempfile.mkdtemp(prefix="ms2m-faults-other-")
    try:
        done = subprocess.run(["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh", driver.ms2m_binary(), *arguments],
                              env=driver.ms2m_env(state_home), capture_output=True, text=True, check=False, timeout=120)
    finally:
        shutil.rmtree(state_home, ignore_errors=True)
    return done.returncode, done.stderr + done.stdout


def second_for_the_same_pod(scene):
    scene.begin_at(WAITING_POD, "handoff")
    status, said = somebody_else(scene, scene.arguments(scene.pod, "handoff"))
    scene.expect(status == 4, f"the second ms2m ended with {status}: {said[-300:]}")


def second_for_its_copy(place, strategy, scene):
    """Another pod, and the same queue."""
    scene.begin_at(place, strategy)
    scene.signal(signal.SIGSTOP)  # shorter than the dead man's time: the first one does not get further meanwhile
    status, said = somebody_else(scene, ["migrate", f"pod/{scene.copy()}", "--to", SOURCE_NODE, "-o", "json"])
    scene.signal(signal.SIGCONT)
    scene.expect(status == 4, f"the second ms2m ended with {status}: {said[-300:]}")


class OwnClock:
    """What a process has, and those that it starts, for the time of day; the clocks that only go on stay as they are."""

    def __init__(self, scene, ahead_s):
        self._file = os.path.join(scene.state_home, "clock")
        self.set(ahead_s)
        library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not library:
            raise lab.Failure("there is no libfaketime")
        self.env = {"LD_PRELOAD": library[0], "FAKETIME_TIMESTAMP_FILE": self._file, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set(self, ahead_s):
        new = self._file + ".new"
        with open(new, "w", encoding="ascii") as file:
            file.write(f"+{ahead_s}\n")
        os.replace(new, self._file)


def clock_jumps_at(place, strategy, before_s, after_s, scene):
    """Backwards it jumps to the right time: the lab's certificates may be younger than an hour."""
    clock = OwnClock(scene, before_s)

    def written_with(ahead_s):
        return lambda record: abs(datetime.datetime.fromisoformat(record["t"]).timestamp() - time.time() - ahead_s) < JUMP_S / 2

    scene.begin_at(place, strategy, env=clock.env)
    scene.expect(written_with(before_s)(next(scene.journal.records())), "ms2m did not have the clock that it was given")
    clock.set(after_s)
    scene.journal.await_that(written_with(after_s), "with the new time", 60, scene.migration)


def row(name, what, function, *arguments, **more):
    return Fault(name, what, functools.partial(function, *arguments), **more)


FAULTS = [
    row("stopped-preparing", f"SIGSTOP of ms2m for {STOP_S} s while it prepares", stopped_at, WAITING_POD, "handoff"),
    row("stopped-quiet", f"SIGSTOP for {STOP_S} s when the source is sent to the empty queue", stopped_at, QUIET, "handoff"),
    row("stopped-checkpointing", f"SIGSTOP for {STOP_S} s in the checkpoint", stopped_at, CHECKPOINT, "handoff"),
    row("stopped-transferring", f"SIGSTOP for {STOP_S} s while the data flows", stopped_at, STREAM, "handoff"),
    row("stopped-restoring", f"SIGSTOP for {STOP_S} s in the restore", stopped_at, RESTORE, "handoff"),
    row("stopped-relaying", f"SIGSTOP for {STOP_S} s while it relays to both", stopped_at, RESTORE, "shadow"),
    row("stopped-pivot", f"SIGSTOP for {STOP_S} s at the pivot", stopped_at, PIVOT, "handoff"),
    row("stopped-finalizing", f"SIGSTOP for {STOP_S} s after the pivot", stopped_at, PIVOTED, "handoff", verb="resume"),
    row("killed-handoff", "kill -9 while the data flows", struck_at, STREAM, "handoff", signal.SIGKILL),
    row("killed-shadow", "kill -9 while it relays to both", struck_at, RESTORE, "shadow", signal.SIGKILL),
    row("killed-pivot", "kill -9 at the pivot", struck_at, PIVOT, "handoff", signal.SIGKILL, verb="resume"),
    row("killed-finalizing", "kill -9 after the pivot", struck_at, PIVOTED, "handoff", signal.SIGKILL, verb="resume"),
    row("interrupted", "Ctrl-C while the data flows", struck_at, STREAM, "handoff", signal.SIGINT),
    row("terminated", "SIGTERM in the checkpoint", struck_at, CHECKPOINT, "shadow", signal.SIGTERM),
    row("hung-up", "the terminal is closed in the restore", struck_at, RESTORE, "handoff", signal.SIGHUP),
    row("operator-disk", "the operator's disk is full", journal_disk_full),
    row("second-same-pod", "a second ms2m for the same pod, from another machine", second_for_the_same_pod),
    row("second-same-queue", "a second ms2m, from another machine, is to move the copy while the data flows", second_for_its_copy, STREAM,
        "handoff"),
    row("second-same-queue-shadow", "the same while the first one relays to both", second_for_its_copy, RESTORE, "shadow"),
    row("clock-forwards", "ms2m's clock jumps an hour forwards while the data flows", clock_jumps_at, STREAM, "handoff", 0, JUMP_S),
    row("clock-forwards-shadow", "the same while it relays to both", clock_jumps_at, RESTORE, "shadow", 0, JUMP_S),
    row("clock-backwards", "ms2m's clock jumps an hour backwards while the data flows", clock_jumps_at, STREAM, "handoff", JUMP_S, 0),
    row("clock-backwards-shadow", "the same while it relays to both", clock_jumps_at, RESTORE, "shadow", JUMP_S, 0),
]
