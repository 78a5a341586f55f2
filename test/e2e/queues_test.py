#!/usr/bin/python3
"""Every kind of exchange and queue, by shadow there and by handoff back; consumers that acknowledge in batches; a shadow that is
undone while the source works on the relay."""

import json
import signal
import time

import scenario

SLOW_BATCHES = ("--rate", "8", "--delay-ms", "20", "--batch", "20", "--batch-wait", "5")


class Queues(scenario.Scenario):
    def there_and_back(self, *traffic):
        (source,) = self.start_traffic(*traffic)
        pod, boot_id = source.name, source.state["boot_id"]
        for to, strategy in (("worker-2", "shadow"), ("worker-1", "handoff")):
            pod = self.migrate(pod, to, "--strategy", strategy)["target"]["pod"]
            self.assert_serving(to, boot_id)
        self.assert_exact()
        self.assert_no_debris()

    def test_direct_exchange_and_a_single_active_consumer(self):
        self.there_and_back("--exchange", "direct", "--queue-args", json.dumps({"x-single-active-consumer": True}))

    def test_topic_exchange_and_a_quorum_queue(self):
        self.there_and_back("--exchange", "topic", "--queue-type", "quorum")

    def test_headers_exchange_and_a_priority_queue(self):
        self.there_and_back("--exchange", "headers", "--queue-args", json.dumps({"x-max-priority": 5}))

    def test_default_exchange_and_a_queue_with_limits(self):
        self.there_and_back("--exchange", "default", "--queue-args", json.dumps(
            {"x-message-ttl": 60000, "x-dead-letter-exchange": "dead", "x-max-length": 10000, "x-overflow": "reject-publish"}))

    def test_full_batches(self):
        """As many come as a batch takes long before it is flushed."""
        self.there_and_back("--rate", "100", "--delay-ms", "5", "--batch", "10", "--queue-type", "quorum",
                            "--queue-args", json.dumps({"x-single-active-consumer": True}))

    def test_batches_that_wait_to_be_full(self):
        """The source stands still with less than a batch, for longer than ms2m takes for that."""
        self.there_and_back(*SLOW_BATCHES)


class Undone(scenario.Scenario):
    def interrupt(self, traffic, *arguments):
        (source,) = self.start_traffic(*traffic)
        run = self.begin_migration(source.name, "worker-2", "--strategy", "shadow", *arguments)
        self.journal.await_record("effect", "import it as", process=run)
        interrupted = time.monotonic()
        run.signal(signal.SIGINT)
        run.wait()
        self.undone_after = time.monotonic() - interrupted
        self.assertEqual(run.status, 130, run.said())
        self.assertEqual((run.report["result"], run.report["leftovers"]), ("undone", []))
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_source_with_part_of_a_batch(self):
        """It is waited for, when there is one: now and then a batch has just been full."""
        for _ in range(4):
            self.interrupt(SLOW_BATCHES)
            if self.undone_after > 2:
                return
            self.doCleanups()
            self.setUp()
        self.fail("nothing was waited for")

    def test_source_that_gives_back_and_no_exact_totals(self):
        self.interrupt(("--consumer", "polling", "--rate", "40", "--delay-ms", "20"), "--broker-api", "http://198.18.0.2:1")


if __name__ == "__main__":
    scenario.main()
