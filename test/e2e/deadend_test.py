#!/usr/bin/python3
"""After the pivot the copy is there and never consumes: it is withdrawn, and the source, which has waited, serves again."""

import threading

import scenario
import unserving  # the path is scenario's  pylint: disable=wrong-import-order

SERVE = ("--serve-timeout", "8s")


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
        (source,) = self.start_traffic("--workload", workload, "--pod-patch", self.patch_file(unserving.pod_patch(consumer)))
        containers = Containers(self.api, self.there)
        self.addCleanup(containers.stop)
        run = self.begin_migration(source.name, self.there, "--strategy", strategy, *SERVE).wait()
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
        message, containers = self.withdrawn("handoff", "deployment", unserving.HANGS)
        self.assertIn("before it had taken anything", message)
        self.assertEqual(containers, 1)

    def test_a_copy_that_ends_whenever_it_is_started(self):
        _, containers = self.withdrawn("handoff", "pod", unserving.ENDS)
        self.assertGreater(containers, 1, "its kubelet started it again")


if __name__ == "__main__":
    scenario.main()
