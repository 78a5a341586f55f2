#!/usr/bin/python3
"""Checkpoints that are compressed on their way: exact, by each way, told in the plan, while it goes and in the end; and faster where the network is
what takes the time."""

import json

import handler_test
import precopy_test
import scenario

HANDOFF = ("--strategy", "handoff", "--precopy", "off")


class Compressed:
    """What the cases share, in front of their other class."""

    def move(self, pod, to, *arguments):
        report = self.migrate(pod, to, "--progress", "jsonl", *HANDOFF, *arguments)
        self.assert_serving(to, self.boot_id)
        return report

    def events(self):
        told = [json.loads(line) for line in self.runs[-1].err.splitlines() if line.startswith("{")]
        return [each for each in told if each.get("type") == "progress"]

    def check_move(self, *arguments):
        (source,) = self.start_traffic()
        self.boot_id = source.state["boot_id"]
        plan = self.begin("plan", f"pod/{source.name}", "--to", self.there, "-o", "json", *HANDOFF, *arguments).wait()
        self.assertEqual(plan.status, 0, plan.said())
        self.assertEqual(plan.report["procedure"]["compress"], arguments[1])
        self.assertIn("compressed", str([each["do"] for each in plan.report["steps"]]))
        report = self.move(source.name, self.there, *arguments)
        self.assertLess(report["travelled_bytes"], report["bytes"] * (0.6 if arguments[1] == "zstd" else 1.001))
        last = self.events()[-1]
        self.assertEqual((last["bytes"], last["total_bytes"], last["travelled_bytes"]), (report["bytes"], report["bytes"], report["travelled_bytes"]))
        self.note("bytes", report["bytes"])
        self.note("travelled", report["travelled_bytes"])
        self.assert_exact()
        self.assert_no_debris()

    def test_relay(self):
        self.check_move("--compress", "zstd")

    def test_direct(self):
        self.check_move("--compress", "zstd", "--ssh-path", "direct")


class ByImage(Compressed, scenario.Scenario):
    def test_auto(self):
        self.check_move("--compress", "auto")

    def test_a_narrow_way_is_shorter(self):
        """There as it is, and back compressed: a third of it travels, or less."""
        (source,) = self.start_traffic()
        self.boot_id = source.state["boot_id"]
        narrow = ("--bandwidth", "20M")
        pod, took = source.name, {}
        for to, compress in ((self.there, "none"), (self.here, "zstd")):
            report = self.move(pod, to, *narrow, "--compress", compress)
            pod = report["target"]["pod"]
            events = [json.loads(line) for line in self.runs[-1].err.splitlines() if line.startswith("{")]
            at = [each["at_s"] for each in events if each.get("type") == "progress"]
            took[compress] = at[-1] - at[0]
            self.note(compress, took[compress])
        self.assertGreater(took["none"], 0.9 * report["bytes"] / 20e6)
        self.assertLess(took["zstd"], 0.7 * took["none"])
        self.assert_exact()
        self.assert_no_debris()


class ByHandler(Compressed, handler_test.ByHandler):
    pass


class InRounds(precopy_test.Named):
    def test_rounds(self):
        (source,) = self.start_traffic()
        report = self.migrate(source.name, self.there, "--strategy", "handoff", "--precopy", "1", "--checkpoint", "runtime", "--compress", "zstd")
        self.assertLess(report["precopy_travelled_bytes"], 0.6 * report["precopy_bytes"])
        self.assertLess(report["travelled_bytes"], report["bytes"])
        self.assertLess(report["memory_pages"]["carried"], report["memory_pages"]["all"])
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
