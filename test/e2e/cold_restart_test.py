#!/usr/bin/python3
"""A moved pod whose process dies later starts cold, from the image that it had before the move."""

import time

import scenario
from scenario import kube


def image_digest(pod):
    """The name before it is the pod's own after a move."""
    return pod["status"]["containerStatuses"][0]["imageID"].rpartition("@")[2]


class ColdRestart(scenario.Scenario):
    def test_killed_after_the_move(self):
        self.move_and_kill()

    def test_an_image_of_a_registry(self):
        """The kubelet's records know it by its repository, so the copy's image has a name there."""
        repository = "registry.example:5000/queues/consumer"
        for node in ("worker-1", "worker-2"):
            scenario.on_node(node, f"podman tag localhost/ms2m-consumer:latest {repository}:1.0")
            self.addCleanup(scenario.on_node, node, f"podman untag {repository}:1.0 {repository}:1.0")
        pod = self.move_and_kill("--pod-patch", self.patch_file({"container": {"image": f"{repository}:1.0"}}))
        self.assertRegex(pod["spec"]["containers"][0]["image"], f"^{repository}:ms2m-moved-")

    def move_and_kill(self, *traffic):
        (source,) = self.start_traffic(*traffic)
        path = "/api/v1/namespaces/default/pods/"
        original = image_digest(self.api.get(path + source.name))
        report = self.migrate(source.name, "worker-2", "--strategy", "handoff")
        moved = self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_no_debris()

        killed = time.monotonic()
        scenario.on_node("worker-2", "pkill -KILL -f /app/consumer.py")
        cold = self.await_another(source.state["boot_id"])
        self.note("cold start after", time.monotonic() - killed)
        self.assertEqual((cold.name, cold.node), (moved.name, "worker-2"))
        self.assertEqual(cold.name, report["target"]["pod"])
        self.assertLess(cold.state["count"], moved.state["count"], "it began anew")
        self.eventually(lambda: self.api.get(path + cold.name)["status"]["containerStatuses"][0]["restartCount"] == 1, "its kubelet says so")
        pod = self.api.get(path + cold.name)
        self.assertEqual(image_digest(pod), original)
        self.assert_goes_on(cold.state["count"])
        self.stop_traffic()
        self.eventually(lambda: kube.is_ready(self.api.get(path + cold.name)), "it is ready")
        self.assert_no_debris()
        return pod


if __name__ == "__main__":
    scenario.main()
