#!/usr/bin/python3
"""Scenarios that ms2m does not pass yet: not registered with ctest. Each goes back to its file when it does."""

import faults_test
import refusals_test
import scenario


class Refusals(refusals_test.RefusalCase):
    def test_broker_password(self):
        """The refused login names no cure."""
        self.refused(refusals_test.REFUSED, "refuses the login", env={"MS2M_BROKER": "amqp://ms2m:wrong@198.18.0.2/"})


class Faults(faults_test.FaultCase):
    def test_stateful_set_that_no_node_restores(self):
        """After the pivot its state is in the archive alone: a failure with a way on, not a migration."""
        (source,) = self.start_traffic("--workload", "statefulset")
        for node in ("worker-1", "worker-2"):
            self.faulty(node, restore_fail="criu failed: type RESTORE errno 17")
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff").wait()
        self.assertEqual(run.report["resumable"], True, run.said())
        self.assertTrue(run.report["serving"].startswith("nobody"), run.said())
        status = run.status
        for node in ("worker-1", "worker-2"):
            scenario.lab_command("kubelet", "faults", node)
        report = self.recover("resume")
        self.assertEqual(report["result"], "done")
        self.assert_exact()
        self.assert_no_debris()
        self.assertEqual(status, 3, "what nobody serves is not migrated: " + run.said())


if __name__ == "__main__":
    scenario.main()
