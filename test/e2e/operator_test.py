#!/usr/bin/python3
"""The whole migration with exactly the rights of examples/rbac.yaml, by either way to the kubelet."""

import os

import scenario
from scenario import lab


class LeastRights(scenario.Scenario):
    def move(self, who, *arguments, workload="pod"):
        """The samples' secret is not the one that the example names: the address is given."""
        (source,) = self.start_traffic("--workload", workload)
        env = {"KUBECONFIG": os.path.join(lab.LAB, "kubeconfig-" + who), "MS2M_BROKER": lab.broker_uri()}
        report = self.migrate(source.name, "worker-2", *arguments, env=env)
        self.assertEqual(self.assert_serving("worker-2", source.state["boot_id"]).name, report["target"]["pod"])
        self.assert_exact()
        self.assert_no_debris()

    def test_through_the_api_server(self):
        self.move("operator", "--strategy", "handoff")

    def test_stateful_set(self):
        self.move("operator", "--strategy", "handoff", workload="statefulset")

    def test_stateful_set_sequential(self):
        self.move("operator", "--strategy", "sequential", workload="statefulset")

    def test_kubelet_directly(self):
        self.move("operator-direct", "--strategy", "handoff", "--kubelet", "direct")


if __name__ == "__main__":
    scenario.main()
