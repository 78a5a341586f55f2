#!/usr/bin/python3
"""The oracle must be able to fail: each test plants one defect and expects just that count."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "examples", "consumer"))

import oracle  # noqa: E402
import state  # noqa: E402


class Properties:
    def __init__(self, message_id):
        self.message_id = message_id


def apply_all(ids):
    """Runs the real consumer's fold over `ids` and returns what its /ids says."""
    app = state.AppState("app.events")
    for name in ids:
        body = '{"seq": %s, "id": "%s"}' % (name.rpartition("-")[2], name)
        app.apply(state.Message(Properties(name), body.encode()), "app.events")
    return app


def ids_of(count, publisher="p"):
    return [f"{publisher}-{n}" for n in range(1, count + 1)]


def log_of(ids, marks=None):
    marks = marks or {}
    return oracle.parse_log(f"{name} {marks.get(name, 'c')} 1.0\n" for name in ids)


def judge(published, *applied, marks=None):
    instances = [oracle.Applied.from_report(apply_all(ids).ids()) for ids in applied]
    return oracle.judge(log_of(published, marks), instances)


class OneInstance(unittest.TestCase):
    def setUp(self):
        self.ids = ids_of(20)

    def expect(self, verdict, **counts):
        wanted = dict({"lost": 0, "duplicated": 0, "reordered": 0, "unexpected": 0}, **counts)
        self.assertEqual({key: getattr(verdict, key) for key in wanted}, wanted)
        self.assertFalse(verdict.exact)

    def test_exact(self):
        verdict = judge(self.ids, self.ids)
        self.assertTrue(verdict.exact)
        self.assertEqual(verdict.line(),
                         "published 20 applied 20 lost 0 duplicated 0 reordered 0 hash equal")

    def test_loss(self):
        self.expect(judge(self.ids, self.ids[:7] + self.ids[8:]), lost=1)

    def test_loss_at_the_end(self):
        self.expect(judge(self.ids, self.ids[:-2]), lost=2)

    def test_double(self):
        self.expect(judge(self.ids, self.ids[:8] + self.ids[7:]), duplicated=1)

    def test_swap(self):
        swapped = self.ids[:5] + [self.ids[6], self.ids[5]] + self.ids[7:]
        self.expect(judge(self.ids, swapped), reordered=1)

    def test_loss_and_double_that_keep_the_count(self):
        verdict = judge(self.ids, self.ids[:3] + [self.ids[2]] + self.ids[4:])
        self.assertEqual(verdict.applied, verdict.published)
        self.expect(verdict, lost=1, duplicated=1)

    def test_hash(self):
        report = apply_all(self.ids).ids()
        report["hash"] = "0" * 64
        verdict = oracle.judge(log_of(self.ids), [oracle.Applied.from_report(report)])
        self.expect(verdict)
        self.assertIn("hash DIFFERENT", verdict.line())

    def test_cold_restart(self):
        self.expect(judge(self.ids, self.ids[12:]), lost=12)

    def test_not_published(self):
        self.expect(judge(self.ids, self.ids + ["p-21"]), unexpected=1)

    def test_nobody(self):
        self.expect(judge(self.ids), lost=20)

    def test_line_shows_each(self):
        self.assertEqual(judge(self.ids, self.ids[1:] + self.ids[-1:]).line(),
                         "published 20 applied 20 lost 1 duplicated 1 reordered 0 hash DIFFERENT")


class Marks(unittest.TestCase):
    def test_unknown_may_be_there_or_not(self):
        ids = ids_of(6)
        marks = {"p-3": "?", "p-4": "?"}
        self.assertTrue(judge(ids, ids, marks=marks).exact)
        self.assertTrue(judge(ids, ids[:2] + ids[3:], marks=marks).exact)
        self.assertTrue(judge(ids, ids[:2] + ids[4:], marks=marks).exact)
        self.assertFalse(judge(ids, ids[:3] + ids[2:], marks=marks).exact)

    def test_returned_must_not_be_there(self):
        ids = ids_of(3)
        self.assertTrue(judge(ids, ids[:2], marks={"p-3": "r"}).exact)
        self.assertEqual(judge(ids, ids, marks={"p-3": "r"}).unexpected, 1)

    def test_torn_line(self):
        self.assertEqual(oracle.parse_log(["p-1 c 1.0\n", "p-2 c"]), [("p-1", "c")])


class Several(unittest.TestCase):
    def test_publishers_may_interleave(self):
        published = [name for pair in zip(ids_of(5, "a"), ids_of(5, "b")) for name in pair]
        other = ids_of(5, "b") + ids_of(5, "a")
        self.assertTrue(judge(published, other).exact)
        swapped = ["a-2", "a-1"] + ids_of(5, "a")[2:] + ids_of(5, "b")
        self.assertEqual(judge(published, swapped).reordered, 1)

    def test_replicas_share(self):
        ids = ids_of(10)
        self.assertTrue(judge(ids, ids[::2], ids[1::2]).exact)
        self.assertEqual(judge(ids, ids[::2], ids[3::2]).lost, 1)
        self.assertEqual(judge(ids, ids[::2], ids[1::2] + ["p-9"]).duplicated, 1)


class TheConsumersOwnCounts(unittest.TestCase):
    def test_counts(self):
        report = apply_all(["p-1", "p-3", "p-2", "p-2", "p-7"]).snapshot()
        self.assertEqual((report["count"], report["gaps"], report["doubles"], report["out_of_order"]),
                         (5, 3, 1, 1))

    def test_runs_are_compact(self):
        self.assertEqual(apply_all(ids_of(1000)).ids()["runs"], [["p", 1, 1000]])

    def test_muting(self):
        app = apply_all(["p-1"])
        app.assigned("m1", "target")
        app.apply(state.Message(Properties("p-2"), b'{"seq": 2}'), "q")
        app.assigned("m1", "source")
        app.apply(state.Message(Properties("p-3"), b'{"seq": 3}'), "q")
        report = app.snapshot()
        self.assertEqual((report["effects_emitted"], report["effects_muted"]), (2, 1))


if __name__ == "__main__":
    unittest.main()
