#!/usr/bin/python3
"""A node is emptied: three consumers, each on a queue of its own and under traffic, and what is not to be moved."""

import scenario
from scenario import debris, lab
from several import QUEUES, Several  # pylint: disable=wrong-import-order


class Drain(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.uncordon, "worker-1")
        self.addCleanup(self.uncordon, "worker-2")

    def uncordon(self, node):
        self.api.merge(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})

    def cordoned(self, node):
        return self.api.get(f"/api/v1/nodes/{node}")["spec"].get("unschedulable", False)

    def start_three(self, *arguments):
        self.start_traffic("--rate", "20", "--delay-ms", "5", *arguments)
        several = Several()
        self.addCleanup(several.remove)
        return several

    def drain(self, *arguments, status=0):
        run = self.begin("drain", *arguments, "-o", "json").wait(180)
        self.assertEqual(run.status, status, run.said())
        return run.report

    def assert_all_exact(self, several):
        self.stop_traffic()
        self.assertEqual(several.verdicts(), dict.fromkeys(QUEUES))

    def test_three_at_a_time_and_back_one_by_one(self):
        several = self.start_three()
        look = self.drain("worker-1", "--to", "worker-2", "--strategy", "handoff", "--dry-run")
        self.assertEqual({(item["pod"], item["result"], item["target_node"]) for item in look["items"] if item["queue"]},
                         {(f"consumer-{n}", "would move", "worker-2") for n in range(3)})
        self.assertFalse(self.cordoned("worker-1"))
        report = self.drain("worker-1", "--to", "worker-2", "--strategy", "handoff")
        moved = [item for item in report["items"] if item["result"] == "moved"]
        self.assertEqual(len(moved), 3, report)
        self.assertTrue(report["cordoned"] and self.cordoned("worker-1"))
        self.assertEqual(several.not_on("worker-2"), [])
        self.note("three at a time wall_s", report["wall_s"])
        self.note("their totals together", sum(item["total_s"] for item in moved))
        self.assertEqual(self.drain("worker-1", "--to", "worker-2")["items"], [])  # a second run finds nothing

        # Back, where the node fits; the first one is cordoned and takes none.
        self.assertIn("no other node", self.begin("drain", "worker-2").wait().err)
        self.uncordon("worker-1")
        report = self.drain("worker-2", "--strategy", "handoff", "--parallel", "1")
        self.assertEqual([item["result"] for item in report["items"]], ["moved"] * 3)
        self.note("one by one wall_s", report["wall_s"])
        self.assertEqual(several.not_on("worker-1"), [])
        self.assert_all_exact(several)
        self.assert_no_debris()

    def test_what_is_not_moved_is_named(self):
        scratch = self.patch_file({"spec": {"volumes": [{"name": "scratch", "hostPath": {"path": "/srv"}}]},
                                   "container": {"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}})
        (source,) = self.start_traffic("--pod-patch", scratch)
        path = f"/api/v1/namespaces/{lab.NAMESPACE}/pods"
        pod = self.api.get(f"{path}/{source.name}")
        stranger = {"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": "stranger", "namespace": lab.NAMESPACE},
                    "spec": {"nodeName": "worker-1", "containers": [
                        {"name": "app", "image": pod["spec"]["containers"][0]["image"],
                         "command": ["/usr/bin/python3", "-c", "import time; time.sleep(3600)"]}]}}
        self.api.create(path, stranger)
        self.addCleanup(self.api.delete, f"{path}/stranger")
        debris.snapshot()
        report = self.drain("worker-1", "--to", "worker-2", "--strategy", "handoff", status=4)
        by_name = {item["pod"]: item for item in report["items"]}
        self.assertEqual(by_name["stranger"]["result"], "stays")
        self.assertTrue(by_name["stranger"]["why"])
        self.assertEqual(by_name[source.name]["result"], "refused", report)
        self.assertIn("hostPath", by_name[source.name]["why"])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
