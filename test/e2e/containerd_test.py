#!/usr/bin/python3
"""The same migrations between two nodes that have containerd, its CRI plugin, its shim and runc: all of it real but the kubelet."""

import json
import shlex
import time
import unittest

import handler_test
import pages_test
import scenario
import workloads_test
from scenario import kube

PODS = handler_test.PODS
HERE, THERE = "worker-3", "worker-4"
OF_CRIO = "worker-1"


def settings():
    """All that a setup may touch, on both nodes."""
    return [scenario.on_node(node, "find /etc/containerd /etc/criu /etc/ms2m /usr/libexec/ms2m -exec sha256sum {} + 2>/dev/null || true")
            for node in (HERE, THERE)]


def take_back(before):
    scenario.set_up_nodes(HERE, THERE, "--remove")
    assert settings() == before, settings()


def setUpModule():  # pylint: disable=invalid-name
    scenario.lab_command("containerd", "up")
    unittest.addModuleCleanup(scenario.lab_command, "containerd", "down")
    before = settings()
    scenario.set_up_nodes(HERE, THERE)
    unittest.addModuleCleanup(take_back, before)


class OnContainerd(handler_test.ByHandler):
    """In front of a case's other class. Both nodes are set up once for all of them."""

    here, there = HERE, THERE
    oci = "/usr/sbin/runc"

    @classmethod
    def with_handler(cls):
        pass


class Pages(OnContainerd, pages_test.Pages):
    """runc has options of its own for it, which are not used."""

    test_interrupted_then_there_and_back = test_where_it_cannot_be = None  # not the runtime's affair

    def test_there(self):
        source, digest = self.begin_filled()
        self.moves(source, digest, {self.there: ()})


class BarePods(OnContainerd, handler_test.BarePods):
    test_what_a_moved_pod_leaves = None  # not the runtime's affair

    def test_what_is_on_the_nodes(self):
        """Names and places as containerd has them; the files that the pod has changed go along, in its own kind of archive."""
        (source,) = self.start_traffic()
        self.inside(HERE, source.name, "echo by the source >/changed && rm /etc/issue")
        pod = self.migrate(source.name, THERE, "--strategy", "handoff")["target"]["pod"]
        self.assertTrue(self.api.get(f"/api/v1/nodes/{THERE}")["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://2."))
        status = self.api.get(f"{PODS}/{pod}")["status"]["containerStatuses"][0]
        self.assertRegex(status["imageID"], "^sha256:[0-9a-f]{64}$")
        scheme, _, container = status["containerID"].partition("://")
        self.assertEqual(scheme, "containerd")
        record = json.loads(scenario.on_node(THERE, f"ctr -n k8s.io containers info {container}"))
        self.assertIn("io.cri-containerd.container.metadata", record["Extensions"])
        self.assertEqual(record["Spec"]["linux"]["cgroupsPath"].rpartition("/")[2], container)
        self.assertIn("/kubepods/", record["Spec"]["linux"]["cgroupsPath"])
        self.assertEqual(self.inside(THERE, pod, "cat /changed; test -e /etc/issue || echo gone"), "by the source\ngone\n")
        self.assert_serving(THERE, source.state["boot_id"])
        self.assert_exact()

    def test_checkpoint_is_given_up(self):
        """By the kubelet, about when containerd pauses the container: where it leaves it so, its node resumes it."""
        scenario.lab_command("kubelet", "faults", HERE, '{"checkpoint_patience_ms": 12}')
        self.addCleanup(scenario.lab_command, "kubelet", "faults", HERE)
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, THERE, "--strategy", "handoff").wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
        self.assertIn("took longer than the kubelet waits", run.report["error"]["message"])
        self.assert_serving(HERE, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def inside(self, node, pod, command):
        """What a shell in the pod's container says."""
        container = self.api.get(f"{PODS}/{pod}")["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        return scenario.on_node(node, f"ctr -n k8s.io tasks exec --exec-id {time.monotonic_ns()} {container} sh -c {shlex.quote(command)}")

    def test_containerd_is_restarted(self):
        """While the copy waits: its creation ends with it, and the kubelet asks for another one. Only where that is said before ms2m has seen the
        first one wait, the move is given up."""
        scenario.lab_command("kubelet", "faults", HERE, '{"checkpoint_delay_ms": 4000}')
        self.addCleanup(scenario.lab_command, "kubelet", "faults", HERE)
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, THERE, "--strategy", "handoff")
        self.eventually(lambda: scenario.on_node(THERE, f"pgrep -f '{handler_test.HANDLER}' || true") or not run.running(), "the handler waits")
        scenario.on_node(THERE, "systemctl restart containerd")
        run.wait()
        if run.status == 0:
            self.assert_serving(THERE, source.state["boot_id"])
        else:
            self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
            self.assert_serving(HERE, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


class Crashes(OnContainerd, handler_test.Crashes):
    pass


class DumpedByRuntime(OnContainerd, handler_test.DumpedByRuntime):
    test_a_set_in_place_is_refused = None  # not the runtime's affair


class Deployments(OnContainerd, workloads_test.WorkloadCase):
    def test_handoff(self):
        self.deployment(1, "--strategy", "handoff")

    def test_shadow_of_three(self):
        self.deployment(3, "--strategy", "shadow")


class StatefulSets(OnContainerd, workloads_test.WorkloadCase):
    def test_handoff(self):
        self.stateful_set(0, 1, "--strategy", "handoff")

    def test_shadow_second_of_three(self):
        self.stateful_set(1, 3, "--strategy", "shadow")


class Refusals(scenario.Scenario):
    def refused(self, here, there, cause, cure, *arguments):
        (source,) = self.start_traffic("--node", here)
        run = self.begin_migration(source.name, there, *arguments).wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn(cause, run.report["error"]["message"])
        self.assertIn(cure, run.report["error"]["remedy"])
        self.assert_serving(here, source.state["boot_id"])
        self.assertTrue(kube.is_ready(self.api.get(f"{PODS}/{source.name}")))
        self.assert_exact()
        self.assert_no_debris()

    def test_from_crio_to_containerd(self):
        self.refused(OF_CRIO, THERE, f"containers of node {OF_CRIO} run with crun, those of node {THERE} with runc", "choose a node with crun")

    def test_from_containerd_to_crio(self):
        self.refused(HERE, OF_CRIO, f"containers of node {HERE} run with runc, those of node {OF_CRIO} with crun", "choose a node with runc")

    def test_restore_from_an_image(self):
        self.refused(HERE, THERE, "restores from images that ms2m does not make", "--restore handler", "--restore", "image")


if __name__ == "__main__":
    scenario.main()
