#!/usr/bin/python3
"""After the pivot the copy is there and never consumes: it is withdrawn, and the source, which has waited, serves again."""

import contextlib
import os
import signal
import threading

import scenario
from scenario import rabbit

SERVE = ("--serve-timeout", "4s")


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def consumers_on(node):
    """Their processes, as this machine sees them: below the node's first one."""
    root = int(scenario.lab.read("pids", node).split()[0])
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                if "/app/consumer.py" not in file.read().split("\0"):
                    continue
            ancestor = parent_of(pid)
            while ancestor not in (0, root):
                ancestor = parent_of(ancestor)
            if ancestor == root:
                found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class DeadEnd(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.over = threading.Event()
        self.hits = []
        self.too_late = False
        self.addCleanup(self.over.set)

    def hang_at_the_pivot(self, migration, kill):
        """The copy is stopped as soon as it and the source listen to the hold queue, which is before the pivot: ms2m stands
        still meanwhile, or it might be quicker. (It was quicker all the same: nothing is done, and `too_late` says so.) After
        that, with `kill`, the copy is killed, and again whenever it was started."""
        def watch():
            with rabbit.Probe() as probe:
                hold = None
                while not self.over.is_set() and (not hold or (probe.look(hold) or (0, 0))[1] < 2):
                    hold = next((f"ms2m.{name}.hold" for name in self.journal.ids()), None)
                    probe.sleep(0.002)
            migration.signal(signal.SIGSTOP)
            self.too_late = '"type":"pivot_intent"' in self.journal.text()
            if self.too_late:
                return migration.signal(signal.SIGCONT)
            for pid in consumers_on("worker-2"):
                os.kill(pid, signal.SIGSTOP)
                self.hits.append(pid)
            migration.signal(signal.SIGCONT)
            while kill and not self.over.is_set():
                for pid in consumers_on("worker-2") if '"type":"pivoted"' in self.journal.text() else []:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    self.hits.append(pid)
                self.over.wait(0.01)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)

    def hung(self, strategy, workload, kill):
        """A migration whose copy hangs at the pivot; ms2m is quicker now and then, on a busy machine."""
        for _ in range(5):
            (source,) = self.start_traffic("--workload", workload)
            run = self.begin_migration(source.name, "worker-2", "--strategy", strategy, *SERVE)
            self.hang_at_the_pivot(run, kill)
            self.addCleanup(self.over.set)  # first of all: nobody can take away pods that are killed all the time
            run.wait(60)
            if not self.too_late:
                return source, run
            scenario.driver.traffic("clean")
            scenario.shutil.rmtree(self.state_home)  # that one's journal
        self.fail("ms2m was quicker five times")

    def withdrawn(self, strategy, workload, kill=False):
        source, run = self.hung(strategy, workload, kill)
        self.over.set()
        self.assertTrue(self.hits, "the copy's process was not found")
        self.assertIn('"type":"pivoted"', self.journal.text(), run.said())
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())
        self.assertEqual((run.report["leftovers"], run.report["resumable"]), ([], False), run.said())
        self.assertIn(f"source pod default/{source.name} on worker-1", run.report["serving"])
        message = run.report["error"]["message"]
        self.assertIn("did not consume app.events after the hand-over", message)
        self.assertIn("the source has the queue back", message)
        self.assertTrue(run.report["undone"][0].startswith("withdraw pod default/"), run.said())
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return message

    def test_a_copy_that_hangs(self):
        self.assertIn("before it had taken anything", self.withdrawn("handoff", "deployment"))

    def test_a_copy_that_ends_whenever_it_is_started(self):
        self.withdrawn("handoff", "pod", kill=True)
        self.assertGreater(len(set(self.hits)), 1, "its kubelet started it again")


if __name__ == "__main__":
    scenario.main()
