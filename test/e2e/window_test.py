#!/usr/bin/python3
"""A maintenance window: the example's hooks, and an operator who asks how far it is and changes it meanwhile."""

import os
import signal
import tempfile

import scenario
import driver  # pylint: disable=wrong-import-order

EXAMPLE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "examples", "maintenance-window.sh")


class Window(scenario.Scenario):
    def set(self, *arguments, status=0):
        run = self.begin("set", *arguments).wait()
        self.assertEqual(run.status, status, run.said())
        return run

    def test_the_example_and_a_change_meanwhile(self):
        (source,) = self.start_traffic()
        alarms = tempfile.mkdtemp(prefix="e2e-alarms-")
        self.addCleanup(os.rmdir, alarms)  # the example has emptied it
        run = self.begin("migrate", f"pod/{source.name}", "--to", "worker-2", "-o", "json", "--strategy", "handoff",
                         "--bandwidth", "128Ki",  # some 160 s for the archive
                         env={"ALARMS": alarms, "MS2M": driver.ms2m_binary()}, program=EXAMPLE)
        begin = self.journal.await_record("begin", process=run)
        self.journal.await_record("effect", "stream the archive", process=run)
        self.assertEqual(os.listdir(alarms), [begin["id"]])
        os.kill(begin["pid"], signal.SIGUSR1)
        self.assertIn("has no downtime limit", self.set(begin["id"], "--downtime-limit", "1s", status=4).err)
        self.set("mother", "--bandwidth", "off", status=4)
        self.set(begin["id"], "--bandwidth", "off")
        run.wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertLess(run.seconds, 100)  # the change holds at once
        report = run.report
        self.assert_outcome(report, source.name, "worker-2")
        self.assertEqual([(hook["phase"], hook["failure"]) for hook in report["hooks"]],
                         [("before-quiet", None), ("end", None)])
        self.assertEqual([(change["option"], change["value"]) for change in report["changes"]], [("bandwidth", "0")])
        self.assertEqual(os.listdir(alarms), [])
        for text in (f"hook before-quiet: alarms of {begin['id']} off", f"hook end: alarms of {begin['id']} on",
                     "state      running", "phase      Transferring", "changed by ms2m set", "moved"):
            self.assertIn(text, run.err)
        self.assertTrue(report["depths"], "the broker was asked")
        self.assertIn("<path", self.begin("report", report["id"], "-o", "svg").wait().out)
        self.assertIn("done", self.set(begin["id"], "--bandwidth", "1M", status=4).err)
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_a_hook_that_fails(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", "--hook", "before-quiet=echo no maintenance today >&2; exit 3",
                                   "--hook", "end=cat >&2").wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertIn("hook before-quiet failed: exit status 3: no maintenance today", run.report["error"]["message"])
        self.assertIn('"result":"undone"', run.err)  # what the hook of the end was told
        self.assert_serving("worker-1", source.state["boot_id"])
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", "--hook", "after-pivot=sleep 60",
                                   "--hook-limit", "100ms").wait()
        self.assertEqual((run.status, run.report["result"]), (6, "done"), run.said())
        self.assertIn("it had not ended after 0.1 s (--hook-limit)", run.err)
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
