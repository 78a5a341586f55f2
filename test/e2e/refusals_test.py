#!/usr/bin/python3
"""What cannot work is refused in one sentence with its cure, and nothing was touched."""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import scenario
from scenario import driver, lab, rabbit

USAGE, REFUSED = 2, 4


def names(objects):
    return sorted((o["metadata"]["name"], o["metadata"]["uid"], json.dumps(o.get("spec", {}), sort_keys=True))
                  for o in objects)


class RefusalCase(scenario.Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        driver.traffic("start", "--rate", "5")

    def world(self):
        """Whatever a migration could touch, apart from what traffic changes."""
        management = rabbit.Management()
        world = {kind: sorted(row["name"] for row in management.call("GET", f"/{kind}/%2F"))
                 for kind in ("queues", "exchanges")}
        world["pods"] = names(self.api.pods())
        world["leases"] = names(self.api.get("/apis/coordination.k8s.io/v1/namespaces/default/leases")["items"])
        world["journals"] = self.journal.ids()
        nodes = ("worker-1", "worker-2")
        with ThreadPoolExecutor(len(nodes)) as pool:
            world["nodes"] = list(pool.map(self.node, nodes))
        return world

    @staticmethod
    def node(name):
        images = "python3 -c 'import json; print(sorted(i[\"id\"] for i in json.load(open(\"images.json\"))))'"
        return scenario.on_node(name, "ls /var/lib/kubelet/checkpoints /var/lib/ms2m* 2>/dev/null; "
                                      "cd /var/lib/containers/storage/overlay-images && " + images)

    def refused(self, status, sentence, *arguments, env=None, pod="consumer-0", to="worker-2"):
        """Exactly one sentence of ms2m's on standard error, which holds `sentence`, and one cure."""
        before = self.world()
        run = self.begin("migrate", f"pod/{pod}", "--to", to, *arguments, env=env).wait()
        self.assertEqual(run.status, status, run.said())
        lines = run.err.splitlines()
        errors = [line for line in lines if line.startswith("ms2m: ")]
        self.assertEqual(len(errors), 1, run.said())
        self.assertIn(sentence, errors[0])
        self.assertLess(len(errors[0]), 500)
        cures = [line for line in lines if line.startswith("Cure: ")]
        self.assertEqual(len(cures), 1, run.said())
        known = ("ms2m: ", "Cure: ", "Serving: ", "broker ", "queue ", "warning: ")
        self.assertEqual([line for line in lines if not line.startswith(known)], [], "nothing else is said")
        self.assertEqual(run.out, "")
        self.assertEqual(self.world(), before, "nothing was touched")
        self.assertLess(run.seconds, 90)


class Refusals(RefusalCase):
    def test_pod(self):
        self.refused(REFUSED, "there is no pod consumer-9 in namespace default", pod="consumer-9")

    def test_namespace(self):
        self.refused(REFUSED, "consumer-0", "-n", "elsewhere")

    def test_node(self):
        self.refused(REFUSED, "node worker-9 does not exist", to="worker-9")

    def test_same_node(self):
        self.refused(REFUSED, "is on node worker-1 already", to="worker-1")

    def test_container(self):
        self.refused(REFUSED, "has no container sidecar", "-c", "sidecar")

    def test_kubeconfig(self):
        self.refused(USAGE, "/nowhere/kubeconfig", "--kubeconfig", "/nowhere/kubeconfig")

    def test_kubeconfig_that_is_none(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("clusters: {\n")
            file.flush()
            self.refused(USAGE, file.name, "--kubeconfig", file.name)

    def test_context(self):
        self.refused(USAGE, 'no context "elsewhere"', "--context", "elsewhere")

    def test_queue(self):
        self.refused(REFUSED, "queue elsewhere does not exist", "--queue", "elsewhere")

    def test_queue_that_nobody_consumes(self):
        with rabbit.Probe() as probe:
            channel = probe._connection.channel()  # pylint: disable=protected-access
            channel.queue_declare("e2e.idle")
            try:
                self.refused(REFUSED, "nobody consumes queue e2e.idle", "--queue", "e2e.idle")
            finally:
                channel.queue_delete("e2e.idle")

    def test_viewer(self):
        """Who may only look may not read the secret either, so both what it says without an address and with one."""
        kubeconfig = os.path.join(lab.LAB, "kubeconfig-viewer")
        self.refused(REFUSED, "forbidden", env={"KUBECONFIG": kubeconfig})
        self.refused(REFUSED, "you may not", env={"KUBECONFIG": kubeconfig, "MS2M_BROKER": lab.broker_uri()})

    def test_viewer_checks(self):
        """Who may only look sees what can be found out, and which rights the rest takes."""
        env = {"KUBECONFIG": os.path.join(lab.LAB, "kubeconfig-viewer")}
        run = self.begin("check", "pod/consumer-0", "--to", "worker-2", "-o", "json", env=env).wait()
        self.assertEqual(run.status, REFUSED, run.said())
        found = {(each["check"], each["level"]) for each in run.report["findings"]}
        self.assertLessEqual({(check, "ok") for check in ("source-pod", "node-access", "base-image", "cpu")},
                             found, run.said())
        (broker,) = [each for each in run.report["findings"] if each["check"] == "broker"]
        self.assertEqual((broker["level"], broker["asked"]), ("refusal", False))
        self.assertIn("could not be asked", broker["reason"])
        self.assertIn('cannot get resource "secrets"', broker["reason"])
        (rights,) = [each for each in run.report["findings"] if each["check"] == "rights"]
        self.assertIn("create pods in namespace default", rights["reason"])
        plan = self.begin("plan", "pod/consumer-0", "--to", "worker-2", env=env).wait()
        self.assertEqual(plan.status, REFUSED, plan.said())
        self.assertIn("could not be asked", plan.out)

    def test_no_rights(self):
        self.refused(REFUSED, "forbidden", env={"KUBECONFIG": os.path.join(lab.LAB, "kubeconfig-nobody"),
                                                "MS2M_BROKER": lab.broker_uri()})

    def test_base_image(self):
        scenario.lab_command("image", "rm", "worker-2", "latest")
        try:
            self.refused(REFUSED, "is not on node worker-2 under the same ID")
        finally:
            scenario.lab_command("image", "add", "worker-2", "latest")

    def test_another_base_image_of_that_name(self):
        scenario.lab_command("image", "rm", "worker-2", "latest")
        scenario.lab_command("image", "add", "worker-2", "other", "latest")
        try:
            self.refused(REFUSED, "is not on node worker-2 under the same ID")
        finally:
            scenario.lab_command("image", "rm", "worker-2", "latest")
            scenario.lab_command("image", "add", "worker-2", "latest")

    def test_cordoned_node(self):
        self.api.merge("/api/v1/nodes/worker-2", {"spec": {"unschedulable": True}})
        try:
            self.refused(REFUSED, "worker-2")
        finally:
            self.api.merge("/api/v1/nodes/worker-2", {"spec": {"unschedulable": None}})

    def test_broker_that_does_not_answer(self):
        self.refused(REFUSED, "cannot connect to the broker at 198.18.0.2:5999",
                     env={"MS2M_BROKER": "amqp://ms2m:secret@198.18.0.2:5999/"})

    def test_broker_password(self):
        self.refused(REFUSED, "refuses the login", env={"MS2M_BROKER": "amqp://ms2m:wrong@198.18.0.2/"})

    def test_ssh_configuration(self):
        self.refused(REFUSED, "/nowhere/config", env={"MS2M_SSH_CONFIG": "/nowhere/config"})

    def test_ssh_key(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("Host worker-1 worker-2\n  HostName 198.18.0.11\n  IdentityFile /nowhere/key\n"
                       "  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
            file.flush()
            self.refused(REFUSED, "cannot reach node worker-", env={"MS2M_SSH_CONFIG": file.name})


if __name__ == "__main__":
    scenario.main()
