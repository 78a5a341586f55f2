#!/usr/bin/python3
"""While the source is frozen on its node, nothing that dies or stands still leaves it so."""

import glob
import os
import signal
import time

import scenario
import uncontrolled_test
from silent_server import MANAGEMENT, Silent

import lab  # the path is scenario's  pylint: disable=wrong-import-order
import processes  # pylint: disable=wrong-import-order

# A session that is silent for five seconds is over, and one that ends at once. The freeze itself lasts 40 s.
THAWED_S = 20


class FrozenCase(uncontrolled_test.UncontrolledCase):
    def group_of(self, pod):
        """The control group of its container, as this machine sees it."""
        status = self.api.get(f"/api/v1/namespaces/default/pods/{pod}")["status"]["containerStatuses"][0]
        (group,) = glob.glob(f"/sys/fs/cgroup/**/crio-{status['containerID'].split('//')[1]}/cgroup.events", recursive=True)
        return group

    @staticmethod
    def is_frozen(group):
        with open(group, encoding="ascii") as file:
            return "frozen 1" in file.read()

    def program_on(self, node):
        """The program itself, not the guard that it has started; that of a run before may still be about to end."""
        network = processes.link(lab.read("pids", node).split()[0], "ns", "net")
        found = []

        def one():
            there = processes.look()
            programs = [pid for pid in there if "/ms2m-node-" in processes.link(str(pid), "exe")]
            found[:] = [pid for pid in programs if processes.link(str(pid), "ns", "net") == network and there[pid][1] not in programs]
            return len(found) == 1

        self.eventually(one, "one program runs on the node")
        return found[0]

    def await_silence(self, silent, run):
        """ms2m waits for the management API, and so does the frozen source."""
        self.eventually(lambda: silent.silent.is_set() or not run.running(), "the connection is to be closed", 120)
        self.assertTrue(silent.silent.is_set(), "" if run.running() else run.wait().said())

    def await_state(self, group, frozen, seconds, step=0.01):
        begun = time.monotonic()
        while self.is_frozen(group) != frozen:
            self.assertLess(time.monotonic() - begun, seconds, f"frozen is not {frozen}")
            time.sleep(step)
        return time.monotonic() - begun


class Frozen(FrozenCase):
    def begin_frozen(self):
        """A migration whose source stands still, and that waits for an answer of the management API; what tells whether
        the source still does."""
        source = self.plain("--rate", "10")
        group = self.group_of(source.name)
        self.await_named()
        host, _, _ = lab.broker_credentials()
        silent = Silent((host, MANAGEMENT), b"DELETE /api/connections")
        self.addCleanup(silent.close)
        run = self.begin_migration(source.name, "worker-2", "--protocol", "none",
                                   env={"MS2M_BROKER_API": f"http://127.0.0.1:{silent.port}"})
        self.await_silence(silent, run)
        self.assertTrue(self.is_frozen(group))
        return source, group, run

    def goes_on(self, source, report):
        """In the process that was frozen, and everything is undone."""
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assertEqual(self.frozen("worker-1"), 0)
        self.assert_exact()
        self.assert_no_debris()

    def test_ms2m_is_killed(self):
        source, group, run = self.begin_frozen()
        run.signal(signal.SIGKILL)
        run.wait()
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        self.assert_serving("worker-1", source.state["boot_id"])  # and nobody had to do anything
        self.goes_on(source, self.recover("abort"))

    def test_ms2m_is_stopped(self):
        source, group, run = self.begin_frozen()
        run.signal(signal.SIGSTOP)
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.goes_on(source, run.report)

    def test_the_program_is_killed(self):
        """ms2m stands still meanwhile, so that it cannot help."""
        source, group, run = self.begin_frozen()
        program = self.program_on("worker-1")
        run.signal(signal.SIGSTOP)
        self.assertTrue(self.is_frozen(group))
        os.kill(program, signal.SIGKILL)
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.goes_on(source, run.report)


if __name__ == "__main__":
    scenario.main()
