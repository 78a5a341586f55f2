#!/usr/bin/python3
"""Silent is not dead: ms2m is stopped, not killed, for longer than the dead man's time, and wakes up again."""

import signal
import time

import scenario

SILENCE_S = 40  # the dead man's time is 15 s; before its heartbeats were short, the broker noticed after 28
SHORT_S = 20  # with a dead man's time of 10 s


class Silent(scenario.Scenario):
    def stopped_at(self, type_, text, *arguments, silence=SILENCE_S, workload=()):
        (source,) = self.start_traffic(*workload)
        run = self.begin_migration(source.name, "worker-2", "--bandwidth", "4M", *arguments)
        self.journal.await_record(type_, text, process=run)
        time.sleep(0.3)  # into the phase: messages are on their way
        run.signal(signal.SIGSTOP)
        time.sleep(silence)
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual(run.status, 1, run.said())
        self.assertEqual((run.report["result"], run.report["leftovers"]), ("undone", []), run.said())
        self.assertIn("did not run for", run.report["error"]["message"])
        self.assertIn("worker-1", run.report["serving"])
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact(600)
        self.assert_no_debris()
        return run

    def test_stopped_while_it_relays(self):
        self.stopped_at("effect", "stream the archive", "--strategy", "shadow", workload=("--rate", "50", "--delay-ms", "10"))

    def test_stopped_with_the_valve_closed(self):
        run = self.stopped_at("effect", "stream the archive", "--strategy", "handoff", "--deadman", "10s", silence=SHORT_S,
                              workload=("--consumer", "polling", "--rate", "22", "--delay-ms", "50", "--backlog", "60"))
        self.assertIn("closing the valve", run.err)


if __name__ == "__main__":
    scenario.main()
