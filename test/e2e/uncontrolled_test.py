#!/usr/bin/python3
"""--protocol none: a consumer that knows nothing of migrations is moved exactly behind the valve, or refused, or left as it was.

MS2M_E2E_ALL=1: with the crashes of a StatefulSet's move, each in its own half.
"""

import os
import signal
import time
import unittest

import faults_test
import scenario
from workloads_test import APPS, PODS, controller, spec_of

REFUSED = 4
PLAIN = ("--consumer", "plain", "--delay-ms", "10")


class Half(scenario.Journal):
    """One of several journals below a state directory."""

    def __init__(self, state_home, name):
        super().__init__(state_home)
        self._name = name

    def ids(self):
        return [self._name]


class UncontrolledCase(faults_test.FaultCase):
    def begin_none(self, pod, *arguments):
        return self.begin_migration(pod, "worker-2", "--protocol", "none", *arguments)

    def plain(self, *arguments):
        (source,) = self.start_traffic(*PLAIN, *arguments)
        return source

    def moved(self, source, *arguments):
        run = self.begin_none(source.name, *arguments).wait()
        self.assertEqual(run.status, 0, run.said())
        report = run.report
        self.assertEqual((report["result"], report["strategy"], report["leftovers"]), ("done", "handoff", []))
        self.assertIsNone(report["deadman_margin_s"])
        self.note("gap_s", report["gap_s"])
        self.note("total_s", report["total_s"])
        self.assertEqual(self.assert_serving("worker-2", source.state["boot_id"]).name, report["target"]["pod"])
        self.assert_exact()
        self.assert_no_debris()
        return report

    def stateful_set(self):
        return self.api.get(APPS + "statefulsets/consumer")

    def assert_whole(self, name, before):
        """The set as it was, under another uid, and the pod is its."""
        after = self.stateful_set()
        self.assertEqual(spec_of(after), spec_of(before))
        self.assertEqual(controller(self.api.get(f"{PODS}/{name}")),
                         {"kind": "StatefulSet", "name": "consumer", "uid": after["metadata"]["uid"]})

    def frozen(self, node):
        """How many containers of the node stand still."""
        groups = "find /sys/fs/cgroup -path '*kubepods*' -name cgroup.freeze -exec grep -lx 1 {} +"
        return len(scenario.on_node(node, groups + " || true").split())


class Moves(UncontrolledCase):
    def test_bare_pod_at_80(self):
        self.moved(self.plain("--rate", "80"))

    def test_deployment(self):
        self.moved(self.plain("--workload", "deployment", "--rate", "10"))

    def test_stateful_set(self):
        """Twice, the second time into its own name; and its set is there again."""
        source = self.plain("--workload", "statefulset", "--rate", "40")
        before = self.stateful_set()
        report = self.moved(source)
        self.assertEqual(report["target"]["pod"], source.name)
        self.assert_whole(source.name, before)

    def test_backlog_of_2000(self):
        report = self.moved(self.plain("--rate", "80", "--backlog", "2000"))
        self.assertGreater(report["held"], 150)
        self.assertLessEqual(report["frozen_s"], 10)

    def test_one_that_waits_before_it_reconnects(self):
        """That is counted apart, and nobody gives it up."""
        report = self.moved(self.plain("--rate", "10", "--reconnect-delay", "6"))
        self.assertGreater(report["reconnect_s"], 3)
        restoring = next(entry["seconds"] for entry in report["phases"] if entry["phase"] == "Restoring")
        self.assertLessEqual(report["reconnect_s"], restoring)
        self.assertLess(report["served_s"] - report["reconnect_s"], 40)

    def test_backlog_of_100(self):
        self.moved(self.plain("--rate", "80", "--backlog", "100"), "--prefer", "total")


class Refusals(UncontrolledCase):
    def refused(self, sentence, *arguments, status=REFUSED, traffic=()):
        source = self.plain(*traffic)
        run = self.begin_none(source.name, *arguments).wait()
        self.assertEqual(run.status, status, run.said())
        self.assertIn(sentence, run.report["error"]["message"] if run.report else run.err)
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        self.assertEqual(self.the_one().node, "worker-1")
        self.assert_no_debris()

    def test_quorum_queue(self):
        self.refused("quorum", traffic=("--queue-type", "quorum"))

    def test_shadow(self):
        self.refused("--strategy handoff only", "--strategy", "shadow", status=2)


class Undone(UncontrolledCase):
    """The source goes on, in the same process."""

    def failed_none(self, phase, *arguments, text="", workload=()):
        self.failed(phase, "--protocol", "none", *arguments, text=text, workload=(*PLAIN, "--rate", "40", *workload))
        self.assertEqual(self.frozen("worker-1"), 0)

    def test_restore(self):
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        self.failed_none("Restoring", text="errno 17")

    def test_restore_of_a_deployment(self):
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        self.failed_none("Restoring", text="errno 17", workload=("--workload", "deployment"))

    def test_checkpoint(self):
        self.faulty("worker-1", checkpoint_fail="criu failed: type NOTIFY errno 22")
        self.failed_none("Checkpointing", text="errno 22")

    def test_consumer_that_never_gets_done(self):
        """50 prefetched messages of 100 ms each."""
        self.failed("Checkpointing", "--protocol", "none", "--quiet-timeout", "1s", text="messages unacknowledged",
                    workload=("--consumer", "plain", "--delay-ms", "100", "--rate", "12", "--backlog", "60"))


class Crash(UncontrolledCase):
    def killed_at(self, type_, text, *workload):
        source = self.plain("--rate", "40", *workload)
        run = self.begin_none(source.name)
        self.journal.await_record(type_, text, process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(run.status, -signal.SIGKILL)
        return source

    def source_goes_on(self, type_, text, by_itself):
        source = self.killed_at(type_, text)
        if by_itself:  # and nobody had to do anything
            self.assert_serving("worker-1", source.state["boot_id"])
        report = self.recover("abort")
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.ends_on("worker-1", source)

    def copy_goes_on(self, type_, text, *workload):
        source = self.killed_at(type_, text, *workload)
        time.sleep(1)  # what was on its way comes, with nobody to lead it
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []))
        self.ends_on("worker-2", source)
        return source

    def ends_on(self, node, source):
        self.assert_serving(node, source.state["boot_id"])
        self.assertEqual((self.frozen("worker-1"), self.frozen("worker-2")), (0, 0))
        self.assert_exact()
        self.assert_no_debris()

    def test_at_the_checkpoint(self):
        self.source_goes_on("effect", "checkpoint", True)

    def test_at_the_import(self):
        self.source_goes_on("effect", "import it as", True)

    def test_at_the_freeze(self):
        self.source_goes_on("effect", "freeze container", False)

    def test_at_the_pivot(self):
        self.copy_goes_on("pivoted", "")

    def test_at_the_pivot_of_a_deployment(self):
        self.copy_goes_on("pivoted", "", "--workload", "deployment")

    @unittest.skipUnless(os.environ.get("MS2M_E2E_ALL"), "MS2M_E2E_ALL is not set")
    def test_at_the_pivot_of_a_stateful_set(self):
        source = self.copy_goes_on("pivoted", "", "--workload", "statefulset")
        self.assertEqual(self.the_one().name, source.name)

    @unittest.skipUnless(os.environ.get("MS2M_E2E_ALL"), "MS2M_E2E_ALL is not set")
    def test_in_the_second_half_of_a_stateful_set(self):
        """The copy goes on under its own name, until a resume gives it the source's."""
        source = self.plain("--rate", "40", "--workload", "statefulset")
        before = self.stateful_set()
        run = self.begin_none(source.name)
        self.eventually(lambda: len(self.journal.ids()) == 2, "the second half", 60)
        first, second = sorted(self.journal.ids(), key=len)
        of_second = Half(self.state_home, second)
        of_second.await_record("effect", "freeze container", process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(run.status, -signal.SIGKILL)
        done = self.begin("resume", first, "-o", "json").wait()
        self.assertEqual((done.status, done.report["result"], done.report["leftovers"]), (0, "done", []), done.said())
        self.ends_on("worker-2", source)
        self.assert_whole(source.name, before)

    def test_at_the_pivot_when_the_restore_fails(self):
        """The copy never ran: it goes, and the source comes back, in the process that was frozen."""
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        source = self.killed_at("pivoted", "")
        report = self.recover("resume", status=1)
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.ends_on("worker-1", source)


if __name__ == "__main__":
    scenario.main()
