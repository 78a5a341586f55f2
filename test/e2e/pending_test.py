#!/usr/bin/python3
"""Scenarios that ms2m does not pass yet: not registered with ctest. Each goes back to its file when it does."""

import refusals_test
import scenario
import workloads_test


class Refusals(refusals_test.RefusalCase):
    def test_broker_password(self):
        """The refused login names no cure."""
        self.refused(refusals_test.REFUSED, "refuses the login", env={"MS2M_BROKER": "amqp://ms2m:wrong@198.18.0.2/"})


class Workloads(workloads_test.WorkloadCase):
    def test_stateful_set_second_of_three(self):
        """With other consumers on the queue the target is never told to take work."""
        self.stateful_set(1, 3, "--strategy", "handoff")


if __name__ == "__main__":
    scenario.main()
