#!/usr/bin/python3
"""Which faults `bench chaos` takes, and when they come; what they do needs the lab."""

import os
import random
import signal
import subprocess
import time
import types
import unittest
from unittest import mock

import strikes


class Names(unittest.TestCase):
    def test_all_is_each_of_them(self):
        self.assertEqual(strikes.chosen("all"), list(strikes.STRIKES))
        self.assertEqual(strikes.chosen("kill,cut"), ["kill", "cut"])

    def test_an_unknown_one_is_told_which_there_are(self):
        for bad in ("", "pigeon", "kill,", "kill,pigeon"):
            with self.assertRaisesRegex(ValueError, "there are: all, kill, "):
                strikes.chosen(bad)


class Strike(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen(["sleep", "100"])
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        migration = types.SimpleNamespace(begun=time.time(), pid=self.process.pid, running=lambda: self.process.poll() is None)
        self.scene = types.SimpleNamespace(migration=migration, signal=lambda number: os.kill(migration.pid, number))

    def test_comes_at_its_instant(self):
        fault, at = strikes.strike(random.Random(1), ["kill"], 0.5, self.scene)
        self.assertEqual((fault, self.process.wait(60)), ("kill", -signal.SIGKILL))
        self.assertGreaterEqual(at, round(random.Random(1).uniform(0, 0.5), 3))

    def test_one_that_is_done_is_left_alone(self):
        self.process.kill()
        self.process.wait(60)
        with mock.patch.dict(strikes.STRIKES, {"kill": self.fail}):
            self.assertEqual(strikes.strike(random.Random(1), ["kill"], 0, self.scene)[0], "none: it was done")

    def test_one_that_had_nothing_to_strike_is_told(self):
        with mock.patch.dict(strikes.STRIKES, {"cut": lambda dice, scene: False}):
            self.assertEqual(strikes.strike(random.Random(1), ["cut"], 0, self.scene)[0], "none: nothing for cut")


if __name__ == "__main__":
    unittest.main()
