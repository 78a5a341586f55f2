#!/usr/bin/python3
"""A bare pod there and back, by each strategy: exact, the memory moved, nothing left."""

import json

import scenario
from scenario import lab, rabbit


PODS = "/api/v1/namespaces/default/pods"


class BarePod(scenario.Scenario):
    def moves(self, nodes, *arguments):
        (source,) = self.start_traffic()
        pod, boot_id = source.name, source.state["boot_id"]
        for to in nodes:
            report = self.migrate(pod, to, *arguments)
            pod = report["target"]["pod"]
            self.assertEqual(self.assert_serving(to, boot_id).name, pod)
            self.assert_no_debris()
            # Loose: what it is on a quiet machine is the bench's business.
            self.assertLess(report["gap_s"], 30)
        result = self.assert_exact()
        self.assertEqual([instance["boot_id"] for instance in result["instances"]], [boot_id])
        self.assert_no_debris()

    def test_handoff_twice(self):
        self.moves(["worker-2", "worker-1"] * 2, "--strategy", "handoff")

    def test_handoff_for_the_shortest_total(self):
        self.moves(["worker-2"], "--strategy", "handoff", "--prefer", "total")

    def test_shadow(self):
        self.moves(["worker-2", "worker-1"], "--strategy", "shadow")

    def test_sequential_keeps_the_name(self):
        (source,) = self.start_traffic()
        before = self.api.get(f"{PODS}/{source.name}")
        for to in ("worker-2", "worker-1"):
            report = self.migrate(source.name, to, "--strategy", "sequential")
            self.assertEqual(report["target"]["pod"], source.name)
            self.assertEqual(self.assert_serving(to, source.state["boot_id"]).name, source.name)
            self.assert_no_debris()
            after = self.api.get(f"{PODS}/{source.name}")
            for key in ("labels", "annotations", "ownerReferences"):
                self.assertEqual(after["metadata"].get(key), before["metadata"].get(key), key)
        self.assert_exact()
        self.assert_no_debris()

    def test_what_a_moved_pod_leaves(self):
        """The name of its image and its control queue are there as long as it is, and go with the next clean-up."""
        (source,) = self.start_traffic()
        env = {"MS2M_BROKER": lab.broker_uri()}
        pod = self.migrate(source.name, "worker-2", "--strategy", "handoff", env=env)["target"]["pod"]
        self.assert_exact()
        self.assertTrue(self.is_left(pod))
        self.api.delete(f"{PODS}/{pod}", 1)
        self.eventually(lambda: pod not in [each["metadata"]["name"] for each in self.api.get(PODS)["items"]], "the pod is gone")
        run = self.begin("cleanup", env=env).wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertFalse(self.is_left(pod), run.said())

    @staticmethod
    def is_left(pod):
        """Both or neither."""
        images = json.loads(scenario.on_node("worker-2", "cat /var/lib/containers/storage/overlay-images/images.json"))
        names = [name for image in images for name in image.get("names") or []]
        queues = [queue["name"] for queue in rabbit.Management().call("GET", "/queues/%2F")]
        found = {any(name.startswith(f"localhost/ms2m/{pod}:") for name in names), f"ms2m.control.{pod}" in queues}
        assert len(found) == 1, found
        return found.pop()


if __name__ == "__main__":
    scenario.main()
