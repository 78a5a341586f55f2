#!/usr/bin/python3
"""More messages than the consumer can process (five times more, 1.5 times for shadow): the migration does not wait for the queue to run dry."""

import scenario


class Overload(scenario.Scenario):
    def overload(self, rate, *arguments, delay_ms=50, within=30):
        """Traffic ends with the migration: the survivor needs several times as long for what has come meanwhile."""
        (source,) = self.start_traffic("--rate", str(rate), "--delay-ms", str(delay_ms))
        report = self.migrate(source.name, "worker-2", *arguments)
        self.stop_traffic()
        self.assertLess(report["total_s"], within)
        # Straight to the verdict: it waits until the queue is empty, and says whose process emptied it.
        result = self.assert_exact(600)
        self.assertEqual([(i["node"], i["boot_id"]) for i in result["instances"]],
                         [("worker-2", source.state["boot_id"])])
        self.assertGreater(result["published"], 2 * rate)
        self.assert_no_debris()

    def test_handoff(self):
        self.overload(100, "--strategy", "handoff")

    def test_shadow(self):
        self.overload(30, "--strategy", "shadow")

    def test_shadow_of_slow_messages(self):
        """One takes so long that the relay cannot be timed between two: the copy stays one message behind, and is not waited for."""
        self.overload(1.2, "--strategy", "shadow", delay_ms=1100, within=40)


if __name__ == "__main__":
    scenario.main()
