#!/usr/bin/python3
"""What the bench computes from effect reports and from ms2m's output."""

import json
import socket
import tempfile
import threading
import unittest
from unittest import mock

import bench
import byhand
import clients
import drain
import driver
import effects_log
import estimate
import oracle
import several
from faults import command as faults
from effects_log import Effect, handover_gap, largest_pause, side_effects


def effect(at, number, pod="a", muted=False):
    return Effect(at, f"p-{number}", pod, "boot-" + pod, muted)


class LargestPause(unittest.TestCase):
    def test_between_first_effects_on_any_pod(self):
        effects = [effect(1.0, 1), effect(1.1, 2), effect(1.9, 3, "b"), effect(2.0, 4, "b")]
        seconds, begun, ended = largest_pause(effects)
        self.assertAlmostEqual(seconds, 0.8)
        self.assertEqual((begun, ended), (1.1, 1.9))

    def test_what_the_copy_does_again_does_not_fill_a_pause(self):
        effects = [effect(1.0, 1), effect(1.4, 1, "b", muted=True), effect(2.0, 2, "b")]
        self.assertAlmostEqual(largest_pause(effects)[0], 1.0)

    def test_window(self):
        effects = [effect(0.0, 1), effect(5.0, 2), effect(5.1, 3), effect(5.4, 4), effect(9.0, 5)]
        self.assertAlmostEqual(largest_pause(effects, since=5.05, until=5.3)[0], 0.3)

    def test_nothing(self):
        self.assertEqual(largest_pause([])[0], 0.0)


class States(unittest.TestCase):
    """Of processes that say by each report what they have in their memory (test/clients)."""

    def test_written_and_read(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        report = {"id": "p-1", "at": 1.5, "pod": "a", "boot_id": "x", "muted": False}
        ours.send(json.dumps(report).encode())
        ours.send(json.dumps(dict(report, id="p-2", at=1.6, count=2, hash="ab")).encode())
        with ours, theirs, tempfile.NamedTemporaryFile() as file, mock.patch("signal.signal") as handle:
            collecting = threading.Thread(target=effects_log.collect, args=(theirs, file.name))
            collecting.start()
            while not handle.called:
                collecting.join(0.001)
            handle.call_args[0][1]()  # as SIGTERM does
            collecting.join(10)
            with open(file.name, "a", encoding="utf-8") as log:
                log.write("1.7 p-3 a x 0 3 c")  # is being written
            self.assertEqual(effects_log.load(file.name), [Effect(1.5, "p-1", "a", "x", False), Effect(1.6, "p-2", "a", "x", False, 2, "ab")])

    def judged(self, *boots):
        """One message a boot; the fold begins anew with each."""
        effects, kept = [], {}
        for number, boot in enumerate(boots, 1):
            kept.setdefault(boot, []).append(f"p-{number}")
            effects.append(Effect(float(number), f"p-{number}", "a", boot, False, len(kept[boot]), oracle.fold(kept[boot])))
        verdict, last, same = clients.judged([(f"p-{number}", oracle.CONFIRMED) for number in range(1, 4)], effects)
        self.assertEqual(last, effects[-1])
        return verdict, same

    def test_one_process(self):
        verdict, same = self.judged("x", "x", "x")
        self.assertTrue(verdict.exact and same)

    def test_lost(self):
        verdict, same = self.judged("x", "x")
        self.assertEqual((verdict.lost, verdict.exact, same), (1, False, True))

    def test_started_anew(self):
        verdict, same = self.judged("x", "x", "y")
        self.assertEqual((verdict.lost, verdict.exact, same), (0, False, False))


class HandoverGap(unittest.TestCase):
    def test_what_the_source_had_is_not_new(self):
        effects = [effect(1.0, 1), effect(1.2, 1, "b"), effect(1.3, 2), effect(1.35, 2, "b"), effect(1.6, 3, "b")]
        self.assertAlmostEqual(handover_gap(effects, "a"), 0.3)

    def test_nothing_new(self):
        self.assertIsNone(handover_gap([effect(1.0, 1), effect(1.2, 1, "b")], "a"))
        self.assertIsNone(handover_gap([effect(1.0, 1, "b")], "a"))

    def test_overlap(self):
        self.assertEqual(handover_gap([effect(1.0, 1), effect(1.2, 3, "b"), effect(1.3, 2)], "a"), 0)


class SideEffects(unittest.TestCase):
    def test_counts(self):
        effects = [effect(1, 1), effect(2, 1, "b"), effect(3, 2), effect(4, 2, "b", muted=True),
                   effect(5, 3, "b", muted=True)]
        self.assertEqual(side_effects(effects), {"never": 1, "once": 1, "several": 1})


class Estimates(unittest.TestCase):
    PREDICTED = [{"phase": "Checkpointing", "seconds": 0.5, "least_s": 0.4, "most_s": 0.8, "basis": "2 earlier moves"},
                 {"phase": "Restoring", "seconds": 2.0, "least_s": 1.0, "most_s": 3.0, "basis": "typical figures: x"},
                 {"phase": "Replaying", "seconds": 1.0, "least_s": 0.5, "most_s": 2.0, "basis": "typical figures: y"}]
    PHASES = [{"phase": "Checkpointing", "seconds": 1.0}, {"phase": "Restoring", "seconds": 1.6}]

    def test_each_phase_that_came_and_all_of_them(self):
        first, second, total = estimate.compare(self.PREDICTED, self.PHASES)
        self.assertEqual((first["phase"], first["ratio"], first["within"]), ("Checkpointing", 0.5, False))
        self.assertEqual((second["phase"], second["ratio"], second["within"]), ("Restoring", 1.25, True))
        self.assertEqual((total["phase"], total["actual_s"], total["within"]), ("Total", 2.6, True))
        self.assertEqual(total["basis"], "2 earlier moves")

    def test_summary_keeps_what_was_learned_apart(self):
        lines = estimate.summary([{"phases": estimate.compare(self.PREDICTED, self.PHASES)}])
        self.assertEqual(lines, ["typical figures: 1 of 1 within, predicted/actual 1.25-1.25, median 1.25",
                                 "earlier moves: 1 of 2 within, predicted/actual 0.50-0.96, median 0.73"])


class ByHand(unittest.TestCase):
    def test_ratios_are_of_medians_and_per_rate(self):
        def run(way, rate, total):
            return {"restore": way, "rate": rate, "total_s": total, "gap_s": total / 2, "wall_s": total + 1}

        runs = [run("handler", 10, each) for each in (1.0, 9.0, 2.0)] + [run("hand", 10, each) for each in (4.0, 4.0, 1.0)]
        runs += [run("handler", 40, 3.0), run("hand", 40, 2.0)]
        self.assertEqual(byhand.ratios(runs), {10: {"total_s": 0.5, "gap_s": 0.5, "wall_s": 0.6},
                                               40: {"total_s": 1.5, "gap_s": 1.5, "wall_s": 1.333}})


class Drains(unittest.TestCase):
    ITEMS = [{"result": "moved", "total_s": 2.0}, {"result": "stays"}, {"result": "moved", "total_s": 3.0}, {"result": "moved", "total_s": 2.5}]
    QUIET = {"gaps": 7, "doubles": 0, "count": 93}

    def pairs(self, *drains):
        return [drain.row(number, wall, {"items": self.ITEMS}, [({"total_s": 1.0}, 2.0), ({"total_s": 1.0}, 3.0), ({"total_s": 1.0}, 5.0)])
                for number, wall in enumerate(drains, 1)]

    def test_a_pair(self):
        (one,) = self.pairs(6.0)
        self.assertEqual((one["moved"], one["drain_totals_s"], one["single_s"], one["ratio"]), (3, [2.0, 3.0, 2.5], [2.0, 3.0, 5.0], 0.6))
        self.assertIn("drain   6.00 s (totals 2.00 + 3.00 + 2.50), one by one  10.00 s (2.00 + 3.00 + 5.00), ratio 0.60", drain.show(one))

    def test_the_median_is_of_ratios_and_each_queue_has_a_verdict(self):
        pairs = self.pairs(6.0, 9.0, 5.0)
        whole = drain.summary(pairs, {"a": None, "b": None}, [])
        self.assertEqual((whole["ratio"], whole["drain_s"], whole["one_by_one_s"]), (0.6, 6.0, 10.0))
        self.assertTrue(drain.is_fine(pairs, whole))
        self.assertFalse(drain.is_fine(pairs, drain.summary(pairs, {"a": None, "b": "gaps 1"}, [])))
        self.assertFalse(drain.is_fine(pairs, drain.summary(pairs, {"a": None}, ["queue / ms2m.x.hold"])))
        self.assertFalse(drain.is_fine([dict(pairs[0], moved=2)], whole))
        self.assertIn("b: NOT EXACT: gaps 1", drain.show_summary(drain.summary(pairs, {"a": None, "b": "gaps 1"}, [])))

    def test_who_began_later_must_have_all_since(self):
        self.assertIsNone(several.not_exact(self.QUIET, 7, 100))
        for changed in ({"gaps": 8}, {"doubles": 1}, {"count": 92}, {"gaps": 8, "count": 92}):
            self.assertIsNotNone(several.not_exact(dict(self.QUIET, **changed), 7, 100), changed)

    def test_arguments(self):
        def parsed(*arguments):
            return bench.fill_in(bench.parser().parse_args(["drain", *arguments]))

        usual = parsed()
        self.assertEqual((usual.pairs, usual.rate, usual.strategy, usual.restore, usual.json), (5, 20, "shadow", "image", False))
        more = parsed("--pairs", "2", "--strategy", "handoff", "--restore", "handler", "--json", "--", "--prefer", "total")
        self.assertEqual(drain.how(more), ["--strategy", "handoff", "--restore", "handler", "-o", "json", "--prefer", "total"])
        for wrong in (("--pairs", "0"), ("--rate", "0"), ("--rate", "nan"), ("--rate", "x"), ("--strategy", "sequential"), ("--restore", "auto")):
            with self.subTest(wrong), self.assertRaises(SystemExit), mock.patch("sys.stderr"):
                parsed(*wrong)


class Reports(unittest.TestCase):
    def test_whole_output(self):
        self.assertEqual(driver.parse_report('{"id": "x",\n "total_s": 1.5}\n')["total_s"], 1.5)

    def test_last_line_after_events(self):
        self.assertEqual(driver.parse_report('{"event": 1}\n{"id": "y"}\n')["id"], "y")

    def test_no_output(self):
        self.assertEqual(driver.parse_report("refused\n"), {})

    def test_find(self):
        report = {"id": "x", "timing": {"gap_s": 0.2}}
        self.assertEqual(driver.find(report, "gap_s"), 0.2)
        self.assertIsNone(driver.find(report, "nothing"))


class Faults(unittest.TestCase):
    RUN = {"debris": [], "wrong": [], "exit_status": 1, "after_status": None, "unserved_s": 16.9, "broker_away_s": 0.0}

    def fine(self, exact=True, **changed):
        return faults.is_fine(dict(self.RUN, **changed), exact)

    def test_what_is_fine(self):
        self.assertTrue(self.fine())
        self.assertTrue(self.fine(exit_status=-9, after_status=0))
        self.assertTrue(self.fine(unserved_s=24, broker_away_s=8))

    def test_what_is_not(self):
        self.assertFalse(self.fine(exact=False))
        for changed in ({"debris": ["queue / ms2m.x.hold"]}, {"wrong": ["the second ms2m ended with 0"]}, {"exit_status": "hung"},
                        {"after_status": 3}, {"unserved_s": 17.1}, {"unserved_s": 25.1, "broker_away_s": 8}):
            self.assertFalse(self.fine(**changed), changed)

    def test_what_a_broker_that_restarts_may_do(self):
        verdict = {"problem": None, "lost": 0, "duplicated": 3, "reordered": 0, "unexpected": 0}
        self.assertTrue(faults.is_only_doubled(verdict))
        for key in ("lost", "reordered", "unexpected"):
            self.assertFalse(faults.is_only_doubled(dict(verdict, **{key: 1})))
        self.assertFalse(faults.is_only_doubled(dict(verdict, problem="not settled")))

    def test_a_source_that_somebody_else_ends(self):
        self.assertTrue(faults.is_worked_off({"problem": None, "published": 9, "effects": {"never": 0, "once": 9, "several": 0}}))
        for effects in ({"never": 0, "once": 8, "several": 0}, {"never": 0, "once": 8, "several": 1}, {"never": 1, "once": 8, "several": 0}):
            self.assertFalse(faults.is_worked_off({"problem": None, "published": 9, "effects": effects}))

    def test_who_serves(self):
        def one(*instances):
            return faults.served_by({"instances": [{"node": node, "restarted_cold": cold} for node, cold in instances]})
        self.assertEqual(one(("worker-1", False)), "source")
        self.assertEqual(one(("worker-2", True)), "target, started anew")
        self.assertEqual(one(("worker-1", False), ("worker-2", False)), "source and target")
        self.assertEqual(one(), "nobody")

    def test_names(self):
        names = [fault.name for fault in faults.TABLE]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([fault.name for fault in faults.chosen("broker-cut,api-429")], ["broker-cut", "api-429"])
        with self.assertRaises(ValueError):
            faults.chosen("broker-cut,nothing")


if __name__ == "__main__":
    unittest.main()
