#!/usr/bin/python3
"""While the valve closes behind a frozen source, and after: ms2m dies or stands still, or the program on the node dies. Every
message is processed once and in order, by the process that was there before, and nobody stays frozen."""

import os
import signal
import subprocess
import time

import frozen_test
import scenario

import processes  # the path is scenario's  pylint: disable=wrong-import-order
import rabbit  # pylint: disable=wrong-import-order
from journal import first_in_line  # pylint: disable=wrong-import-order

SILENCE_S = 40
THAWED_S = 25  # the limit of ten seconds, and some
BROKER_PORT = 5672
BACKLOG = 20000  # long enough to be taken that the middle of it can be met


class Points(frozen_test.FrozenCase):
    """Where it happens is seen on the node and at the broker, not in what ms2m says."""

    consumer = "polling"
    arguments = ()

    def at_freeze(self, probe, group):
        del probe
        return self.is_frozen(group)

    def closed_and_frozen(self, probe, group):
        return self.is_frozen(group) and self.consumers(probe) == 2 and self.is_frozen(group)

    def closed_and_thawed(self, probe, group):
        """Two consumers alone would be the copy and the valve, too."""
        del probe
        frozen = self.is_frozen(group)
        thawed = self.was_frozen and not frozen
        self.was_frozen = frozen
        return thawed

    @staticmethod
    def consumers(probe):
        return (probe.look(scenario.QUEUE) or (0, 0))[1]

    def begin_at(self, point, stop=False):
        """A migration that is seen at that point, and stands still there if asked. It may pass it while who looks has no
        processor, or before it stands still: then another one."""
        for _ in range(6):
            begun = self.begin_once(point, stop)
            if begun:
                return begun
            self.doCleanups()
            self.setUp()
        return self.fail("it was over each time before it was seen at that point")

    def begin_once(self, point, stop):
        """None: it is done, and was not seen there."""
        (source,) = self.start_traffic("--consumer", self.consumer, "--rate", "120", "--delay-ms", "1",
                                       "--backlog", str(BACKLOG))
        group = self.group_of(source.name)
        self.await_named()
        run = self.begin_migration(source.name, "worker-2", "--strategy", "handoff", *self.arguments)
        try:
            self.journal.await_record("effect", "", process=run)  # the sessions are open
        except AssertionError:
            self.assertTrue(run.running(), run.wait().said())
            raise
        program = self.program_on("worker-1")
        self.was_frozen = False
        deadline = time.monotonic() + 120
        with rabbit.Probe() as probe, first_in_line():
            while not self.seen(point, probe, group):
                if not run.running():
                    self.assertEqual(run.wait().status, 0, run.said())
                    return None
                self.assertLess(time.monotonic(), deadline, "it never came to that")
                time.sleep(0.0005)
            if stop and not self.stops_at(point, probe, group, run):
                return None
        return source, group, run, program

    def stops_at(self, point, probe, group, run):
        """It does not leave that point any more; False: it had left it, and is done."""
        run.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if run.running() and self.seen(point, probe, group):
            return True
        run.signal(signal.SIGCONT)
        self.assertEqual(run.wait().status, 0, run.said())
        return False

    @staticmethod
    def seen(point, probe, group):
        try:
            return point(probe, group)
        except OSError:  # the source has gone
            return False

    def goes_on_exactly(self, source, report):
        self.assertEqual((report["result"], report["leftovers"]), ("undone", []))
        self.ends(source)

    def ends(self, source):
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assertEqual(self.frozen("worker-1"), 0)
        self.assert_exact(600)
        self.assert_no_debris()

    def killed(self, point):
        source, group, run, _ = self.begin_at(point)
        run.signal(signal.SIGKILL)
        run.wait()
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        self.goes_on_exactly(source, self.recover("abort"))

    def stopped(self, point):
        source, group, run, _ = self.begin_at(point)
        run.signal(signal.SIGSTOP)
        begun = time.monotonic()
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        time.sleep(SILENCE_S - (time.monotonic() - begun))
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.goes_on_exactly(source, run.report)

    def program_killed(self, point):
        source, group, run, program = self.begin_at(point)
        os.kill(program, signal.SIGKILL)
        self.note("thawed_s", self.await_state(group, False, THAWED_S))
        run.wait()
        # A session is opened anew where it is not the freeze that depended on it, and a source that obeys by then needs none.
        self.assertIn((run.status, run.report["result"]), [(1, "undone"), (0, "done")], run.said())
        if run.status == 1:
            return self.goes_on_exactly(source, run.report)
        self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_exact(600)
        return self.assert_no_debris()


class Killed(Points):
    def test_frozen(self):
        self.killed(self.at_freeze)

    def test_closed_and_frozen(self):
        self.killed(self.closed_and_frozen)

    def test_closed_and_thawed(self):
        self.killed(self.closed_and_thawed)


class Stopped(Points):
    def test_frozen(self):
        self.stopped(self.at_freeze)

    def test_closed_and_frozen(self):
        self.stopped(self.closed_and_frozen)

    def test_closed_and_thawed(self):
        self.stopped(self.closed_and_thawed)


class ProgramKilled(Points):
    def test_frozen(self):
        self.program_killed(self.at_freeze)

    def test_closed_and_frozen(self):
        self.program_killed(self.closed_and_frozen)

    def test_closed_and_thawed(self):
        self.program_killed(self.closed_and_thawed)


class ValveLost(Points):
    """The valve's connection is lost in the middle: the source goes on when everything is back."""

    @staticmethod
    def port_of_valve(pid):
        """Its connection is the newest to the broker."""
        own = {processes.link(str(pid), "fd", fd) for fd in os.listdir(f"/proc/{pid}/fd")}
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        return max((int(row[9]), int(row[1].split(":")[1], 16)) for row in rows
                   if f"socket:[{row[9]}]" in own and row[2].endswith(f":{BROKER_PORT:04X}"))[1]

    def test_closed_and_frozen(self):
        source, _, run, _ = self.begin_at(self.closed_and_frozen, stop=True)
        port = self.port_of_valve(run.pid)
        subprocess.run(["ss", "-K", "-t", "sport", "=", f":{port}", "dport", "=", f":{BROKER_PORT}"],
                       check=True, stdout=subprocess.DEVNULL)
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertIn("valve", run.report["error"]["message"])
        self.goes_on_exactly(source, run.report)


class ValveLostWithoutProtocol(ValveLost):
    consumer = "plain"
    arguments = ("--protocol", "none")


class WithoutProtocol(Points):
    consumer = "plain"
    arguments = ("--protocol", "none")

    def test_killed(self):
        self.killed(self.closed_and_frozen)

    def test_program_killed(self):
        self.program_killed(self.closed_and_frozen)


if os.environ.get("MS2M_EVERY_POINT"):  # by hand: half a minute each
    class KilledWithoutProtocol(Killed):
        consumer = WithoutProtocol.consumer
        arguments = WithoutProtocol.arguments

    class StoppedWithoutProtocol(Stopped):
        consumer = WithoutProtocol.consumer
        arguments = WithoutProtocol.arguments

    class ProgramKilledWithoutProtocol(ProgramKilled):
        consumer = WithoutProtocol.consumer
        arguments = WithoutProtocol.arguments


if __name__ == "__main__":
    scenario.main()
