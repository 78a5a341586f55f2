#!/usr/bin/python3
"""Two clusters: what was begun on one is never ended on the other, where everything would look as if it were gone."""

import os
import signal

import scenario
import second_cluster

KINDS = ["/api/v1/namespaces/default/pods", "/apis/apps/v1/namespaces/default/statefulsets",
         "/apis/coordination.k8s.io/v1/namespaces/default/leases"]


def identity(api):
    return api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]


def objects(api):
    return {path: [item["metadata"]["uid"] for item in api.get(path)["items"]] for path in KINDS}


class Elsewhere(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.other = second_cluster.SecondCluster()
        self.addCleanup(self.other.end)
        self.other_api = self.other.api(os.path.join(self.state_home, "other"))
        self.config = self.other.write_kubeconfig(os.path.join(self.state_home, "config"), "lab")
        self.env = {"KUBECONFIG": self.config}
        self.assertNotEqual(identity(self.api), identity(self.other_api))

    def killed_at(self, type_, text, *workload):
        (source,) = self.start_traffic(*workload)
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", "--deadman", "5s", "--bandwidth", "4M", env=self.env)
        self.journal.await_record(type_, text, process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        return source

    def ours(self):
        """What ms2m has on the broker."""
        return sorted(row["name"] for row in scenario.rabbit.Management().call("GET", "/queues/%2F")
                      if row["name"].startswith("ms2m.") and not row["name"].endswith(".deadman"))

    def refused_everywhere(self, *flags):
        """abort, resume and cleanup: refused with the names of both, and nothing is touched in either cluster."""
        (migration,) = self.journal.ids()
        before = objects(self.api), objects(self.other_api), self.ours(), self.journal.text()
        for verb in ("abort", "resume", "cleanup"):
            run = self.begin(verb, migration, "-o", "json", *flags, env=self.env).wait()
            self.assertEqual(run.status, 4, run.said())
            for named in (self.api.server, identity(self.api), self.other.server, identity(self.other_api)):
                self.assertIn(named, run.out, run.said())
        self.assertEqual((objects(self.api), objects(self.other_api), self.ours(), self.journal.text()), before)

    def finish(self, verb, result, node, source):
        """With no flag at all: the journal knows the context, whatever the current one is by now."""
        self.other.write_kubeconfig(self.config, "other")
        (migration,) = self.journal.ids()
        run = self.begin(verb, migration, "-o", "json", env=self.env).wait()
        self.assertEqual((run.status, run.report.get("result"), run.report.get("leftovers")), (0, result, []), run.said())
        self.assert_serving(node, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_before_the_pivot(self):
        source = self.killed_at("effect", "stream the archive")
        self.refused_everywhere("--context", "other")
        self.other.write_kubeconfig(self.config, "lab", lab_is="other")
        self.refused_everywhere()
        self.finish("abort", "undone", "worker-1", source)

    def test_a_stateful_set_after_the_pivot(self):
        """Its object is in the journal: the wrong cluster would get a StatefulSet and a pod."""
        source = self.killed_at("pivoted", "", "--workload", "statefulset")
        self.refused_everywhere("--context", "other")
        self.finish("resume", "done", "worker-2", source)


if __name__ == "__main__":
    scenario.main()
