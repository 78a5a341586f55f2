#!/usr/bin/python3
"""Faults inside ms2m at the entries of the journal of a bare pod's move: $MS2M_FAULT, see src/engine/fault_point.hpp.

Which entries there are is learnt from a run that nobody disturbs. At every STRIDEth point ms2m kills itself, then resume or abort, by
turns; at a few it stops, hangs, fails or is interrupted. MS2M_E2E_ALL=1 kills it at all of them, and does one of the others at each;
MS2M_E2E_POINTS=7:begun:kill,pivot:done:fail does just these.
"""

import os
import shutil
import signal
import tempfile

import handler_test
import scenario
from journal import Journal

DEAD_MAN_S = 5
STRIDE = 50
ALL = os.environ.get("MS2M_E2E_ALL")
SECOND = {"begin": "begun", "done": "ended"}
FIRST = {second: first for first, second in SECOND.items()}
ENTRIES = {"begin": ("move", "begin"), "end": ("move", "done"), "pivot_intent": ("pivot", "begin"), "pivoted": ("pivot", "done"),
           "turned_back": ("turned_back", "begin"), "may_have_served": ("may_have_served", "begin")}
OTHER_MODES = ("stop", "fail", "cancel", "hang")


def entry_of(record):
    """The step of a record, and the point right before it is written."""
    if record["type"] in ("effect", "settled"):
        return str(record["n"]), "begin" if record["type"] == "effect" else "done"
    return ENTRIES.get(record["type"])


class Point:
    """Where a fault happens; `owner`: whose the queue is from there on."""

    def __init__(self, number, step, at, text, owner):
        self.number, self.step, self.at, self.text, self.owner = number, step, at, text, owner

    def __str__(self):
        return f"{self.step}:{self.at}"


def points_of(records):
    """In the order in which a run that nobody disturbs gets there."""
    points, texts, owner = [], {}, "source"
    for record in records:
        if not (entry := entry_of(record)):
            continue
        step, first = entry
        texts.setdefault(step, record.get("text", ""))
        if entry == ("pivot", "done"):
            owner = "target"  # the broker has committed it
        for at in (first, SECOND[first]):
            points.append(Point(len(points), step, at, texts[step], owner))
    return points


def chosen(points, first, modes):
    """Names of points, each with a mode; in the default run these beside the kills, which begin with that point."""
    if os.environ.get("MS2M_E2E_POINTS"):
        named = [word.rpartition(":")[::2] for word in os.environ["MS2M_E2E_POINTS"].split(",")]
        return [(name, mode) for name, mode in named if name in map(str, points)]
    if ALL:
        return [(str(point), mode) for point in points for mode in ("kill", other_mode(point))]
    committed = next(point.number for point in points if point.owner == "target")
    others = {"stop": committed - 3, "fail": committed, "cancel": committed // 2, "hang": committed // 4 * 2 + 1}
    some = [(number, "kill") for number in range(first, len(points), STRIDE)] + [(others[mode], mode) for mode in modes]
    return [(str(points[number]), mode) for number, mode in some]


def other_mode(point):
    mode = OTHER_MODES[(point.number + point.number // 4) % 4]
    return "fail" if mode == "hang" and point.at not in FIRST else mode  # when it hangs is seen by the entry before


class JournalFaults(handler_test.ByHandler):
    """One consumer after another is moved there and back: after each fault its own account, after some the whole verdict."""

    per_consumer = 8  # faults

    def begin_consumer(self):
        (source,) = self.start_traffic()
        self.pod, self.boot_id = source.name, source.state["boot_id"]
        self.ways = [(self.here, self.there), (self.there, self.here)]

    def begin_move(self, **fault):
        return self.begin_migration(self.pod, self.ways[0][1], *self.arguments, "--deadman", f"{DEAD_MAN_S}s",
                                    env={"MS2M_FAULT": fault.get("at")})

    def new_journal(self):
        """Of the next move alone."""
        state_home = tempfile.mkdtemp(prefix="e2e-")
        self.addCleanup(shutil.rmtree, state_home, ignore_errors=True)
        self.state_home, self.journal = state_home, Journal(state_home)

    def moved(self, report):
        self.pod = report["target"]["pod"]
        self.ways.reverse()

    def assert_settled(self):
        """One serves, where the consumer is to be; it is the process that began, and knows of every message once."""
        self.assertEqual(self.assert_serving(self.ways[0][0], self.boot_id).name, self.pod)
        self.assert_no_debris()

    def learn(self, *arguments):
        """The points of a move, and of one back: a pod that was moved before may have others."""
        self.arguments = arguments
        self.begin_consumer()
        points = []
        for _ in range(2):
            self.new_journal()
            run = self.begin_move().wait()
            self.assertEqual(run.status, 0, run.said())
            points.append(points_of(self.journal.records()))
            self.moved(run.report)
            self.assert_settled()
        return points

    # What follows from a fault.

    def settle(self, verb):
        """resume or abort, whatever was killed."""
        ids = self.journal.ids()
        if not ids:
            return {"result": "undone"}
        run = self.begin(verb, ids[0], "-o", "json").wait()
        # A resume that had to undo says so: what was wanted did not happen.
        self.assertEqual(run.status, 1 if (verb, run.report.get("result")) == ("resume", "undone") else 0, run.said())
        self.assertEqual(run.report["leftovers"], [], run.said())
        again = self.begin(verb, ids[0], "-o", "json").wait()
        self.assertEqual((again.report["result"], again.report["serving"]), (run.report["result"], run.report["serving"]),
                         "the second time, with nothing left to do")
        return run.report

    def assert_somebody_serves(self):
        """Without anybody's help, and one alone."""
        self.eventually(lambda: len(self.instances()) == 1, "one serves by itself", DEAD_MAN_S + 3)

    def after_kill(self, point, run):
        run.wait()
        self.assertEqual(run.status, -signal.SIGKILL, run.said())
        written = [entry_of(record) for record in self.journal.records()]
        self.assertEqual((point.step, FIRST.get(point.at, point.at)) in written, point.at in FIRST, f"{point}: {written}")
        if point.number % 4 >= 2:
            self.assert_somebody_serves()
        return self.settle("resume" if (point.number + point.number // 2) % 2 else "abort")

    def after_stop(self, _point, run):
        """For longer than the dead man's time, where nobody serves meanwhile."""
        self.await_state(run, "T")
        self.assert_somebody_serves()
        run.signal(signal.SIGCONT)
        run.wait()
        return self.ends(run)

    def after_hang(self, point, run):
        """Right after an entry, until somebody interrupts it."""
        entry = (point.step, FIRST[point.at])
        self.journal.await_that(lambda record: entry_of(record) == entry, str(point), process=run)
        run.signal(signal.SIGINT)
        return self.ends(run)

    def after_fail(self, _point, run):
        return self.ends(run)

    def after_cancel(self, _point, run):
        return self.ends(run)

    def await_state(self, run, state):
        def there():
            with open(f"/proc/{run.pid}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == state
        self.eventually(lambda: there() or not run.running(), f"process state {state}", 60)
        self.assertTrue(run.running(), "it did not get to that point")

    def ends(self, run):
        """By itself, with everything undone or finished."""
        run.wait()
        self.assertIn(run.status, (0, 1, 4, 130), run.said())
        self.assertEqual(run.report.get("leftovers"), [], run.said())
        if run.report["result"] == "refused":  # before the journal's first record
            return {"result": "undone"}
        return run.report

    @staticmethod
    def may_go_on(point, mode):
        """What is stopped while the source serves goes on, and what interrupts it beside the commit may come after that."""
        return point.owner == "source" and (mode == "stop" or mode in ("cancel", "hang") and point.step == "pivot")

    def fault(self, point, mode):
        self.new_journal()
        report = getattr(self, f"after_{mode}")(point, self.begin_move(at=f"{point}:{mode}"))
        print(f"  {point}:{mode} ({point.text}): {report['result']}", flush=True)
        if not self.may_go_on(point, mode):
            self.assertEqual(report["result"], "undone" if point.owner == "source" else "done")
        if report["result"] == "done":
            self.moved(report)
        self.assert_settled()
        if report["result"] == "undone":
            self.new_journal()
            run = self.begin_move().wait()
            self.assertEqual(run.status, 0, f"the same command without the fault: {run.said()}")
            self.moved(run.report)
            self.assert_settled()

    def faults(self, first, modes, *arguments):
        there, back = ({str(point): point for point in points} for points in self.learn(*arguments))
        self.assertEqual(there.keys(), back.keys())
        met = 0
        for name, mode in chosen(list(there.values()), first, modes):
            if met == self.per_consumer:
                self.assert_exact()
                self.begin_again()
                met = 0
            met += 1
            point = (there if self.ways[0][0] == self.here else back)[name]
            whole = False
            with self.subTest(point=f"{point}:{mode}", text=point.text, way=self.ways[0]):
                self.fault(point, mode)
                whole = True
            if not whole:
                self.begin_again()
                met = 0
        self.assert_exact()

    def begin_again(self):
        self.doCleanups()
        self.setUp()
        self.begin_consumer()

    def test_handoff(self):
        self.faults(46, ("stop", "fail"), "--strategy", "handoff")

    def test_shadow(self):
        self.faults(22, ("cancel", "hang"), "--strategy", "shadow")


if __name__ == "__main__":
    scenario.main()
