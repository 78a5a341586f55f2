#!/usr/bin/python3
"""Consumers that look at their control queue once a second, when they have nothing else to do, as the published ones."""

import scenario


class Polling(scenario.Scenario):
    def moved(self, traffic, *arguments):
        """Exact, in order, the same process; what ms2m said."""
        (source,) = self.start_traffic("--consumer", "polling", *traffic)
        run = self.begin_migration(source.name, "worker-2", *arguments).wait()
        self.assertEqual(run.status, 0, run.said())
        result = self.assert_exact(120)
        self.assertEqual([(i["node"], i["boot_id"]) for i in result["instances"]], [("worker-2", source.state["boot_id"])])
        self.assert_no_debris()
        return run

    def test_shadow(self):
        run = self.moved(["--rate", "20", "--delay-ms", "10"], "--strategy", "shadow")
        self.assertNotIn("closing the valve", run.err)

    def test_saturated_behind_the_valve(self):
        """25 arrive where 20 can be processed, with 60 waiting: it looks only when the valve keeps the rest back."""
        run = self.moved(["--rate", "25", "--delay-ms", "50", "--backlog", "60"], "--strategy", "handoff")
        self.assertIn("closing the valve", run.err)
        self.assertGreater(run.report["held"], 60)
        self.assertIsNone(run.report["overtaken_at_most"])

    def test_more_than_the_valve_can_keep_in_order(self):
        (source,) = self.start_traffic("--consumer", "polling", "--rate", "100", "--delay-ms", "20", "--backlog", "400")
        run = self.begin_migration(source.name, "worker-2", "--quiet-timeout", "2s").wait()
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())
        self.assertIn("the valve cannot keep their order", run.report["error"]["message"])
        self.assertIn("--allow-reorder", run.report["error"]["cure"] if "cure" in run.report["error"] else run.said())
        result = self.assert_exact(120)
        self.assertEqual([(i["node"], i["boot_id"]) for i in result["instances"]], [("worker-1", source.state["boot_id"])])
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
