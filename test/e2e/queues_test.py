#!/usr/bin/python3
"""Every kind of exchange and queue, by shadow there and by handoff back; consumers that acknowledge in batches."""

import json

import scenario


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

    def test_topic_exchange_and_a_quorum_queue_with_a_single_active_consumer(self):
        self.there_and_back("--exchange", "topic", "--queue-type", "quorum",
                            "--queue-args", json.dumps({"x-single-active-consumer": True}))

    def test_headers_exchange_and_a_priority_queue(self):
        self.there_and_back("--exchange", "headers", "--queue-args", json.dumps({"x-max-priority": 5}))

    def test_default_exchange_and_a_queue_with_limits(self):
        self.there_and_back("--exchange", "default", "--queue-args", json.dumps(
            {"x-message-ttl": 60000, "x-dead-letter-exchange": "dead", "x-max-length": 10000, "x-overflow": "reject-publish"}))

    def test_full_batches(self):
        """As many come as a batch takes long before it is flushed."""
        self.there_and_back("--rate", "100", "--delay-ms", "5", "--batch", "10")

    def test_batches_that_wait_to_be_full(self):
        """The source stands still with less than a batch, for longer than ms2m takes for that."""
        self.there_and_back("--rate", "8", "--delay-ms", "20", "--batch", "20", "--batch-wait", "4")


if __name__ == "__main__":
    scenario.main()
