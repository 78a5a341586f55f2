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
        (source,) = self.start_traffic()
        path = "/api/v1/namespaces/default/pods/"
        original = image_digest(self.api.get(path + source.name))
        report = self.migrate(source.name, "worker-2", "--strategy", "handoff")
        moved = self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_no_debris()

        killed = time.monotonic()
        scenario.on_node("worker-2", "pkill -KILL -f /app/consumer.py")
        self.eventually(lambda: [i.state["boot_id"] for i in self.instances()] not in ([], [source.state["boot_id"]]),
                        "the kubelet starts it again", 30)
        self.note("cold start after", time.monotonic() - killed)
        (cold,) = self.instances()
        self.assertEqual((cold.name, cold.node), (moved.name, "worker-2"))
        self.assertEqual(cold.name, report["target"]["pod"])
        self.assertLess(cold.state["count"], moved.state["count"], "it began anew")
        pod = self.api.get(path + cold.name)
        self.assertEqual(image_digest(pod), original)
        self.assertEqual(pod["status"]["containerStatuses"][0]["restartCount"], 1)
        self.eventually(lambda: self.instances()[0].state["count"] > cold.state["count"], "it processes")
        self.stop_traffic()
        self.eventually(lambda: kube.is_ready(self.api.get(path + cold.name)), "it is ready")
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
