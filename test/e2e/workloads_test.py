#!/usr/bin/python3
"""A pod keeps its owner, labels and place in the Service; nobody starts a cold twin; the workload's object stays as it was."""

import json
import os

import yaml

import scenario
import watching
from scenario import lab

PODS = "/api/v1/namespaces/default/pods"
APPS = "/apis/apps/v1/namespaces/default/"
SERVER_SET = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


def spec_of(obj):
    """An object without what the API server sets, as text."""
    obj = dict(obj, metadata={k: v for k, v in obj["metadata"].items() if k not in SERVER_SET})
    obj.pop("status", None)
    return json.dumps(obj, sort_keys=True)


def controller(pod):
    return next(({"kind": ref["kind"], "name": ref["name"], "uid": ref["uid"]}
                 for ref in pod["metadata"].get("ownerReferences", []) if ref.get("controller")), None)


class WorkloadCase(scenario.Scenario):
    def setUp(self):
        super().setUp()
        with open(os.path.join(lab.SOURCE_DIR, "examples", "consumer", "service.yaml"), encoding="utf-8") as file:
            service = yaml.safe_load(file)
        services = "/api/v1/namespaces/default/services"
        self.api.delete(f"{services}/consumer")
        self.api.create(services, service)
        self.addCleanup(self.api.delete, f"{services}/consumer")

    def begin_workload(self, kind, replicas):
        instances = self.start_traffic("--workload", kind, "--replicas", str(replicas))
        self.assertEqual(len(instances), replicas)
        self.boot_ids = sorted(instance.state["boot_id"] for instance in instances)
        self.pods_before = {pod["metadata"]["name"]: pod for pod in self.api.pods("app=consumer")}
        return instances

    def move(self, source, *arguments, replicas=1, may_be_empty=False):
        """Migrates with watches beside it. The target pod's object, and the names of all pods that ever were."""
        endpoints = watching.ReadyEndpoints(self.api, "default", "consumer")
        self.eventually(lambda: endpoints.look() == replicas, "all endpoints are ready")
        endpoints.seen.clear()
        pods = watching.Watch(self.api, PODS, "app=consumer")
        if replicas > 1:
            arguments += ("--allow-competing",)
        report = self.migrate(source.name, self.there, *arguments)
        once = 2 if report["strategy"] == "shadow" else 1
        keeps_name = report["target"]["pod"] == source.name
        self.assertEqual(len(report["pauses"]), 2 * once if once == 2 and keeps_name else once, "every pause is told")
        self.eventually(lambda: endpoints.look() == replicas, "all endpoints are ready again")
        ready = endpoints.stop()
        names = {name for names in pods.stop() for name in names}
        # A StatefulSet's pod is served by a copy of another name meanwhile.
        shadow = report["strategy"] == "shadow"
        names -= {name for name in names if shadow and name.startswith(source.name + "-")}
        if shadow or not may_be_empty:
            self.assertGreater(min(ready), 0, f"ready endpoints over time: {ready}")
        target = self.api.get(f"{PODS}/{report['target']['pod']}")
        self.assertEqual(names, set(self.pods_before) | {target["metadata"]["name"]}, "no cold twin was made")
        self.assertEqual(target["spec"]["nodeName"], self.there)
        self.assertEqual(target["metadata"]["labels"], self.pods_before[source.name]["metadata"]["labels"])
        return target

    def settled(self, replicas):
        """The same processes as in the beginning, one of them elsewhere; exact; nothing left."""
        found = self.assert_processes(self.boot_ids)
        self.assertEqual(sorted(instance.node for instance in found), [self.here] * (replicas - 1) + [self.there])
        self.assert_exact()
        self.assert_no_debris()
        self.assertEqual(len(self.api.pods("app=consumer")), replicas)

    def deployment(self, replicas, *arguments):
        source = self.begin_workload("deployment", replicas)[0]
        deployment = self.api.get(APPS + "deployments/consumer")
        sets = self.api.get(APPS + "replicasets")["items"]
        target = self.move(source, *arguments, replicas=replicas)
        self.assertEqual(controller(target), controller(self.pods_before[source.name]))
        after = self.api.get(APPS + "deployments/consumer")
        self.assertEqual(spec_of(after), spec_of(deployment))
        self.assertEqual(after["metadata"]["generation"], deployment["metadata"]["generation"], "no rollout")
        self.assertEqual([spec_of(one) for one in self.api.get(APPS + "replicasets")["items"]],
                         [spec_of(one) for one in sets])
        self.settled(replicas)

    def refused(self, source, cause, cure, *arguments):
        run = self.begin_migration(source.name, self.there, "--strategy", "sequential", *arguments).wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn(cause, run.report["error"]["message"])
        self.assertIn(cure, run.report["error"]["remedy"])
        self.assertEqual({pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.api.pods("app=consumer")},
                         {name: pod["metadata"]["uid"] for name, pod in self.pods_before.items()})
        self.assert_exact()
        self.assert_no_debris()

    def stateful_set(self, ordinal, replicas, *arguments):
        """The set as it is afterwards."""
        source = self.begin_workload("statefulset", replicas)[ordinal]
        before = self.set_before = self.api.get(APPS + "statefulsets/consumer")
        revisions = self.api.get(APPS + "controllerrevisions")["items"]
        # A name exists once: between the old and the new pod of that name there is none.
        target = self.move(source, *arguments, replicas=replicas, may_be_empty=replicas == 1)
        self.assertEqual(target["metadata"]["name"], f"consumer-{ordinal}")
        after = self.api.get(APPS + "statefulsets/consumer")
        self.assertEqual(spec_of(after), spec_of(before))
        self.assertEqual(controller(target),
                         {"kind": "StatefulSet", "name": "consumer", "uid": after["metadata"]["uid"]})
        for name, pod in self.pods_before.items():
            if name != source.name:
                self.assertEqual(self.api.get(f"{PODS}/{name}")["metadata"]["uid"], pod["metadata"]["uid"], name)
        self.assertEqual([(one["metadata"]["name"], one["revision"], one["data"]) for one in revisions],
                         [(one["metadata"]["name"], one["revision"], one["data"])
                          for one in self.api.get(APPS + "controllerrevisions")["items"]])
        self.settled(replicas)
        return after


class Deployments(WorkloadCase):
    def test_handoff(self):
        self.deployment(1, "--strategy", "handoff")

    def test_shadow(self):
        self.deployment(1, "--strategy", "shadow")

    def test_handoff_of_three(self):
        self.deployment(3, "--strategy", "handoff")

    def test_shadow_of_three(self):
        self.deployment(3, "--strategy", "shadow")

    def test_sequential_is_refused(self):
        source = self.begin_workload("deployment", 1)[0]
        self.refused(source, "a ReplicaSet never gives to another pod", "use --strategy handoff or shadow")


class StatefulSets(WorkloadCase):
    def test_handoff(self):
        self.stateful_set(0, 1, "--strategy", "handoff")

    def test_shadow(self):
        self.stateful_set(0, 1, "--strategy", "shadow")

    def test_sequential(self):
        after = self.stateful_set(0, 1, "--strategy", "sequential")
        self.assertEqual(after["metadata"]["uid"], self.set_before["metadata"]["uid"], "the set was only scaled")

    def test_handoff_first_of_three(self):
        self.stateful_set(0, 3, "--strategy", "handoff")

    def test_shadow_first_of_three(self):
        self.stateful_set(0, 3, "--strategy", "shadow")

    def test_handoff_second_of_three(self):
        self.stateful_set(1, 3, "--strategy", "handoff")

    def test_shadow_second_of_three(self):
        self.stateful_set(1, 3, "--strategy", "shadow")

    def test_sequential_last_of_three(self):
        after = self.stateful_set(2, 3, "--strategy", "sequential")
        self.assertEqual(after["metadata"]["uid"], self.set_before["metadata"]["uid"], "the set was only scaled")

    def test_sequential_of_another_ordinal_is_refused(self):
        source = self.begin_workload("statefulset", 2)[0]
        self.refused(source, "takes consumer-1 and not consumer-0", "use --strategy handoff", "--allow-competing")


if __name__ == "__main__":
    scenario.main()
