#!/usr/bin/python3
"""`bench baseline`: a small part of it in the lab, and as on a cluster of somebody's own, of which it knows a kubeconfig, a pod and two commands."""

import csv
import os
import subprocess
import tempfile

import scenario
from scenario import driver, lab

BENCH = os.path.join(lab.SOURCE_DIR, "scripts", "bench")
COLUMNS = "run,msg_rate,configuration,downtime_ms,total_time_s,checkpoint_s,transfer_s,restore_s,replay_s,finalize_s,status"
PRODUCER = os.path.join(lab.SOURCE_DIR, "examples", "producer", "producer.py")
# Of each run with numbers of its own, into the one log that the verdict reads.
PUBLISH = f'exec /usr/bin/python3 -B {PRODUCER} --rate "$RATE" --prefix "run$$" --confirm-log {lab.STATE_DIR}/confirmed.log'
VERDICT = f"{driver.LAB_COMMAND} traffic verdict"


class Baseline(scenario.Scenario):
    def bench(self, *arguments, status=0, **extra):
        """Its rows, by configuration, and where it has written."""
        directory = tempfile.mkdtemp(prefix="e2e-", dir=self.state_home)
        done = subprocess.run([BENCH, "baseline", "--out", directory, *arguments], capture_output=True, text=True, check=False, timeout=200,
                              env={**scenario.environment(self.state_home), **extra})
        self.said = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, self.said)
        with open(os.path.join(directory, "baseline.csv"), encoding="utf-8") as file:
            self.assertEqual(file.readline().strip(), COLUMNS)
            file.seek(0)
            return list(csv.DictReader(file)), directory

    def assert_measured(self, row):
        self.assertEqual(row["status"], "exact", self.said)
        total = float(row["total_time_s"])
        self.assertAlmostEqual(total, sum(float(row[name]) for name in COLUMNS.split(",")[5:10]), delta=0.01)
        self.assertLess(0, total)
        self.assertLess(float(row["downtime_ms"]), 1000 * total + 2000)

    def test_in_the_lab(self):
        rows, directory = self.bench("--runs", "1", "--rates", "20", "--memory", "", "--delay-ms", "10", "--configurations",
                                     "deployment-handoff,statefulset-shadow")
        self.assertEqual([(row["run"], row["msg_rate"], row["configuration"]) for row in rows],
                         [("1", "20", "deployment-handoff"), ("1", "20", "statefulset-shadow")])
        for row in rows:
            self.assert_measured(row)
        self.assertEqual(sorted(os.listdir(directory)), ["baseline.csv", "baseline.html", "phases.svg", "totals.svg"])
        self.assert_no_debris()

    def test_on_somebodys_cluster(self):
        (source,) = self.start_traffic("--workload", "deployment", "--delay-ms", "10", "--rate", "20")
        self.stop_traffic()
        secret = {"RABBITMQ_URL": lab.broker_uri()}
        rows, directory = self.bench("--cluster", os.path.join(lab.LAB, "kubeconfig"), "--pod", source.name, "--to", "worker-2", "--publish", PUBLISH,
                                     "--verdict", VERDICT, "--runs", "2", "--rates", "40", "--configurations",
                                     "deployment-shadow-relay,statefulset-shadow", **secret)
        # Without the handler on the nodes it is refused, and told as that; every message is there none the less.
        self.assertEqual([(row["run"], row["configuration"], row["status"]) for row in rows],
                         [("0", "statefulset-shadow", "unavailable"), ("1", "deployment-shadow-relay", "refused"),
                          ("2", "deployment-shadow-relay", "refused")], self.said)
        with open(os.path.join(directory, "baseline.html"), encoding="utf-8") as file:
            self.assertNotIn(lab.broker_uri(), file.read())
        scenario.set_up_nodes(self.here, self.there)
        self.addCleanup(scenario.set_up_nodes, self.here, self.there, "--remove")
        self.addCleanup(driver.traffic, "clean")
        rows, _ = self.bench("--cluster", os.path.join(lab.LAB, "kubeconfig"), "--pod", source.name, "--to", "worker-2", "--publish", PUBLISH,
                             "--verdict", VERDICT, "--runs", "2", "--rates", "40", "--configurations", "deployment-shadow-relay", **secret)
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assert_measured(row)
        survivor = self.the_one()  # there and back
        self.assertEqual((survivor.node, survivor.state["boot_id"]), ("worker-1", source.state["boot_id"]))
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
