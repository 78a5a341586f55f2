#!/usr/bin/python3
"""Checkpoints that go from node to node: exact, also where a filter forbids it, before the move or in the middle of it."""

import json
import re

import handler_test
import precopy_test
import scenario

ADDRESS = {"worker-1": "198.18.0.11", "worker-2": "198.18.0.12"}
DIRECT = ("--ssh-path", "direct")


class Directly:
    """What the cases share, in front of their other class."""

    def filter(self, jump):
        """From the source's node to the target's, until the end of the test."""
        rule = f"OUTPUT -p tcp -d {ADDRESS[self.there]} -j {jump}"
        self.addCleanup(scenario.on_node, self.here, f"iptables -D {rule} 2>/dev/null || true")
        scenario.on_node(self.here, f"iptables -I {rule}")

    def listening(self):
        """Where anybody does on the target's node."""
        return sorted(line.split()[3] for line in scenario.on_node(self.there, "ss -Hltn").splitlines())

    def sent(self):
        """Bytes of connections to the target's node."""
        table = scenario.on_node(self.here, f"ss -Htni state established dst {ADDRESS[self.there]}")
        return max([int(number) for number in re.findall(r"bytes_sent:(\d+)", table)], default=0)

    def check_move(self, way, *arguments, warned=""):
        (source,) = self.start_traffic()
        before = self.listening()
        report = self.migrate(source.name, self.there, "--progress", "jsonl", *DIRECT, *arguments)
        self.assertEqual(report["carrier"], way)
        told = [json.loads(line) for line in self.runs[-1].err.splitlines() if line.startswith("{")]
        warnings = [each["text"] for each in told if each.get("type") == "warning"]
        self.assertEqual([text for text in warnings if "goes through ms2m" in text and warned in text] != [], bool(warned), warnings)
        if warned:
            self.assertLess(next(at for at, each in enumerate(told) if "goes through ms2m" in each.get("text", "")),
                            next(at for at, each in enumerate(told) if each.get("phase") == "Checkpointing"), "it is found out while the source works")
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        self.eventually(lambda: self.listening() == before, "nobody more listens there")
        return report

    def test_handoff(self):
        report = self.check_move("direct", "--strategy", "handoff")
        self.assertIn("from node to node", str([each["note"] for each in report["phases"]]))

    def test_shadow(self):
        self.check_move("direct", "--strategy", "shadow")

    def test_a_port_that_is_filtered(self):
        self.filter("DROP")
        self.check_move("relay", "--strategy", "handoff", warned=f"connecting to {ADDRESS[self.there]}:")

    def test_a_port_that_refuses(self):
        self.filter("REJECT --reject-with tcp-reset")
        self.check_move("relay", "--strategy", "handoff", warned="Connection refused")

    def test_the_plan_says_which_way(self):
        (source,) = self.start_traffic()
        for jump, way in ((None, "direct"), ("DROP", "relay")):
            if jump:
                self.filter(jump)
            run = self.begin("plan", f"pod/{source.name}", "--to", self.there, "-o", "json", *DIRECT).wait()
            self.assertEqual(run.status, 0, run.said())
            self.assertEqual(run.report["procedure"]["carrier"], way)
            (found,) = [each for each in run.report["findings"] if each["check"] == "ssh-path"]
            self.assertEqual(found["level"], "warning" if jump else "ok")
            self.assertEqual(any("from node to node" in each["do"] for each in run.report["steps"]), way == "direct")
        self.assert_exact()

    def broken(self, *arguments):
        """A move whose stream from node to node is cut once it has begun."""
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--bandwidth", "2M", *DIRECT, *arguments)
        self.eventually(lambda: self.sent() > 1000000, "the stream has begun")
        self.filter("REJECT --reject-with tcp-reset")
        return source, run.wait()

    def test_a_connection_that_breaks(self):
        """It is an error, and everything is undone."""
        source, run = self.broken("--precopy", "off")
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())
        self.assertIn("the nodes' connection", run.report["error"]["message"])
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


class ByImage(Directly, scenario.Scenario):
    pass


class ByHandler(Directly, handler_test.ByHandler):
    pass


class InRounds(precopy_test.Named):
    check_move, broken = Directly.check_move, Directly.broken
    filter, listening, sent = Directly.filter, Directly.listening, Directly.sent

    def test_rounds(self):
        report = self.check_move("direct", "--strategy", "handoff", "--precopy", "1", "--checkpoint", "runtime")
        self.assertLess(report["memory_pages"]["carried"], report["memory_pages"]["all"])

    def test_a_connection_that_breaks_in_a_round(self):
        """Nobody had asked for the round, and nobody stands still yet: the move goes on, through ms2m."""
        source, run = self.broken()
        self.assertEqual((run.status, run.report["result"], run.report["carrier"]), (0, "done", "relay"), run.said())
        self.assertIn("the pre-copy failed", run.err)
        self.assertIn("goes through ms2m", run.err)
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
