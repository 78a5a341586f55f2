#!/usr/bin/python3
"""After the pivot the copy is there and never consumes: it is withdrawn, and the source, which has waited, serves again."""

import threading

import scenario

SERVE = ("--serve-timeout", "4s")
# A consumer that ends up so when it is told, in another pod than that it was started in, to take the queue over.
CONSUMER = """
import os, sys, time
sys.path.insert(0, "/app")
import broker, consumer
home, obey = broker.etc_hostname(), consumer.Consumer._obey
def instead(self, control):
    if control is not None and control.queue is None and broker.etc_hostname() != home: DO
    obey(self, control)
consumer.Consumer._obey = instead
consumer.main()
"""
HANGS, ENDS = "time.sleep(3600)", "os._exit(7)"


class Containers:
    """Those that the pods on a node are seen to have, one after the other, until stopped."""

    def __init__(self, api, node):
        self._api, self._node, self._over, self._seen = api, node, threading.Event(), set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.is_set():
            for pod in self._api.get("/api/v1/namespaces/default/pods")["items"]:
                if pod["spec"].get("nodeName") == self._node:
                    self._seen |= {one.get("containerID") for one in pod.get("status", {}).get("containerStatuses", [])}
            self._over.wait(0.05)

    def stop(self):
        self._over.set()
        self._thread.join(10)
        return len(self._seen - {None, ""})


class DeadEnd(scenario.Scenario):
    def withdrawn(self, strategy, workload, consumer):
        patch = {"container": {"command": ["/usr/bin/python3", "-c", CONSUMER.replace("DO", consumer)]}}
        (source,) = self.start_traffic("--workload", workload, "--pod-patch", self.patch_file(patch))
        containers = Containers(self.api, self.there)
        self.addCleanup(containers.stop)
        run = self.begin_migration(source.name, self.there, "--strategy", strategy, *SERVE).wait(150)
        self.assertIn('"type":"pivoted"', self.journal.text(), run.said())
        self.assertEqual((run.status, run.report.get("result")), (1, "undone"), run.said())
        self.assertEqual((run.report["leftovers"], run.report["resumable"]), ([], False), run.said())
        self.assertIn(f"source pod default/{source.name} on worker-1", run.report["serving"])
        message = run.report["error"]["message"]
        self.assertIn("did not consume app.events after the hand-over", message)
        self.assertIn("the source has the queue back", message)
        self.assertTrue(run.report["undone"][0].startswith("withdraw pod default/"), run.said())
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return message, containers.stop()

    def test_a_copy_that_hangs(self):
        message, containers = self.withdrawn("handoff", "deployment", HANGS)
        self.assertIn("before it had taken anything", message)
        self.assertEqual(containers, 1)

    def test_a_copy_that_ends_whenever_it_is_started(self):
        _, containers = self.withdrawn("handoff", "pod", ENDS)
        self.assertGreater(containers, 1, "its kubelet started it again")


if __name__ == "__main__":
    scenario.main()
