#!/usr/bin/python3
"""Pods move by the nodes' agents: no sshd runs on the nodes. The agents are those of `ms2m agent manifest`, in the image of
scripts/agent-image."""

import base64
import json
import os
import signal
import subprocess
import tempfile
import time

import yaml

import scenario
from scenario import driver, kube, lab, lab_command

IMAGE = "localhost/ms2m-agent:e2e"
SPACE = "ms2m-system"
NODES = ("worker-1", "worker-2")
PLACES = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": f"/api/v1/namespaces/{SPACE}/serviceaccounts",
    "Secret": f"/api/v1/namespaces/{SPACE}/secrets",
    "Role": f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SPACE}/roles",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses",
    "DaemonSet": f"/apis/apps/v1/namespaces/{SPACE}/daemonsets",
}
SECRET = f"{PLACES['Secret']}/ms2m-agent"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
HTTP = ("--transfer", "http")
# Long enough on its way to be met there, and only once.
SLOW = ("--strategy", "handoff", "--bandwidth", "2M", "--precopy", "off")


def inside(node, *command, check=True):
    return lab_command("enter", node, *command, check=check).stdout


class Agents(scenario.Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.TemporaryDirectory() as place:
            image = os.path.join(place, "agent.tar")
            subprocess.run([os.path.join(lab.SOURCE_DIR, "scripts", "agent-image"), "--ms2m", driver.ms2m_binary(), "--output", image],
                           check=True, capture_output=True)
            for node in NODES:
                loaded = lab_command("image", "load", node, image, IMAGE, check=False)
                assert loaded.returncode == 0, loaded.stderr
        cls.addClassCleanup(cls._remove)
        text = subprocess.run([driver.ms2m_binary(), "agent", "manifest", "--image", IMAGE], check=True, capture_output=True,
                              text=True).stdout
        for document in yaml.safe_load_all(text):
            cls.api.create(PLACES[document["kind"]], document)
        cls.await_agents()
        # What `ms2m agent setup` has told in its log; by the agents themselves.
        for node in NODES:
            lab_command("sshd", "stop", node)
            cls.addClassCleanup(lab_command, "sshd", "start", node)
        with tempfile.TemporaryDirectory() as state_home:
            run = scenario.Ms2m(["node", "setup", *NODES, "--restart-runtime", *HTTP], state_home).wait()
            assert run.status == 0, run.said()
            cls.setup_said = run.out

    @classmethod
    def _remove(cls):
        with tempfile.TemporaryDirectory() as state_home:
            run = scenario.Ms2m(["node", "setup", *NODES, "--remove", "--restart-runtime", *HTTP], state_home).wait()
        cls.api.delete(f"{PLACES['DaemonSet']}/ms2m-agent")
        deadline = time.monotonic() + 60
        while cls.api.get(PODS)["items"]:
            assert time.monotonic() < deadline, "the agents' pods do not go"
            time.sleep(0.1)
        cls.api.delete(f"{PLACES['RuntimeClass']}/ms2m")
        cls.api.delete(f"{PLACES['Namespace']}/{SPACE}")
        assert run.status == 0, run.said()

    @classmethod
    def agents(cls):
        return {pod["spec"].get("nodeName"): pod for pod in cls.api.get(PODS)["items"]
                if "deletionTimestamp" not in pod["metadata"]}

    @classmethod
    def await_agents(cls, seconds=180):
        deadline = time.monotonic() + seconds
        while True:
            pods = cls.agents()
            if len(pods) == len(NODES) and all(kube.is_ready(pod) for pod in pods.values()):
                return pods
            assert time.monotonic() < deadline, {node: (kube.why_waiting(pod), pod.get("status")) for node, pod in pods.items()}
            time.sleep(0.1)

    def setUp(self):
        super().setUp()
        for node in NODES:
            self.assertNotIn("sshd", inside(node, "sh", "-c", "cat /proc/[0-9]*/comm"))

    def move(self, *arguments, env=None):
        (source,) = self.instances() or self.start_traffic()
        report = self.migrate(source.name, "worker-2", *HTTP, *arguments, env=env)
        self.assertEqual(self.assert_serving("worker-2", source.state["boot_id"]).name, report["target"]["pod"])
        self.assert_exact()
        self.assert_no_debris()
        return report

    def test_handoff(self):
        self.move("--strategy", "handoff")

    def test_compressed(self):
        report = self.move("--strategy", "handoff", "--compress", "zstd")
        self.assertLess(report["travelled_bytes"], 0.6 * report["bytes"])

    def test_shadow(self):
        self.move()

    def test_check_names_the_agents(self):
        (source,) = self.start_traffic()
        run = self.begin("check", f"pod/{source.name}", "--to", "worker-2", *HTTP).wait()
        self.assertEqual(run.status, 0, run.said())
        for node, pod in self.agents().items():
            self.assertIn(f"node {node} by its agent, pod {SPACE}/{pod['metadata']['name']}", run.err)

    def test_straight(self):
        self.move("--strategy", "handoff", "--agent-address", "straight")

    def test_least_rights(self):
        """Those of examples/rbac.yaml and of the manifest's Role."""
        binding = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SPACE}/rolebindings"
        env = {"KUBECONFIG": os.path.join(lab.LAB, "kubeconfig-operator"), "MS2M_BROKER": lab.broker_uri()}
        (source,) = self.start_traffic()
        refused = self.begin("check", f"pod/{source.name}", "--to", "worker-2", *HTTP, env=env).wait()
        self.assertEqual(refused.status, 4, refused.said())
        self.assertIn("cannot list resource", refused.out)
        self.assertIn("bind Role ms2m-agent-user of namespace ms2m-system", refused.out)
        self.api.create(binding, {"metadata": {"name": "mover"}, "subjects": [
            {"kind": "ServiceAccount", "name": "ms2m-operator", "namespace": "default"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ms2m-agent-user"}})
        self.addCleanup(self.api.delete, f"{binding}/mover")
        self.move("--strategy", "handoff", env=env)

    def agent_pids(self, node):
        """Of the agent's own processes, there."""
        out = inside(node, "sh", "-c", "for d in /proc/[0-9]*; do tr '\\0' ' ' <$d/cmdline 2>/dev/null | "
                                       "grep -q '^/usr/bin/ms2m agent serve' && echo ${d#/proc/}; done; true")
        return [int(pid) for pid in out.split()]

    def kill_agent(self, node):
        pids = self.agent_pids(node)
        self.assertTrue(pids)
        for pid in pids:
            inside(node, "kill", "-9", str(pid))

    def test_agent_of_the_source_dies(self):
        self.agent_dies("worker-1")

    def test_agent_of_the_target_dies(self):
        self.agent_dies("worker-2")

    def agent_dies(self, node):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", *HTTP, *SLOW)
        self.await_transfer(run)
        self.kill_agent(node)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual(run.report["result"], "undone", run.said())
        self.assert_serving("worker-1", source.state["boot_id"])
        self.await_agents()
        self.assert_exact()
        self.assert_no_debris()

    def await_transfer(self, run):
        """Its data is on its way: there is a part of it at the target."""
        deadline = time.monotonic() + 60
        while not inside("worker-2", "sh", "-c", "find /var/lib/ms2m -type f -size +64k 2>/dev/null | head -n 1"):
            self.assertTrue(run.running(), run.wait().said() if not run.running() else "")
            self.assertLess(time.monotonic(), deadline, "no data comes")

    def test_ms2m_dies(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", *HTTP, *SLOW)
        self.await_transfer(run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assert_goes_on(source.state["count"])  # the source, again
        # By the way of the journal.
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def refused(self, *arguments):
        run = self.begin("migrate", "pod/consumer-0", "--to", "worker-2", *HTTP, *arguments).wait()
        self.assertEqual(run.status, 4, run.said())
        return run.out + run.err

    def test_no_agent(self):
        self.start_traffic()
        said = self.refused("--agent-namespace", "default")
        self.assertIn("there is no agent on node worker-1, in namespace default", said)
        self.assertIn("ms2m agent manifest", said)

    def test_another_token(self):
        self.start_traffic()
        token = self.api.get(SECRET)["data"]["token"]
        self.addCleanup(self.api.merge, SECRET, {"data": {"token": token}})
        self.api.merge(SECRET, {"data": {"token": base64.b64encode(b"0" * 64).decode()}})
        said = self.refused()
        self.assertIn("does not accept the token of Secret ms2m-system/ms2m-agent", said)
        self.assertIn("rollout restart daemonset/ms2m-agent", said)
        self.assertNotIn("0" * 64, said)

    def test_nothing_secret_is_told(self):
        (source,) = self.start_traffic()
        token = base64.b64decode(self.api.get(SECRET)["data"]["token"]).decode()
        run = self.begin_migration(source.name, "worker-2", *HTTP, "-v").wait()
        self.assertEqual(run.status, 0, run.said())
        for text in (run.out, run.err, self.journal.text(), *self.logs()):
            self.assertNotIn(token, text)
        self.assertTrue(any("session" in text for text in self.logs()))

    def logs(self):
        texts = []
        for pod in self.agents().values():
            with self.api.call("GET", f"{PODS}/{pod['metadata']['name']}/log?container=agent") as answer:
                texts.append(answer.read().decode())
        return texts

    def test_the_setup_is_whole(self):
        """The step of the DaemonSet has done all of it: the same by ms2m finds nothing to change on the nodes."""
        run = self.begin("node", "setup", *NODES, *HTTP, "-o", "json").wait()
        self.assertEqual(run.status, 0, run.said())
        for node in json.loads(run.out)["nodes"]:
            self.assertEqual(node["result"], "nothing to do", run.said())


if __name__ == "__main__":
    scenario.main()
