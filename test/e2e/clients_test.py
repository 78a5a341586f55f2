#!/usr/bin/python3
"""A consumer of another shape, as its library documents it, that knows nothing of migrations: the one of test/clients that runs in the lab's own
image. All of them: scripts/bench clients."""

import argparse
import os

import scenario

import clients  # noqa: E402  pylint: disable=wrong-import-order
import driver
import lab
import workload
import yaml

MAPS = f"/api/v1/namespaces/{lab.NAMESPACE}/configmaps"
PROGRAM = "client"


class Clients(scenario.Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.with_handler()

    def pod(self, sink):
        with open(os.path.join(lab.SOURCE_DIR, "examples", "consumer", "pod.yaml"), encoding="utf-8") as file:
            image = yaml.safe_load(file)["spec"]["containers"][0]["image"]
        pod = clients.pod_of(self.name, sink)
        container = pod["spec"]["containers"][0]
        container.update(image=image, volumeMounts=[{"name": PROGRAM, "mountPath": f"/clients/{self.name}"}])
        pod["spec"]["volumes"] = [{"name": PROGRAM, "configMap": {"name": PROGRAM}}]
        return pod

    def begin_client(self, name, changed=None):
        """`changed`: of what its program says, what it says instead."""
        self.name = name
        data = {}
        for path in (os.path.join(name, "consumer.py"), "fold.py"):
            with open(os.path.join(clients.PLACE, path), encoding="utf-8") as file:
                data[os.path.basename(path)] = file.read()
        for old, new in (changed or {}).items():
            self.assertIn(old, data["consumer.py"])
            data["consumer.py"] = data["consumer.py"].replace(old, new)
        self.api.create(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROGRAM}, "data": data})
        self.addCleanup(self.api.delete, f"{MAPS}/{PROGRAM}")
        self.addCleanup(driver.traffic, "clean")
        self.traffic = clients.traffic_options(argparse.Namespace(rate=20, backlog=0))
        clients.start(self.pod, self.traffic)

    def test_pika_on_asyncio(self):
        self.begin_client("pika-asyncio")
        run = self.begin_migration(clients.POD, "worker-2", "--protocol", "none").wait()
        self.assertEqual(run.status, 0, run.said())
        report = run.report
        problem, verdict, last, same = clients.finish(self.traffic, tail=1, patience=120)
        self.assertIsNone(problem)
        self.assertTrue(verdict.exact, verdict.line())
        self.assertTrue(same, "one process, with what it had in its memory")
        self.assertEqual(last.pod, report["target"]["pod"])
        self.assertLess(report["reconnect_s"], 20)
        self.assert_no_debris()

    def test_one_that_ends_when_its_connection_is_lost(self):
        """As pika's tutorial has it. It cannot be moved, nor does it outlive that; which is said."""
        self.begin_client("pika-blocking", {"time.sleep(1)": "raise"})
        run = self.begin_migration(clients.POD, "worker-2", "--protocol", "none").wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
        self.assertEqual(run.report["serving_kind"], "started_anew", run.said())
        problem, verdict, last, same = clients.finish(self.traffic, tail=1, patience=120)
        self.assertIn("started anew", problem)
        self.assertEqual((verdict.lost, verdict.duplicated, verdict.reordered, same), (0, 0, 0, False))
        self.assertEqual(last.pod, clients.POD)
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
