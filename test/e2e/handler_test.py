#!/usr/bin/python3
"""Migrations whose copy the runtime handler restores: exact, nothing left, and what happens when somebody dies on the way."""

import json
import signal

import scenario
import workloads_test
from scenario import kube

PODS = "/api/v1/namespaces/default/pods"
HANDLER = "^/usr/libexec/ms2m/ms2m-runtime .*create"


class ByHandler(scenario.Scenario):
    """In front of a case's other class."""

    oci = "/usr/bin/crun"  # the nodes' OCI runtime

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.with_handler()

    def begin_migration(self, pod, to, *arguments, env=None):
        return super().begin_migration(pod, to, "--restore", "handler", *arguments, env=env)

    def migrate(self, pod, to, *arguments, env=None, seconds=180):
        before = self.api.get(f"{PODS}/{pod}")
        report = super().migrate(pod, to, *arguments, env=env, seconds=seconds)
        copy = self.api.get(f"{PODS}/{report['target']['pod']}")
        self.assertEqual(copy["spec"]["runtimeClassName"], "ms2m")
        self.assertNotIn("ms2m.io/restore", copy["metadata"].get("annotations", {}))
        self.assertEqual([each["image"] for each in copy["spec"]["containers"]],
                         [each["image"] for each in before["spec"]["containers"]], "its own image")
        return report

    def marks(self):
        """Of restores on the target: whose they are."""
        text = scenario.on_node(self.there, "cat /var/lib/ms2m/*/record 2>/dev/null || true")
        return [json.loads(line)["target"]["pod"] for line in text.splitlines()]

    def copies(self):
        """Pods that a migration made, by name."""
        return [pod["metadata"]["name"] for pod in self.api.get(PODS)["items"] if pod["spec"].get("runtimeClassName") == "ms2m"]


class BarePods(ByHandler):
    def moves(self, nodes, *arguments, traffic=()):
        (source,) = self.start_traffic(*traffic)
        pod = source.name
        for to in nodes:
            report = self.migrate(pod, to, *arguments)
            pod = report["target"]["pod"]
            self.assertEqual(self.assert_serving(to, source.state["boot_id"]).name, pod)
            self.assert_no_debris()
            self.assertLess(report["gap_s"], 30)
        self.assert_exact()
        self.assert_no_debris()
        return pod

    def test_handoff_there_and_back_and_there(self):
        self.moves([self.there, self.here, self.there], "--strategy", "handoff")

    def test_shadow_there_and_back(self):
        self.moves([self.there, self.here], "--strategy", "shadow")

    def test_data_comes_later_than_the_kubelet_waits(self):
        """A create ends before its kubelet gives it up, as often as it has to; the one that is there then restores. (It has a sixth of
        the kubelet's time for that at least.)"""
        for node, fault in ((self.here, {"checkpoint_delay_ms": 10000}), (self.there, {"create_patience_ms": 9000})):
            self.addCleanup(scenario.lab_command, "kubelet", "faults", node)
            scenario.lab_command("kubelet", "faults", node, json.dumps(fault))
        (source,) = self.start_traffic()
        self.migrate(source.name, self.there, "--strategy", "handoff")
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_other_containers(self):
        """Those beside it begin anew, by the same handler; what has run before it does not run again."""
        sleeping = {"image": "localhost/ms2m-consumer:latest", "imagePullPolicy": "Never",
                    "command": ["/usr/bin/python3", "-c", "import time\nprint('there', flush=True)\nwhile True: time.sleep(60)"]}
        first = {"name": "first", **sleeping, "command": ["/usr/bin/python3", "-c", "print('begun')"]}
        patch = {"containers": [{"name": "other", **sleeping}],
                 "spec": {"initContainers": [first, {"name": "beside", "restartPolicy": "Always", **sleeping}]}}
        pod = self.moves([self.there], "--strategy", "handoff", "--container", "consumer",
                         traffic=("--pod-patch", self.patch_file(patch)))
        for name in ("beside", "other"):
            with self.api.call("GET", f"{PODS}/{pod}/log?container={name}") as answer:
                self.assertEqual(answer.read().decode().splitlines(), ["there"])
        self.assertEqual([each["name"] for each in self.api.get(f"{PODS}/{pod}")["spec"]["initContainers"]], ["beside"])

    def test_what_a_moved_pod_leaves(self):
        """The mark of its restore is there as long as it is, and goes with the next clean-up."""
        (source,) = self.start_traffic()
        pod = self.migrate(source.name, self.there, "--strategy", "handoff")["target"]["pod"]
        self.assert_exact()
        self.assertEqual(self.marks(), [pod])
        self.api.delete(f"{PODS}/{pod}", 1)
        self.eventually(lambda: pod not in self.copies(), "the pod is gone")
        run = self.begin("cleanup").wait()  # nobody tells it the broker any more
        self.assertEqual((run.status, self.marks()), (0, []), run.said())
        self.assertIn("a control queue of pod", run.said())

    def test_killed_after_the_move(self):
        """It starts cold, from its own image, without anybody's help."""
        (source,) = self.start_traffic()
        pod = self.migrate(source.name, self.there, "--strategy", "handoff")["target"]["pod"]
        moved = self.assert_serving(self.there, source.state["boot_id"])
        self.kill_process()
        cold = self.await_cold(source)
        self.assertEqual(cold.name, pod)
        self.assertLess(cold.state["count"], moved.state["count"], "it began anew")
        self.eventually(lambda: self.api.get(f"{PODS}/{pod}")["status"]["containerStatuses"][0]["restartCount"] == 1, "its kubelet says so")
        self.stop_traffic()
        self.eventually(lambda: kube.is_ready(self.api.get(f"{PODS}/{pod}")), "it is ready")
        self.assert_no_debris()

    def kill_process(self):
        scenario.on_node(self.there, "pkill -KILL -f /app/consumer.py")

    def await_cold(self, source):
        return self.await_another(source.state["boot_id"])


class Dying(ByHandler):
    """Migrations on whose way somebody dies."""

    def killed_at(self, type_, text):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--deadman", "5s")
        self.journal.await_record(type_, text, process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(run.status, -signal.SIGKILL)
        return source

    def assert_undone(self, source):
        self.assert_serving(self.here, source.state["boot_id"])
        self.assertEqual(self.copies(), [])
        self.assertEqual(self.processes("."), [], "nothing runs on")
        self.assertEqual(self.marks(), [], "nothing is known of it")
        self.assert_exact()
        self.assert_no_debris()

    def processes(self, pattern):
        """Of the handler, CRIU, and the consumer on the target."""
        found = scenario.on_node(self.there, f"pgrep -af '{HANDLER}|^criu |/app/consumer.py' || true").splitlines()
        return [line.split()[0] for line in found if "pgrep" not in line and pattern in line or pattern == "." and "pgrep" not in line]

    def moved_while(self, act, *arguments):
        """A migration during which something is done as soon as the copy waits."""
        (source,) = self.start_traffic()
        scenario.lab_command("kubelet", "faults", self.here, '{"checkpoint_delay_ms": 4000}')
        self.addCleanup(scenario.lab_command, "kubelet", "faults", self.here)
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", *arguments)
        self.eventually(lambda: self.processes("ms2m-runtime") or not run.running(), "the handler waits")
        act()
        run.wait()
        return source, run

    def assert_gave_up(self, source, run):
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual((run.report["result"], run.report["leftovers"]), ("undone", []))
        self.assert_undone(source)

    def kill_restoring_handler(self):
        """As soon as the real runtime restores for it, which stops there and then: it must not come to its end before. (The
        younger process of the same words is its guard.)"""
        wait = f"until pkill -STOP -f '^{self.oci} .*restore'; do :; done"
        scenario.on_node(self.there, f"timeout 30 sh -c \"{wait}\" && kill -9 $(pgrep -o -f '{HANDLER}')")


class Crashes(Dying):
    def test_killed_before_the_pivot(self):
        source = self.killed_at("effect", "archive /")
        report = self.recover("abort")
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.assert_undone(source)

    def test_killed_after_the_pivot(self):
        source = self.killed_at("pivoted", "")
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []))
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_pod_deleted_while_it_waits(self):
        source, run = self.moved_while(lambda: [self.api.delete(f"{PODS}/{name}", 1) for name in self.copies()])
        self.assert_gave_up(source, run)

    def test_handler_killed_while_it_waits(self):
        """The kubelet calls again; only where it says so before ms2m has seen the first one wait, the move is given up."""
        source, run = self.moved_while(lambda: scenario.on_node(self.there, f"kill -9 $(pgrep -f '{HANDLER}')"))
        if run.status != 0:
            return self.assert_gave_up(source, run)
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_handler_killed_while_it_restores(self):
        source, run = self.moved_while(self.kill_restoring_handler)
        self.assert_gave_up(source, run)

    def test_pod_of_a_set_goes_back(self):
        """Its source's pod has gone before; the process is restored where it came from, by the handler there."""
        (source,) = self.start_traffic("--workload", "statefulset")
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff")
        self.kill_restoring_handler()
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual((run.report["result"], run.report["leftovers"]), ("undone", []))
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


class DumpedByRuntime(ByHandler):
    """The checkpoint is the node's OCI runtime's own: nothing of it is asked of the kubelet."""

    def begin_migration(self, pod, to, *arguments, env=None):
        return super().begin_migration(pod, to, "--checkpoint", "runtime", *arguments, env=env)

    def move(self, *arguments, traffic=()):
        for node in (self.here, self.there):
            scenario.lab_command("kubelet", "faults", node, '{"checkpoint_fail": "nobody is to ask the kubelet"}')
            self.addCleanup(scenario.lab_command, "kubelet", "faults", node)
        (source,) = self.start_traffic(*traffic)
        report = self.migrate(source.name, self.there, *arguments)
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return report

    def test_handoff(self):
        self.move("--strategy", "handoff")

    def test_shadow_of_a_set(self):
        self.move("--strategy", "shadow", traffic=("--workload", "statefulset"))

    def test_killed_before_the_pivot(self):
        """The dump goes with the session."""
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--deadman", "5s")
        self.journal.await_record("effect", f"checkpoint container consumer on {self.here} by its", process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.recover("abort")
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_a_set_in_place_is_refused(self):
        (source,) = self.start_traffic("--workload", "statefulset")
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff").wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn("--checkpoint runtime is not for a pod that is gone before its copy is there", run.said())
        self.assert_exact()


class Deployments(ByHandler, workloads_test.WorkloadCase):
    def test_handoff(self):
        self.deployment(1, "--strategy", "handoff")

    def test_shadow(self):
        self.deployment(1, "--strategy", "shadow")

    def test_handoff_of_three(self):
        self.deployment(3, "--strategy", "handoff")


class StatefulSets(ByHandler, workloads_test.WorkloadCase):
    def test_handoff(self):
        self.stateful_set(0, 1, "--strategy", "handoff")

    def test_shadow(self):
        self.stateful_set(0, 1, "--strategy", "shadow")

    def test_handoff_second_of_three(self):
        self.stateful_set(1, 3, "--strategy", "handoff")


if __name__ == "__main__":
    scenario.main()
