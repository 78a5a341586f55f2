#!/usr/bin/python3
"""A broker that answers 404 "down": nothing is lost, settled or skipped on it, and it is finished when the node is back."""

import json
import signal
import urllib.parse

import half_down_broker
import scenario


class Unknown(scenario.Scenario):
    def setUp(self):
        super().setUp()
        parts = urllib.parse.urlsplit(scenario.lab.broker_uri())
        self.broker = half_down_broker.HalfDownBroker(parts.hostname)
        self.addCleanup(self.broker.end)
        credentials = parts.netloc.rpartition("@")[0]
        self.env = {"MS2M_BROKER": f"amqp://{credentials}@127.0.0.1:{self.broker.port}{parts.path}",
                    "MS2M_BROKER_API": f"http://{parts.hostname}:15672"}

    def interrupted_while_down(self, down, strategy, workload):
        """An interrupted migration whose undo meets queues that are down; the source as it was."""
        (source,) = self.start_traffic(*workload)
        run = self.begin_migration(source.name, "worker-2", "--strategy", strategy, "--bandwidth", "4M", env=self.env)
        self.journal.await_record("effect", "stream the archive", process=run)
        self.broker.down = down
        run.signal(signal.SIGINT)
        run.wait(240)
        self.assertGreater(self.broker.refused, 0, "nothing was asked of a queue that is down")
        self.assertEqual(run.report["result"], "leftovers", run.said())
        self.assertIn(run.status, (3, 130), run.said())
        self.assertTrue(run.report["resumable"])
        self.assertIn("unknown", json.dumps(run.report["leftovers"]), run.said())
        self.assertIn("is down or inaccessible", json.dumps(run.report["leftovers"]), run.said())
        settled = [json.loads(line) for line in self.journal.text().splitlines() if '"settled"' in line]
        effects = {record["n"]: record for record in map(json.loads, self.journal.text().splitlines())
                   if record["type"] == "effect"}
        for record in settled:
            if record.get("ok", True):
                self.assertNotIn("quiet", effects[record["n"]]["text"], "settled on an unknown")
        return source

    def finish(self, verb, source):
        self.broker.down = None
        (journal,) = self.journal.ids()
        run = self.begin(verb, journal, "-o", "json", env=self.env).wait()
        self.assertEqual((run.report["result"], run.report["leftovers"]), ("undone", []), run.said())
        self.assertIn("worker-1", run.report["serving"])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact(600)
        self.assert_no_debris()

    def test_the_relay_queue_is_down(self):
        """It holds a window of messages that the source has not seen: taken for gone, they would be lost with it."""
        source = self.interrupted_while_down(lambda queue: queue.startswith("ms2m.") and queue.endswith(".source"), "shadow",
                                             ("--rate", "25", "--delay-ms", "30"))
        self.finish("abort", source)


if __name__ == "__main__":
    scenario.main()
