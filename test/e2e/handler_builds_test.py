#!/usr/bin/python3
"""Nodes that were set up by another ms2m: a move goes well, or is refused before anything is touched, and `check` names the cure."""

import json

import handler_test
import scenario

PROGRAM = "/usr/libexec/ms2m/ms2m-node"
# What one that speaks another version of the protocol says of itself.
EARLIER = "#!/bin/sh\\necho \"ms2m-node 3 0123456789abcdef $(uname -m) 0\"\\nexec cat >/dev/null\\n"


class OtherBuilds(handler_test.ByHandler):
    def replace(self, node, command):
        """By a program of the same name, until the test's end."""
        self.addCleanup(scenario.on_node, node, f"mv -f {PROGRAM}.kept {PROGRAM}")
        scenario.on_node(node, f"cp -p {PROGRAM} {PROGRAM}.kept && {command} && chmod 755 {PROGRAM}.fresh && mv -f {PROGRAM}.fresh {PROGRAM}")

    def another_build(self, node):
        """The same program, in a file with another sum."""
        self.replace(node, f"cp {PROGRAM} {PROGRAM}.fresh && echo >>{PROGRAM}.fresh")

    def findings(self, pod):
        run = self.begin("check", f"pod/{pod}", "--to", "worker-2", "-o", "json").wait()
        return run, {(each["check"], each["level"]): each for each in run.report["findings"]}

    def test_another_build_on_both_nodes(self):
        (source,) = self.start_traffic()
        for node in ("worker-1", "worker-2"):
            self.another_build(node)
        run, _ = self.findings(source.name)
        self.assertEqual(run.status, 0, run.said())
        for node in ("worker-1", "worker-2"):
            (told,) = [each for each in run.report["findings"] if each["check"] == "node-handler" and node in each["reason"]]
            self.assertIn("and this ms2m brings", told["reason"])
            self.assertEqual(told["cure"], f"ms2m node setup {node}")
        self.migrate(source.name, "worker-2", "--strategy", "handoff")
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_one_that_speaks_another_protocol(self):
        (source,) = self.start_traffic()
        self.replace("worker-2", f"printf '{EARLIER}' >{PROGRAM}.fresh")
        run, found = self.findings(source.name)
        self.assertEqual(run.status, 4, run.said())
        told = found["node-access", "refusal"]
        self.assertIn("speaks version 3 of the protocol", told["reason"])
        self.assertIn("ms2m node setup worker-2", told["cure"])
        refused = self.begin_migration(source.name, "worker-2", "--strategy", "handoff").wait()
        self.assertEqual(refused.status, 4, refused.said())
        self.assertIn("ms2m node setup worker-2", json.dumps(refused.report))
        self.assertEqual(self.journal.ids(), [], "nothing was begun")
        self.assertEqual(self.copies(), [])
        self.assert_serving("worker-1", source.state["boot_id"])

        cured = self.begin("node", "setup", "worker-2").wait()
        self.assertEqual(cured.status, 0, cured.said())
        self.migrate(source.name, "worker-2", "--strategy", "handoff")
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
