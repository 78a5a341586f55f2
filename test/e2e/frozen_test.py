#!/usr/bin/python3
"""While the source is frozen on its node, nothing that dies or stands still leaves it so."""

import glob
import signal
import time

import scenario
import uncontrolled_test
from silent_server import MANAGEMENT, Silent

import lab  # the path is scenario's  pylint: disable=wrong-import-order

DEADMAN_S = 15  # the default; a session that is silent for a third of it is over
PROGRAM = "/var/cache/ms2m/ms2m-node-"


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
        host, _, _ = lab.broker_credentials()
        silent = Silent((host, MANAGEMENT), b"DELETE /api/connections")
        self.addCleanup(silent.close)
        run = self.begin_migration(source.name, "worker-2", "--protocol", "none",
                                   env={"MS2M_BROKER_API": f"http://127.0.0.1:{silent.port}"})
        self.assertTrue(silent.silent.wait(60), "the connection was never to be closed")
        self.assertTrue(self.is_frozen(group))
        return source, group, run

    def kill_program(self, node, group):
        """The program itself, not the guard that it has started; the container stands still until then."""
        pids = [int(pid) for pid in scenario.on_node(node, f"""
            for p in /proc/[0-9]*; do
              case $(readlink "$p/exe") in {PROGRAM}*) ;; *) continue ;; esac
              parent=$(sed -n 's/^PPid:[[:space:]]*//p' "$p/status")
              case $(readlink "/proc/$parent/exe") in {PROGRAM}*) ;; *) echo "${{p#/proc/}}" ;; esac
            done""").split()]
        self.assertEqual(len(pids), 1, pids)
        self.assertTrue(self.is_frozen(group))
        scenario.on_node(node, f"kill -9 {pids[0]}")

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
        self.note("thawed_s", self.await_state(group, False, 3))
        self.assert_serving("worker-1", source.state["boot_id"])  # and nobody had to do anything
        self.goes_on(source, self.recover("abort"))

    def test_ms2m_is_stopped(self):
        source, group, run = self.begin_frozen()
        run.signal(signal.SIGSTOP)
        self.note("thawed_s", self.await_state(group, False, DEADMAN_S / 3 + 3))
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.goes_on(source, run.report)

    def test_the_program_is_killed(self):
        """ms2m stands still meanwhile, so that it cannot help."""
        source, group, run = self.begin_frozen()
        run.signal(signal.SIGSTOP)
        self.kill_program("worker-1", group)
        self.note("thawed_s", self.await_state(group, False, 3))
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.goes_on(source, run.report)


if __name__ == "__main__":
    scenario.main()
