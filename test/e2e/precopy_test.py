#!/usr/bin/python3
"""Memory that is carried while the source works, and what has changed since: at the target it is the source's, however it changes."""

import json
import os
import signal
import urllib.request

import handler_test
import scenario
from scenario import rabbit

MOVES = int(os.environ.get("MS2M_PRECOPY_MOVES", "8"))  # 20 by hand


def own_source():
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), "memory_consumer.py"), encoding="utf-8") as file:
        return file.read()


class Named(handler_test.ByHandler):
    def begin_migration(self, pod, to, *arguments, env=None):
        """Who consumes is named by the broker's management some seconds after it has connected, and with it its heartbeats."""
        address = self.api.get(f"{handler_test.PODS}/{pod}")["status"]["podIP"]

        def named():
            queue = rabbit.Management().call("GET", f"/queues/%2F/{scenario.QUEUE}")
            details = [each["channel_details"] or {} for each in queue.get("consumer_details", [])]  # of one that has gone: a list
            return [each.get("connection_name", "").startswith(address) for each in details] == [True]

        self.eventually(named, "the consumer is named")
        return super().begin_migration(pod, to, *arguments, env=env)


class PreCopy(Named):
    def test_memory_that_changes_in_every_way(self):
        patch = self.patch_file({"container": {"command": ["/usr/bin/python3", "-c", own_source()]}})
        (source,) = self.start_traffic("--pod-patch", patch)
        pod, last = source.name, self.memory(source.name)
        self.assertEqual(last["wrong"], 0)
        for move in range(MOVES):
            to = (self.there, self.here)[move % 2]
            arguments = ("--precopy", str(1 + move % 3), "--checkpoint", ("kubelet", "runtime")[move // 2 % 2])
            report = self.migrate(pod, to, "--strategy", "handoff", *arguments)
            pod = report["target"]["pod"]
            self.assertEqual(self.assert_serving(to, source.state["boot_id"]).name, pod)
            now = self.memory(pod)
            self.assertEqual(now["wrong"], 0, f"after move {move + 1}")
            self.assertGreater(now["changes"], last["changes"])
            self.assertGreater(now["child"], last["child"])
            self.assertGreater(report["precopy_bytes"], now["pages"] * 4096)
            self.assertLess(report["bytes"], report["precopy_bytes"])
            carried = report["memory_pages"]["carried"]
            self.assertLess(carried, report["memory_pages"]["all"])
            self.assertGreater(report["bytes"], carried * 4096)
            self.assertGreaterEqual(len(report["pauses"]), 2, "its checkpoints are told")
            self.note("bytes after quiet", report["bytes"])
            last = now
            self.assert_no_debris()
        self.assert_exact()
        self.assert_no_debris()

    def memory(self, pod):
        address = self.api.get(f"{handler_test.PODS}/{pod}")["status"]["podIP"]
        with urllib.request.urlopen(f"http://{address}:8099/", timeout=60) as answer:
            return json.load(answer)

    def test_shadow_and_a_set(self):
        for workload, strategy in (("deployment", "shadow"), ("statefulset", "handoff"), ("statefulset", "shadow")):
            with self.subTest(workload, strategy=strategy):
                (source,) = self.start_traffic("--workload", workload)
                report = self.migrate(source.name, self.there, "--strategy", strategy, "--precopy", "1")
                self.assertLess(report["bytes"], report["precopy_bytes"])
                self.assert_serving(self.there, source.state["boot_id"])
                self.assert_exact()
                self.assert_no_debris()
                scenario.driver.traffic("clean")

    def test_without_the_control_protocol(self):
        (source,) = self.start_traffic("--consumer", "plain")
        run = self.begin_migration(source.name, self.there, "--protocol", "none", "--precopy", "1").wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertLess(run.report["bytes"], run.report["precopy_bytes"])
        self.assert_exact()
        self.assert_no_debris()

    def test_killed_while_memory_is_carried(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--precopy", "1", "--bandwidth", "4M")
        self.journal.await_record("effect", "archive ", process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_interrupted_while_memory_is_carried(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--precopy", "1", "--bandwidth", "4M")
        self.journal.await_record("effect", "archive ", process=run)
        run.signal(signal.SIGINT)
        run.wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (130, "undone", []), run.said())
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_where_it_cannot_be(self):
        (source,) = self.start_traffic()
        run = self.begin("migrate", f"pod/{source.name}", "--to", self.there, "--precopy", "1", "--restore", "image").wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn("use --precopy off", run.err)
        run = self.begin("migrate", f"pod/{source.name}", "--to", self.there, "--precopy", "9").wait()
        self.assertEqual(run.status, 2, run.said())
        self.assertIn("more than 8 rounds", run.err)


if __name__ == "__main__":
    scenario.main()
