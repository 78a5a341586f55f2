#!/usr/bin/python3
"""What fails before the pivot: the source works on, everything is undone, nobody has noticed."""

import json

import scenario
from scenario import kube


class FaultCase(scenario.Scenario):
    def faulty(self, node, **faults):
        self.addCleanup(scenario.lab_command, "kubelet", "faults", node)
        scenario.lab_command("kubelet", "faults", node, json.dumps(faults))

    def failed(self, phase, *arguments, text="", workload=()):
        """A migration that fails in this phase; the source serves on and nothing is left."""
        (source,) = self.start_traffic(*workload)
        run = self.begin_migration(source.name, "worker-2", *arguments).wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual((run.report["result"], run.report["leftovers"], run.report["interrupted"]), ("undone", [], False))
        self.assertIn(text, run.report["error"]["message"])
        if phase:
            self.assertEqual(run.report["error"]["phase"], phase)
        self.assertIn("worker-1", run.report["serving"])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return run


class Lab(scenario.Scenario):
    def test_a_kubelet_takes_back_what_was_said_of_its_pod(self):
        """While it was silent: such a pod would look as if the migration had left it unready."""
        (source,) = self.start_traffic()
        path = f"/api/v1/namespaces/default/pods/{source.name}"

        conditions = self.api.get(path)["status"]["conditions"]
        said = self.api.merge(f"{path}/status", {"status": {"conditions": [
            dict(each, status="False") if each["type"] == "Ready" else each for each in conditions]}})
        self.assertFalse(kube.is_ready(said))
        self.eventually(lambda: kube.is_ready(self.api.get(path)), "the pod is ready again")


class Faults(FaultCase):
    def test_restore(self):
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        self.failed("Restoring", "--strategy", "handoff")

    def test_restore_of_a_shadow(self):
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        self.failed("Restoring", "--strategy", "shadow")

    def test_restore_of_a_stateful_set(self):
        """Its source is gone by then: the process comes back where it was, under its name."""
        self.faulty("worker-2", restore_fail="criu failed: type RESTORE errno 17")
        self.failed(None, "--strategy", "handoff", workload=("--workload", "statefulset"))

    def test_stateful_set_that_no_node_restores(self):
        """After the pivot its state is in the archive alone: pending, with a way on, and not a migration that was done."""
        (source,) = self.start_traffic("--workload", "statefulset")
        for node in ("worker-1", "worker-2"):
            self.faulty(node, restore_fail="criu failed: type RESTORE errno 17")
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff").wait()
        self.assertEqual((run.status, run.report["resumable"]), (3, True), run.said())
        self.assertTrue(run.report["serving"].startswith("nobody"), run.said())
        for node in ("worker-1", "worker-2"):
            scenario.lab_command("kubelet", "faults", node)
        # The kubelet of worker-1 tries again by itself: whether the process is back there first is its affair.
        (journal,) = self.journal.ids()
        resumed = self.begin("resume", journal, "-o", "json").wait()
        node, status = {"done": ("worker-2", 0), "undone": ("worker-1", 1)}[resumed.report["result"]]
        self.assertEqual((resumed.status, resumed.report["leftovers"]), (status, []), resumed.said())
        self.assertIn(node, resumed.report["serving"])
        self.assert_serving(node, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_checkpoint(self):
        self.faulty("worker-1", checkpoint_fail="criu failed: type NOTIFY errno 22")
        self.failed("Checkpointing", "--strategy", "handoff", text="errno 22")

    def test_checkpoint_that_goes_on_after_its_time(self):
        self.faulty("worker-1", checkpoint_delay_ms=2500)
        self.failed("Checkpointing", "--strategy", "handoff", "--checkpoint-timeout", "1s")


if __name__ == "__main__":
    scenario.main()
