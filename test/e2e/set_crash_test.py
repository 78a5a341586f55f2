#!/usr/bin/python3
"""kill -9 at the entries of the journal of a StatefulSet's migration, then resume or abort, by turns.

Which entries there are is learnt from a run that nobody disturbs. Every twentieth is tried; MS2M_E2E_ALL=1 tries all of them, and
MS2M_E2E_ENTRIES=7,12 just these.
"""

import json
import os
import signal
import time

import scenario
from journal import first_in_line  # the path is scenario's  pylint: disable=wrong-import-order
from workloads_test import APPS, PODS, controller, spec_of

DEAD_MAN_S = 5
STRIDE = 20


def chosen(total, offset):
    """Numbers of the entries to die at, from 1."""
    if os.environ.get("MS2M_E2E_ENTRIES"):
        return [int(word) for word in os.environ["MS2M_E2E_ENTRIES"].split(",")]
    return range(1, total + 1) if os.environ.get("MS2M_E2E_ALL") else range(1 + offset % STRIDE, total + 1, STRIDE)


class SetCrash(scenario.Scenario):
    def begin_set(self, ordinal, replicas):
        self.ordinal, self.replicas = ordinal, replicas
        # It keeps the set's pods on worker-1 until one is moved.
        instances = self.start_traffic("--workload", "statefulset", "--replicas", str(replicas))
        self.boot_ids = sorted(instance.state["boot_id"] for instance in instances)
        self.before = self.api.get(APPS + "statefulsets/consumer")
        self.revisions = self.history()
        self.pods = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.api.pods("app=consumer")}
        return f"consumer-{ordinal}"

    def history(self):
        return [(one["metadata"]["name"], one["revision"], one["data"])
                for one in self.api.get(APPS + "controllerrevisions")["items"]]

    def run_migration(self, name, strategy):
        competing = ("--allow-competing",) if self.replicas > 1 else ()
        return self.begin_migration(name, "worker-2", "--strategy", strategy, "--deadman", f"{DEAD_MAN_S}s", *competing)

    def records(self):
        return [json.loads(line) for line in self.journal.text().splitlines()]

    def kill_at(self, run, number):
        """kill -9 as soon as the journal has so many entries. A run that is faster ends by itself."""
        deadline = time.monotonic() + 120
        with first_in_line():
            while self.journal.text().count("\n") < number and run.running():
                self.assertLess(time.monotonic(), deadline, f"entry {number}")
                time.sleep(0.001)
        run.signal(signal.SIGKILL)
        run.wait()
        return max(self.records(), key=lambda record: record["t"])

    def assert_whole(self, name, report):
        """The set with its full spec and all its pods, the moved one where the outcome says, nothing else."""
        after = self.api.get(APPS + "statefulsets/consumer")
        self.assertEqual(spec_of(after), spec_of(self.before))
        self.assertEqual(self.history(), self.revisions)
        pods = {pod["metadata"]["name"]: pod for pod in self.api.pods("app=consumer")}
        self.assertEqual(sorted(pods), sorted(self.pods))
        for other, pod in pods.items():
            self.assertEqual(controller(pod), {"kind": "StatefulSet", "name": "consumer", "uid": after["metadata"]["uid"]})
            if other != name:
                self.assertEqual(pod["metadata"]["uid"], self.pods[other], other)
        node = pods[name]["spec"]["nodeName"]
        self.assertEqual(node, "worker-2" if report["result"] == "done" else "worker-1", report)
        self.assertTrue(report["serving"].endswith(f"pod default/{name} on {node}"), report["serving"])
        self.eventually(lambda: self.api.get(APPS + "statefulsets/consumer")["status"].get("readyReplicas") == self.replicas,
                        "all replicas are ready")
        found = self.assert_processes(self.boot_ids)
        self.assertEqual({instance.name: instance.node for instance in found}[name], node)

    def die_at(self, number, ordinal, replicas, strategy):
        name = self.begin_set(ordinal, replicas)
        last = self.kill_at(self.run_migration(name, strategy), number)
        verb = "resume" if number % 2 else "abort"
        if number % 4 >= 2:
            time.sleep(DEAD_MAN_S + 1)  # the broker has sent the source back by now, where that was still to be done
        print(f"  {number}: killed after {last['type']} {last.get('text', last.get('n', ''))!r}, then {verb}", flush=True)
        report = self.settle(verb)
        self.assert_whole(name, report)
        self.assert_exact()
        self.assert_no_debris()
        self.assertEqual(self.settle(verb)["serving"], report["serving"], "the second time, with nothing left to do")

    def settle(self, verb):
        migration = min(self.journal.ids(), key=len)  # a shadow's second half has a journal of its own
        run = self.begin(verb, migration, "-o", "json").wait()
        # A resume that had to undo says so: what was wanted did not happen.
        self.assertEqual(run.status, 1 if (verb, run.report.get("result")) == ("resume", "undone") else 0, run.said())
        self.assertEqual(run.report["leftovers"], [])
        return run.report

    def entries_of(self, ordinal, replicas, strategy):
        name = self.begin_set(ordinal, replicas)
        run = self.run_migration(name, strategy)
        total = 0
        while run.running():  # a shadow's second half takes its journal with it
            total = max(total, self.journal.text().count("\n"))
            time.sleep(0.002)
        run.wait()
        self.assertEqual(run.status, 0, run.said())
        self.assert_whole(name, run.report)
        self.assert_exact()
        self.assert_no_debris()
        return max(total, len(self.records()))

    def every_entry(self, ordinal, replicas, strategy, offset):
        total = self.entries_of(ordinal, replicas, strategy)
        self.assertGreater(total, 30)
        for number in chosen(total, offset):
            with self.subTest(entry=number):
                self.doCleanups()
                self.setUp()
                self.die_at(number, ordinal, replicas, strategy)

    def test_handoff_of_the_only_one(self):
        self.every_entry(0, 1, "handoff", 3)

    def test_handoff_of_the_second_of_three(self):
        self.every_entry(1, 3, "handoff", 7)

    def test_shadow(self):
        self.every_entry(0, 1, "shadow", 5)

    def test_sequential_of_the_only_one(self):
        self.every_entry(0, 1, "sequential", 5)


if __name__ == "__main__":
    scenario.main()
