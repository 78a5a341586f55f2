#!/usr/bin/python3
"""The copy is killed after the pivot's commit and before its node knows of that: it is not begun twice, and the report says who serves."""

import os
import signal
import subprocess

import handler_test
import scenario
from scenario import driver

# Nobody changes a record whose directory is locked; ms2m waits for the copy's start, which is in it, and then pivots. In one process, which is there
# before: it must have the lock sooner than ms2m comes to tell the node.
HOLD = """
import fcntl, glob, json, os, sys, time
end = time.monotonic() + 90
print("looks", flush=True)
while time.monotonic() < end:
    for record in glob.glob("/var/lib/ms2m/*/record"):
        directory = os.open(os.path.dirname(record), os.O_RDONLY)
        fcntl.flock(directory, fcntl.LOCK_EX)
        with open(record) as file:
            said = json.load(file)
        if (said["state"], said.get("started")) == ("restored", True):
            time.sleep(float(sys.argv[1]))
            sys.exit()
        os.close(directory)
    time.sleep(0.002)
sys.exit("no copy has started")
"""


class CopyEnds(handler_test.Dying):
    def setUp(self):
        super().setUp()
        (self.source,) = self.start_traffic()

    def hold_record(self, seconds):
        """As soon as the copy has started, for so long."""
        holding = subprocess.Popen([driver.LAB_COMMAND, "ssh", "worker-2", f"exec python3 -c '{HOLD}' {seconds}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(self.end, holding)
        self.assertEqual(holding.stdout.readline(), "looks\n")

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()

    def pivoted(self, seconds):
        """A migration at that place; its node is told only when these have gone by."""
        self.hold_record(seconds)
        run = self.begin_migration(self.source.name, "worker-2", "--strategy", "handoff", "--deadman", "5s")
        self.journal.await_record("pivoted", process=run)
        return run

    @staticmethod
    def kill_copy(and_before=""):
        scenario.on_node("worker-2", f"{and_before} pkill -KILL -f /app/consumer.py")

    def copy_waits(self):
        """Its kubelet has called for it again, in vain."""
        (name,) = self.copies()
        (status,) = self.api.get(f"{handler_test.PODS}/{name}")["status"]["containerStatuses"]
        waiting = status["state"].get("waiting", {})
        return waiting.get("reason") == "CreateContainerError" and "its copy has ended" in waiting["message"]

    def pivoted_and_died(self):
        """So has ms2m, and what it may have asked for since."""
        run = self.pivoted(5)
        run.signal(signal.SIGKILL)
        run.wait()
        self.kill_copy("pkill -KILL -x ms2m-node;")
        self.eventually(self.copy_waits, "the copy waits for a resume")
        self.assertEqual(self.instances(), [], "nobody works")

    def assert_source_has_it_back(self, report):
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.assertIn("was lost after the hand-over, and with it what it had done; the source has the queue back", report["error"]["message"])
        self.assertEqual(report["serving"], f"source pod default/{self.source.name} on worker-1")
        self.assertEqual((self.copies(), self.marks()), ([], []))

    def test_ms2m_has_died_too(self):
        """With nothing in the queue: the source knows all that the copy knew."""
        self.stop_traffic()
        self.pivoted_and_died()
        self.assert_source_has_it_back(self.recover("resume", status=1))
        found = self.the_one()
        self.assertEqual((found.node, found.state["boot_id"]), ("worker-1", self.source.state["boot_id"]))
        self.assert_exact()
        self.assert_no_debris()

    def test_ms2m_has_died_too_under_traffic(self):
        """What the copy had done by itself is lost with it, and said to be; the rest is done by the source."""
        self.pivoted_and_died()
        self.assert_source_has_it_back(self.recover("resume", status=1))
        found = self.the_one()
        self.assertEqual((found.node, found.state["boot_id"]), ("worker-1", self.source.state["boot_id"]))
        for numbers in found.state["publishers"].values():
            self.assertEqual((numbers["doubles"], numbers["out_of_order"]), (0, 0))
        self.assert_goes_on(found.state["count"])
        self.stop_traffic()
        self.assert_no_debris()

    def test_its_node_is_told_later(self):
        """Then its container starts anew, and works; the report says that nothing of the process is left."""
        run = self.pivoted(4)
        self.kill_copy()
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual((run.report["serving_kind"], run.report["leftovers"]), ("started_anew", []))
        self.assertIn("on worker-2, started anew: its container has ended since the hand-over", run.report["serving"])
        self.assertIn("and its state with it", run.report["error"]["message"])
        cold = self.the_one()
        self.assertEqual(cold.node, "worker-2")
        self.assertNotEqual(cold.state["boot_id"], self.source.state["boot_id"])
        self.assert_goes_on(cold.state["count"])
        self.stop_traffic()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
