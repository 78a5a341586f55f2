#!/usr/bin/python3
"""A copy that works before it has all of its memory: what it touches is right, its source goes only when all is there, and when that cannot
come, the source has the queue back."""

import signal

import handler_test
import pages_test
import scenario

LAZY = ("--strategy", "handoff", "--checkpoint", "runtime", "--pages", "lazy")
SLOWLY = ("--bandwidth", "4M")  # what it touches at once takes some ten seconds, the rest another hundred: nothing waits for its end
PAGES = "pgrep -f 'criu [l]azy-pages' || true"


class Lazy(pages_test.Filled):
    memory = 3 << 27

    def begin_lazy(self, source, *arguments):
        """A move whose copy has the queue, and not all of its memory."""
        run = self.begin_migration(source.name, self.there, *LAZY, *SLOWLY, *arguments)
        self.journal.await_record("pivoted", process=run)
        self.assertNotEqual(scenario.on_node(self.there, PAGES), "", "the memory is there already")
        return run

    def copy(self):
        (name,) = self.copies()
        return name

    def test_there_and_back(self):
        source, digest = self.begin_filled()
        run = self.begin_lazy(source)
        copy = self.copy()
        found = self.the_one()
        self.assertEqual((found.name, found.node, found.state["boot_id"]), (copy, self.there, source.state["boot_id"]))
        self.assert_goes_on(found.state["count"])
        self.assertNotEqual(scenario.on_node(self.there, PAGES), "", "it worked when all was there")
        self.api.get(f"{handler_test.PODS}/{source.name}")  # goes only when all is there
        faster = self.begin("set", self.journal.ids()[0], "--bandwidth", "400M").wait()
        self.assertEqual(faster.status, 0, faster.said())
        self.assertEqual(self.digest(copy), digest)  # touches all that is not there yet
        run.wait()
        self.assertEqual(run.status, 0, run.said())
        self.note("gap at 4 MB/s", run.report["gap_s"])
        self.assertGreater(run.report["lazy_window_s"], 0)
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_no_debris()
        report = self.migrate(copy, self.here, *LAZY)
        self.note("gap", report["gap_s"])
        self.note("window", report["lazy_window_s"])
        self.assertEqual(self.digest(report["target"]["pod"]), digest)
        self.assert_no_criu()
        self.assert_exact()
        self.assert_no_debris()

    def source_has_it_back(self, source, digest, report):
        """What the copy had done since the hand-over is lost with it, and nothing else is wrong."""
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.assertIn("was lost after the hand-over, and with it what it had done; the source has the queue back", report["error"]["message"])
        self.assertTrue(report["serving"].startswith(f"source pod default/{source.name} on {self.here}"), report["serving"])
        found = self.the_one()
        self.assertEqual((found.node, found.state["boot_id"]), (self.here, source.state["boot_id"]))
        self.assertEqual(self.digest(source.name), digest)
        self.assert_no_criu()
        self.assert_goes_on(found.state["count"])
        for name, numbers in self.the_one().state["publishers"].items():
            self.assertEqual((numbers["doubles"], numbers["out_of_order"]), (0, 0), name)
        self.stop_traffic()
        self.assert_no_debris()

    def test_source_node_program_is_killed(self):
        source, digest = self.begin_filled()
        run = self.begin_lazy(source)
        scenario.on_node(self.here, "pkill -KILL -x ms2m-node")
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertIn("did not all come", run.report["error"]["message"])
        self.source_has_it_back(source, digest, run.report)

    def test_ms2m_is_killed(self):
        source, digest = self.begin_filled()
        run = self.begin_lazy(source)
        run.signal(signal.SIGKILL)
        run.wait()
        self.source_has_it_back(source, digest, self.recover("resume", status=1))

    def test_before_the_hand_over_nothing_is_lost(self):
        source, digest = self.begin_filled()
        run = self.begin_migration(source.name, self.there, *LAZY, "--bandwidth", "2M")  # what it touches takes some 20 s
        self.eventually(lambda: scenario.on_node(self.there, PAGES) != "", "pages come")
        run.signal(signal.SIGINT)
        run.wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (130, "undone", []), run.said())
        self.source_goes_on(source, digest)

    @pages_test.EVERY_POINT
    def test_something_is_killed_on_a_node(self):
        for at, what in (("here", "pkill -KILL -x criu"), ("there", "pkill -KILL -f 'criu [l]azy-pages'"), ("there", "pkill -KILL -x ms2m-node"),
                         ("there", f"pkill -KILL -f '{handler_test.HANDLER}'")):
            with self.subTest(what, at=at):
                source, digest = self.begin_filled()
                run = self.begin_lazy(source)
                scenario.on_node(getattr(self, at), what)
                run.wait()
                self.assertEqual(run.status, 1, run.said())
                self.source_has_it_back(source, digest, run.report)


if __name__ == "__main__":
    scenario.main()
