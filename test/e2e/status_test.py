#!/usr/bin/python3
"""Who asks from another terminal, and from another machine, is told how far a migration is, and later what it came to."""

import csv
import io
import os
import signal
import tempfile
from xml.etree import ElementTree

import scenario

SLOW = ("--strategy", "handoff", "--bandwidth", "256Ki")  # more than a minute for the archive


class Status(scenario.Scenario):
    def ask(self, *arguments, env=None, status=0):
        run = self.begin("status", *arguments, env=env).wait()
        self.assertEqual(run.status, status, run.said())
        return run

    def state(self, *arguments, env=None):
        (item,) = self.ask(*arguments, "-o", "json", env=env).report["items"]
        return item

    def begin_slowly(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, "worker-2", *SLOW)
        self.journal.await_record("effect", "stream the archive", process=run)
        (id_,) = self.journal.ids()
        return source, run, id_

    def test_while_it_runs(self):
        source, run, id_ = self.begin_slowly()
        follow = self.begin("status", id_, "--follow")
        self.eventually(lambda: (self.state("--local").get("bytes") or 0) > 0, "bytes of the archive on their way")
        item = self.state(id_)
        self.assertEqual((item["state"], item["phase"], item["id"]), ("running", "Transferring", id_))
        self.assertEqual((item["source"]["pod"], item["target"]["node"]), (source.name, "worker-2"))
        self.assertGreater(item["total_bytes"], item["bytes"])
        self.assertIn(source.name, self.ask().out)

        # Another machine has another state directory: the lease alone tells of it.
        with tempfile.TemporaryDirectory() as elsewhere:
            there = {"XDG_STATE_HOME": elsewhere}
            item = self.state(env=there)
            self.assertEqual((item["state"], item["id"], item["queue"]), ("elsewhere", id_, scenario.QUEUE))
            self.assertIn(f"pid {run.pid}", item["holder"])
            self.assertEqual(item["target"]["node"], "worker-2")
            followed = self.begin("status", id_, "--follow", env=there)

            run.signal(signal.SIGSTOP)
            try:
                self.assertEqual(self.state(id_)["state"], "silent")
            finally:
                run.signal(signal.SIGCONT)
            run.signal(signal.SIGINT)
            run.wait()
            self.assertEqual(run.status, 130, run.said())
            followed.wait()
            self.assertEqual(followed.status, 1, followed.said())
            self.assertRegex(followed.err, "is over: .* is not on worker-2")
        follow.wait()
        self.assertEqual(follow.status, 1, follow.said())
        self.assertIn("stream the archive", follow.out)
        self.assertIn("undone", follow.out)
        item = self.state(id_)
        self.assertEqual((item["state"], item["open"]), ("undone", []))
        self.assertTrue(item["ended"])
        self.assertIn("No migration is under way", self.ask().out)
        self.assertEqual(os.listdir(os.path.join(self.state_home, "ms2m", ".live")), [])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_when_it_was_killed(self):
        source, run, id_ = self.begin_slowly()
        follow = self.begin("status", id_, "--follow")
        self.eventually(lambda: self.state(id_)["state"] == "running", "a migration that tells how far it is")
        run.signal(signal.SIGKILL)
        run.wait()
        follow.wait()
        self.assertEqual(follow.status, 3, follow.said())
        self.assertIn("crashed", follow.out)
        item = self.state("--local")
        self.assertEqual((item["state"], item["remedy"]), ("crashed", f"ms2m abort {id_}"))
        self.assertGreater(len(item["open"]), 3)
        self.recover("abort")
        self.assertIn("No migration is under way", self.ask().out)
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_what_is_left_of_it(self):
        (source,) = self.start_traffic()
        report = self.migrate(source.name, "worker-2", "--strategy", "handoff")
        (kept,) = self.look("-o", "json").report["items"]
        self.assertTrue(kept.pop("started"))
        self.assertEqual(kept, report)
        (row,) = csv.DictReader(io.StringIO(self.look("-o", "csv").out))
        self.assertEqual((row["run"], row["status"]), (report["id"], "done"))
        self.assertAlmostEqual(float(row["downtime_ms"]), report["gap_s"] * 1000, delta=0.1)
        self.assertAlmostEqual(sum(float(row[name] or 0) for name in row if name.endswith("_s") and name != "total_time_s"),
                               report["total_s"], delta=0.01)
        picture = ElementTree.fromstring(self.look(report["id"], "-o", "svg").out)
        bars = picture.findall(".//{http://www.w3.org/2000/svg}rect")
        self.assertGreater(len(bars), len(report["critical_path"]) + len(report["phases"]))
        page = self.look("-o", "html").out
        self.assertIn("<svg", page)
        self.assertEqual(page.replace("http://www.w3.org/2000/svg", "").count("//"), 0)  # it asks nobody
        metrics = os.path.join(self.state_home, "ms2m.prom")
        self.look("--textfile", metrics)
        with open(metrics, encoding="utf-8") as file:
            self.assertIn(f'ms2m_migration_gap_seconds{{id="{report["id"]}"', file.read())
        self.assertIn(report["id"], self.look().out)

    def look(self, *arguments):
        run = self.begin("report", *arguments).wait()
        self.assertEqual(run.status, 0, run.said())
        return run


if __name__ == "__main__":
    scenario.main()
