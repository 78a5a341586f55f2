#!/usr/bin/python3
"""kill -9 and signals: the source goes back to work by itself, and the journal removes the rest."""

import signal
import time

import scenario

DEAD_MAN_S = 5
STREAM = "stream the archive"
SLOWLY = ("--bandwidth", "2M")  # some 14 s for the archive


class Crash(scenario.Scenario):
    def killed_at(self, type_, text, strategy="handoff"):
        """A migration that is killed when this record is in the journal. Returns the source as it was."""
        (source,) = self.start_traffic()
        slowly = SLOWLY if text == STREAM else ()
        run = self.begin_migration(source.name, "worker-2", "--strategy", strategy, "--deadman", f"{DEAD_MAN_S}s", *slowly)
        self.journal.await_record(type_, text, process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(run.status, -signal.SIGKILL)
        return source

    def kill_before_the_pivot(self, text, strategy="handoff"):
        source = self.killed_at("effect", text, strategy)
        killed = time.monotonic()
        watch = scenario.ConsumerWatch()
        time.sleep(DEAD_MAN_S + 2.5)
        self.eventually(lambda: time.monotonic() - watch.last_unserved > 1, "somebody consumes")
        back = max(0.0, watch.stop() - killed)
        self.note("the source was back after", back)
        self.assertLess(back, DEAD_MAN_S + 15, "the dead man's switch")
        self.assert_serving("worker-1", source.state["boot_id"])

        report = self.recover("abort")
        self.assertEqual(report["result"], "undone")
        self.assertEqual(report["leftovers"], [])
        self.assertIn("worker-1", report["serving"])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_kill_when_the_source_is_made_quiet(self):
        self.kill_before_the_pivot("send consumer-0 to the empty queue")

    def test_kill_while_the_archive_is_streamed(self):
        self.kill_before_the_pivot(STREAM)

    def test_kill_while_the_image_is_imported(self):
        self.kill_before_the_pivot("import it as")

    def test_kill_of_a_shadow_migration(self):
        self.kill_before_the_pivot("import it as", "shadow")

    def test_abort_before_the_dead_man(self):
        source = self.killed_at("effect", STREAM)
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_kill_after_the_pivot(self):
        source = self.killed_at("pivoted", "")
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []))
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def lost_after_the_pivot(self, strategy):
        """The target pod is deleted while the source is still there: that has the queue back, and says what is lost."""
        source = self.killed_at("pivoted", "", strategy)
        (copy,) = [pod["metadata"] for pod in self.api.pods() if pod["metadata"]["name"] != source.name]
        self.api.delete(f"/api/v1/namespaces/{copy['namespace']}/pods/{copy['name']}", 0)
        report = self.recover("resume", status=1)
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.assertIn(f"{copy['name']} was lost after the hand-over", report["error"]["message"])
        self.assertTrue(report["serving"].startswith(f"source pod {copy['namespace']}/{source.name} on worker-1"), report["serving"])
        found = self.the_one()
        self.assertEqual((found.node, found.state["boot_id"]), ("worker-1", source.state["boot_id"]))
        self.assert_goes_on(found.state["count"])
        self.stop_traffic()
        self.assert_no_debris()

    def test_target_lost_after_the_pivot(self):
        self.lost_after_the_pivot("handoff")

    def test_target_lost_after_the_pivot_of_a_shadow(self):
        self.lost_after_the_pivot("shadow")

    def test_take_over(self):
        """Who was killed still holds the lease: named, refused, and taken over when the source is back."""
        source = self.killed_at("effect", "arm the dead man")
        (first,) = self.journal.ids()
        refused = self.begin_migration(source.name, "worker-2").wait()
        self.assertEqual(refused.status, 4, refused.said())
        self.assertIn(f"another migration of pod {source.name} is under way", refused.report["error"]["message"])
        self.assertIn(f"pid {self.runs[0].pid} ({first}), phase ", refused.report["error"]["message"])
        self.assertIn("--take-over", refused.report["error"]["remedy"])
        time.sleep(DEAD_MAN_S)
        self.assert_serving("worker-1", source.state["boot_id"])
        second = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", "--take-over")
        leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        self.eventually(lambda: any(f"pid {second.pid} " in item["spec"]["holderIdentity"]
                                    for item in self.api.get(leases)["items"]), "the second has the lease")
        late = self.begin("abort", first, "-o", "json").wait()
        self.assertEqual(late.status, 4, late.said())
        self.assertIn("taken over by ", late.report["error"]["message"])
        self.assertIn(f"pid {second.pid} ", late.report["error"]["message"])
        second.wait()
        self.assertEqual(second.status, 0, second.said())
        self.assert_outcome(second.report, source.name, "worker-2")
        self.assert_serving("worker-2", source.state["boot_id"])
        cleaned = self.begin("cleanup", first, "-o", "json").wait()
        self.assertEqual(cleaned.status, 0, cleaned.said())
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_interrupt_while_the_archive_is_streamed(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", *SLOWLY)
        self.journal.await_record("effect", STREAM, process=run)
        run.signal(signal.SIGINT)
        run.wait()
        self.assertEqual(run.status, 130, run.said())
        self.assertEqual((run.report["result"], run.report["interrupted"]), ("undone", True))
        self.assertEqual(run.report["leftovers"], [])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_abort_is_refused_while_it_runs(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", "--deadman", "60s")
        self.journal.await_record("effect", "create pod", process=run)
        run.signal(signal.SIGSTOP)  # so that it is still at it, far from its dead man's time
        try:
            self.recover("abort", status=4)
            second = self.begin_migration(source.name, "worker-2", "--strategy", "handoff").wait()
            self.assertEqual(second.status, 4, second.said())
            self.assertIn("another migration", second.report["error"]["message"])
        finally:
            run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 0, run.said())
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
