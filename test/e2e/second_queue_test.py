#!/usr/bin/python3
"""A consumer that takes messages from a second queue, on the same connection: seen and refused, or moved knowingly."""

import scenario
from scenario import rabbit

SECOND = "side.events"
CONSUMER = """
import sys
sys.path.insert(0, "/app")
import consumer
opened = consumer.Consumer._open
def instead(self):
    opened(self)
    side = self._connection.channel()
    side.queue_declare("side.events", durable=True)
    side.basic_consume("side.events", lambda channel, method, *_: channel.basic_ack(method.delivery_tag))
consumer.Consumer._open = instead
consumer.main()
"""


class SecondQueue(scenario.Scenario):
    def begin_traffic(self):
        patch = {"container": {"command": ["/usr/bin/python3", "-c", CONSUMER]}}
        self.addCleanup(rabbit.Management().delete, "queues", SECOND)
        (source,) = self.start_traffic("--pod-patch", self.patch_file(patch))
        self.eventually(lambda: self.taken_by() == 1 and self.taken_by(scenario.QUEUE) == 1,
                        "the management API names both queues' consumers")
        return source

    @staticmethod
    def taken_by(queue=SECOND):
        """By how many, of whom it is known where they are connected: that comes later, by another of the broker's clocks."""
        return len([one for one in rabbit.Management().call("GET", "/consumers/%2F")
                    if one["queue"]["name"] == queue and (one["channel_details"] or {}).get("connection_name")])

    def test_is_refused(self):
        source = self.begin_traffic()
        for strategy in ("handoff", "shadow"):
            run = self.begin_migration(source.name, self.there, "--strategy", strategy).wait()
            self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
            self.assertIn(f"takes messages from {SECOND} too", run.report["error"]["message"])
            self.assertIn("--allow-other-queues", run.report["error"]["remedy"])
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        run = self.begin("check", f"pod/{source.name}", "--to", self.there).wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn(f"takes messages from {SECOND} too", run.out)
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_is_allowed_knowingly(self):
        """Of the first queue it is as exact as ever; the second one has its consumer again."""
        source = self.begin_traffic()
        pod = source.name
        for to, strategy in ((self.there, "shadow"), (self.here, "handoff")):
            run = self.begin_migration(pod, to, "--strategy", strategy, "--allow-other-queues").wait()
            self.assertEqual(run.status, 0, run.said())
            self.assertIn(f"takes messages from {SECOND} too", run.err)
            self.assert_outcome(run.report, pod, to)
            pod = run.report["target"]["pod"]
            self.assert_serving(to, source.state["boot_id"])
            self.eventually(lambda: self.taken_by() == 1, "the copy alone consumes the second queue")
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
