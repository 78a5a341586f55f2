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

    def begin_client(self, name):
        self.name = name
        data = {}
        for path in (os.path.join(name, "consumer.py"), "fold.py"):
            with open(os.path.join(clients.PLACE, path), encoding="utf-8") as file:
                data[os.path.basename(path)] = file.read()
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
        problem, verdict, last, same = clients.finish(self.traffic, tail=1, patience=30)
        self.assertIsNone(problem)
        self.assertTrue(verdict.exact, verdict.line())
        self.assertTrue(same, "one process, with what it had in its memory")
        self.assertEqual(last.pod, report["target"]["pod"])
        self.assertLess(report["reconnect_s"], 5)
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
