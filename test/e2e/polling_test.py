#!/usr/bin/python3
"""Consumers that look at their control queue once a second, when they have nothing else to do, as the published ones."""

import re

import scenario


class Polling(scenario.Scenario):
    def moved(self, traffic, *arguments):
        """Exact, in order, the same process; what ms2m said."""
        (source,) = self.start_traffic("--consumer", "polling", *traffic)
        run = self.begin_migration(source.name, "worker-2", *arguments).wait()
        self.assertEqual(run.status, 0, run.said())
        result = self.assert_exact(600)
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

    def frozen_moved(self, traffic, *arguments):
        run = self.moved(traffic, *arguments)
        self.assertGreater(run.report["held"], 150)
        self.note("frozen_s", run.report["frozen_s"])
        self.assertLessEqual(run.report["frozen_s"], 10)
        return run

    def test_800_wait(self):
        """What the published system cannot finish: its consumer, 120 a second, 50 ms each."""
        run = self.frozen_moved(["--rate", "120", "--delay-ms", "50", "--backlog", "800"], "--strategy", "handoff")
        self.assertIn("stood still", run.err)

    def test_800_wait_in_shadow(self):
        self.frozen_moved(["--rate", "60", "--delay-ms", "20", "--backlog", "800"], "--strategy", "shadow")

    def test_it_is_said_beforehand(self):
        (source,) = self.start_traffic("--consumer", "polling", "--rate", "60", "--delay-ms", "50", "--backlog", "800")
        self.eventually(lambda: "stands still" in self.begin("check", f"pod/{source.name}", "--to", "worker-2").wait().out,
                        "check says that the source will stand still")

    def test_no_time_to_take_them(self):
        """The source is not touched: its time would not do."""
        (source,) = self.start_traffic("--consumer", "polling", "--rate", "60", "--delay-ms", "20", "--backlog", "400")
        run = self.begin_migration(source.name, "worker-2", "--freeze-limit", "3s").wait()
        self.assertIn((run.status, run.report["result"]), [(4, "refused"), (1, "undone")], run.said())
        self.assertIn("--freeze-limit allows", run.report["error"]["message"])
        self.assertIsNone(run.report["frozen_s"])
        result = self.assert_exact(600)
        self.assertEqual([(i["node"], i["boot_id"]) for i in result["instances"]], [("worker-1", source.state["boot_id"])])
        self.assert_no_debris()

    def test_more_bytes_than_the_broker_is_to_hold(self):
        """Told beforehand, and refused before anything is touched."""
        (source,) = self.start_traffic("--consumer", "polling", "--rate", "60", "--delay-ms", "20", "--backlog", "2000")
        told = ("check", f"pod/{source.name}", "--to", "worker-2")
        held = re.compile(r"the broker holds about (\d+) messages of ([\d.]+) [KM]iB in its memory meanwhile \(at most 100000 of 1024.0 MiB")
        self.eventually(lambda: held.search(self.begin(*told).wait().out), "check says how much the broker will hold")
        messages, size = held.search(self.begin(*told).wait().out).groups()
        self.assertGreater(int(messages), 1500)
        self.assertGreater(float(size), 0)
        run = self.begin_migration(source.name, "worker-2", "--max-held-bytes", "10K").wait()
        self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
        self.assertIn("--max-held-bytes is 9.8 KiB", run.report["error"]["message"])
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        result = self.assert_exact(600)
        self.assertEqual([(i["node"], i["boot_id"]) for i in result["instances"]], [("worker-1", source.state["boot_id"])])
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
