#!/usr/bin/python3
"""A bare pod there and back, by each strategy: exact, the memory moved, nothing left."""

import scenario


PODS = "/api/v1/namespaces/default/pods"


class BarePod(scenario.Scenario):
    def moves(self, nodes, *arguments):
        (source,) = self.start_traffic()
        pod, boot_id = source.name, source.state["boot_id"]
        for to in nodes:
            report = self.migrate(pod, to, *arguments)
            pod = report["target"]["pod"]
            self.assertEqual(self.assert_serving(to, boot_id).name, pod)
            self.assert_no_debris()
            # Loose: what it is on a quiet machine is the bench's business.
            self.assertLess(report["gap_s"], 3)
        result = self.assert_exact()
        self.assertEqual([instance["boot_id"] for instance in result["instances"]], [boot_id])
        self.assert_no_debris()

    def test_handoff_twice(self):
        self.moves(["worker-2", "worker-1"] * 2, "--strategy", "handoff")

    def test_handoff_for_the_shortest_total(self):
        self.moves(["worker-2"], "--strategy", "handoff", "--prefer", "total")

    def test_shadow(self):
        self.moves(["worker-2", "worker-1"], "--strategy", "shadow")

    def test_sequential_keeps_the_name(self):
        (source,) = self.start_traffic()
        before = self.api.get(f"{PODS}/{source.name}")
        for to in ("worker-2", "worker-1"):
            report = self.migrate(source.name, to, "--strategy", "sequential")
            self.assertEqual(report["target"]["pod"], source.name)
            self.assertEqual(self.assert_serving(to, source.state["boot_id"]).name, source.name)
            self.assert_no_debris()
            after = self.api.get(f"{PODS}/{source.name}")
            for key in ("labels", "annotations", "ownerReferences"):
                self.assertEqual(after["metadata"].get(key), before["metadata"].get(key), key)
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
