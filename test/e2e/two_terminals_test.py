#!/usr/bin/python3
"""Two people, or one with two terminals: who begins first goes on, and nobody spoils it."""

import fcntl
import os
import shutil
import signal
import tempfile

import scenario


class TwoTerminals(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.elsewhere, self.third = tempfile.mkdtemp(prefix="e2e-"), tempfile.mkdtemp(prefix="e2e-")  # two more machines
        for home in (self.elsewhere, self.third):
            self.addCleanup(shutil.rmtree, home, ignore_errors=True)

    def begin_elsewhere(self, *arguments, home=None):
        run = scenario.Ms2m(list(arguments), home or self.elsewhere)
        self.runs.append(run)
        self.addCleanup(self._end, run)
        return run

    def test_one_pod_twice_at_once_and_cleanups_meanwhile(self):
        (source,) = self.start_traffic()
        arguments = ("migrate", f"pod/{source.name}", "--to", "worker-2", "-o", "json", "--strategy", "handoff", "--deadman", "60s", "--bandwidth", "4M")
        both = [self.begin(*arguments), self.begin_elsewhere(*arguments)]
        self.eventually(lambda: self.journal.ids() or scenario.Journal(self.elsewhere).ids(), "one of them begins")
        homes = [self.state_home, self.elsewhere]
        self.eventually(lambda: any("stream the archive" in scenario.Journal(home).text() for home in homes), "one of them streams")
        (first,) = [at for at, home in enumerate(homes) if "stream the archive" in scenario.Journal(home).text()]
        both[first].signal(signal.SIGSTOP)  # so that it is still at it, far from its dead man's time
        here = self.begin if first == 0 else self.begin_elsewhere
        try:
            (name,) = scenario.Journal(homes[first]).ids()
            said = here("cleanup", "--dry-run").wait()
            self.assertIn("is under way", said.out, said.said())
            refused = here("cleanup", "-o", "json").wait()
            self.assertEqual(refused.status, 4, refused.said())
            self.assertIn("still under way", refused.out, refused.said())
            kept = self.begin_elsewhere("cleanup", "--all", "-o", "json", home=self.third).wait()
            self.assertEqual(kept.status, 0, kept.said())
            rows = [row for row in kept.report["remnants"] if row["id"] == name]
            self.assertTrue(rows, kept.said())
            self.assertEqual([row for row in rows if row["removed"] or row["kept"] is None], [], kept.said())
            self.assertIn(", phase Transferring ", kept.out, kept.said())
        finally:
            both[first].signal(signal.SIGCONT)
        ends = [run.wait() for run in both]
        self.assertEqual((ends[first].status, ends[1 - first].status), (0, 4), ends[0].said() + ends[1].said())
        self.assertIn("another migration", ends[1 - first].report["error"]["message"])
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_abort_during_resume(self):
        """Each finishes what is past the pivot, but one at a time."""
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff")
        self.journal.await_record("pivoted", process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        (name,) = self.journal.ids()
        resume = self.begin("resume", name, "-o", "json")
        self.eventually(lambda: self.locked(name) or not resume.running(), "the second holds the journal")
        resume.signal(signal.SIGSTOP)
        try:
            abort = self.begin("abort", name, "-o", "json").wait()
            self.assertEqual(abort.status, 4, abort.said())
            self.assertIn("still under way", abort.report["error"]["message"])
        finally:
            resume.signal(signal.SIGCONT)
        resume.wait()
        self.assertEqual((resume.status, resume.report["result"], resume.report["leftovers"]), (0, "done", []), resume.said())
        again = self.begin("abort", name, "-o", "json").wait()  # of what is done: nothing
        self.assertEqual((again.status, again.report["result"]), (0, "done"), again.said())
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def locked(self, name):
        path = os.path.join(self.state_home, "ms2m", name, "journal.jsonl")
        with open(path, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


if __name__ == "__main__":
    scenario.main()
