#!/usr/bin/python3
"""Setup of a node and its end, over real ssh: the files there, and the RuntimeClass."""

import os

import scenario
from scenario import lab

CLASS = "/apis/node.k8s.io/v1/runtimeclasses/ms2m"
SUMS = "find /etc/criu /etc/crio /etc/ms2m /usr/libexec -type f -exec sha256sum {} + 2>/dev/null | sort; ls -ld /etc/* /usr/libexec/*"


class NodeSetup(scenario.Scenario):
    def setup_node(self, *arguments, status=0, env=None):
        run = self.begin("node", "setup", "-o", "json", *arguments, env=env).wait()
        self.assertEqual(run.status, status, run.said())
        return run.report

    def changes(self, report):
        return [file["change"] for node in report["nodes"] for file in node["files"] if file["change"] != "unchanged"]

    def test_set_up_twice_and_taken_back(self):
        before = scenario.on_node("worker-1", SUMS)
        self.addCleanup(lambda: self.begin("node", "setup", "worker-1", "--remove").wait())

        shown = self.setup_node("worker-1", "--dry-run")
        self.assertEqual(scenario.on_node("worker-1", SUMS), before)
        self.assertEqual(self.api.get("/apis/node.k8s.io/v1/runtimeclasses")["items"], [])

        done = self.setup_node("worker-1")
        self.assertEqual(self.changes(done), self.changes(shown))
        self.assertEqual(done["nodes"][0]["result"], "done")
        self.assertEqual(done["nodes"][0]["restart_command"], "systemctl restart crio")
        self.assertEqual(self.api.get(CLASS)["handler"], "ms2m")
        # The handler is the node's runtime to whoever calls it.
        said = scenario.on_node("worker-1", "/usr/libexec/ms2m/ms2m-runtime --version")
        self.assertIn("crun version", said)
        self.assertEqual(said, scenario.on_node("worker-1", "crun --version"))

        again = self.setup_node("worker-1")
        self.assertEqual(self.changes(again), [])
        self.assertEqual(again["nodes"][0]["result"], "nothing to do")
        self.assertEqual(again["runtime_class"], {"name": "ms2m", "change": "unchanged", "nodes": ["worker-1"]})

        removed = self.setup_node("worker-1", "--remove")
        self.assertEqual(set(self.changes(removed)), {"removed"})
        self.assertEqual(removed["runtime_class"]["change"], "removed")
        self.assertEqual(self.api.get("/apis/node.k8s.io/v1/runtimeclasses")["items"], [])
        self.assertEqual(scenario.on_node("worker-1", SUMS), before)

    def test_with_least_rights(self):
        """Those of examples/rbac.yaml, made, changed and taken back."""
        self.addCleanup(lambda: self.begin("node", "setup", "worker-1", "worker-2", "--remove").wait())
        env = {"KUBECONFIG": os.path.join(lab.LAB, "kubeconfig-setup")}
        for arguments, change in ((("worker-1",), "created"), (("worker-2",), "changed"),
                                  (("worker-1", "worker-2", "--remove"), "removed")):
            self.assertEqual(self.setup_node(*arguments, env=env)["runtime_class"]["change"], change)

    def test_a_node_that_does_not_exist(self):
        refused = self.setup_node("worker-1", "worker-9", status=4)
        errors = {node["node"]: node["error"] for node in refused["nodes"]}
        self.assertEqual(errors["worker-9"], "node worker-9 does not exist")
        self.assertEqual(scenario.on_node("worker-1", "ls /etc/ms2m/runtime.json 2>/dev/null || true"), "")

    def test_what_is_not_understood(self):
        file = "/etc/crio/crio.conf.d/20-other.conf"
        scenario.on_node("worker-1", f"printf '[crio.runtime.runtimes.ms2m]\\n' > {file}")
        self.addCleanup(scenario.on_node, "worker-1", f"rm -f {file}")
        refused = self.setup_node("worker-1", "worker-2", status=4)
        self.assertIn(f"{file} has a runtime ms2m", refused["nodes"][0]["error"])
        self.assertEqual(scenario.on_node("worker-2", "ls /etc/ms2m/runtime.json 2>/dev/null || true"), "")


if __name__ == "__main__":
    scenario.main()
