#!/usr/bin/python3
"""A stream: a fresh pod makes the state anew from the log, or a restored copy reads it on, and takes over at the very
offset at which the source has stopped. Exact is the state, and every side effect is had once."""

import os
import signal

import scenario
import verdict  # the path is scenario's  pylint: disable=wrong-import-order

FIELDS = {"first", "checkpoint", "stop", "cut_over", "same_state", "replay_rate"}


class OfAStream(scenario.Scenario):
    def begin_traffic(self, *arguments):
        (source,) = self.start_traffic("--consumer", "stream", "--rate", "50", "--delay-ms", "2", *arguments)
        self.assert_goes_on(0)  # it has a state
        return source

    def assert_taken_over(self, node, boot_ids):
        """Another process, without a message or an effect too many or too few."""
        self.assertNotIn(self.the_one().state["boot_id"], boot_ids)
        self.assert_works_on(node)

    def assert_works_on(self, node):
        self.assertEqual(self.the_one().node, node)
        result = self.assert_exact()
        self.assertEqual((result["effects"]["never"], result["effects"]["several"]), (0, 0), result["effects"])
        self.assertEqual(result["effects"]["once"], result["published"])
        self.assert_no_debris()

    def killed_at(self, type_, text, *arguments):
        """A move that is killed when this record is in the journal. Returns the source as it was."""
        source = self.begin_traffic("--backlog", "1000")
        run = self.begin_migration(source.name, self.there, "--strategy", "replay", "--deadman", "5s", *arguments)
        self.journal.await_that(lambda record: record["type"] == type_ and text in record.get("text", ""), text, process=run)
        run.signal(signal.SIGKILL)
        run.wait()
        return source

    def moved(self, pod, to, *arguments):
        run = self.begin_migration(pod, to, "--strategy", "replay", *arguments).wait()
        self.assertEqual((run.status, run.report.get("result")), (0, "done"), run.said())
        return run.report

    def state_of(self, pod):
        address = self.api.get(f"/api/v1/namespaces/default/pods/{pod}")["status"]["podIP"]
        return verdict.http(address, "/state")

    def assert_stayed(self, source):
        result = self.assert_exact()
        self.assertEqual((result["effects"]["never"], result["effects"]["several"]), (0, 0), result["effects"])
        self.assertEqual([instance["boot_id"] for instance in result["instances"]], [source.state["boot_id"]])
        self.assert_no_debris()


class Stream(OfAStream):
    def test_there_and_back_without_the_nodes(self):
        """And so without ssh to them."""
        source = self.begin_traffic("--backlog", "3000")
        boot_ids, pod = [], source.name
        for to in (self.there, self.here):
            boot_ids.append(self.the_one().state["boot_id"])
            run = self.begin_migration(pod, to, "--strategy", "replay", env={"MS2M_SSH_CONFIG": "/dev/null"}).wait()
            self.assertEqual(run.status, 0, run.said())
            report = run.report
            self.assertLessEqual(scenario.OUTCOME_KEYS, set(report))
            self.assertEqual((report["result"], report["strategy"], report["node_calls"], report["bytes"]),
                             ("done", "replay", 0, None))
            offsets = report["stream"]
            self.assertEqual(set(offsets), FIELDS)
            self.assertEqual((offsets["first"], offsets["stop"], offsets["same_state"]), (0, offsets["cut_over"], True))
            self.assertGreater(offsets["stop"], 2999)
            self.assertTrue(report["serving"].startswith("target"), report["serving"])
            self.assert_critical_path(report)
            self.note("replay gap_s", report["gap_s"])
            self.note("replay total_s", report["total_s"])
            self.assertLess(report["gap_s"], 30)
            pod = report["target"]["pod"]
        self.assert_taken_over(self.here, boot_ids)

    def test_what_is_refused(self):
        source = self.begin_traffic()
        for strategy, what in (("shadow", "is a stream"), ("handoff", "use --strategy replay")):
            run = self.begin_migration(source.name, self.there, "--strategy", strategy).wait()
            self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
            self.assertIn(what, run.out)
        run = self.begin("plan", f"pod/{source.name}", "--to", self.there, "--strategy", "replay").wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertIn("it says at which offset it has stopped", run.out)
        found = self.the_one()
        self.assertEqual((found.state["boot_id"], found.state["role"]), (source.state["boot_id"], None))
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        self.assert_exact()

    def test_a_consumer_of_a_queue_has_no_log(self):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "replay").wait()
        self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
        self.assertIn("is a classic queue", run.out)
        self.assert_exact()

    def test_killed_while_the_source_stands_still(self):
        """The broker itself sends it on, before anybody cleans up."""
        source = self.killed_at("effect", "send consumer-0 from stream")
        count = self.state_of(source.name)["count"]
        self.eventually(lambda: self.state_of(source.name)["count"] > count + 20, "the source works again")
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_stayed(source)

    def test_killed_after_the_pivot(self):
        source = self.killed_at("pivoted", "")
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []), report)
        self.assert_taken_over(self.there, [source.state["boot_id"]])

    def test_interrupted(self):
        source = self.begin_traffic("--backlog", "1000")
        run = self.begin_migration(source.name, self.there, "--strategy", "replay")
        self.journal.await_record("effect", "arm the dead man's switch", process=run)
        run.signal(signal.SIGINT)
        run.wait()
        if run.report["result"] == "done":  # it came after the pivot
            self.assert_taken_over(self.there, [source.state["boot_id"]])
        else:
            self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (130, "undone", []), run.said())
            self.assert_stayed(source)


class Silent(OfAStream):
    """A consumer that follows the control protocol and does not answer STATUS: the operator's command says where it is."""

    COMMAND = "curl -sf http://$MS2M_POD_IP:8080/offset"
    OPTIONS = ("--from", "first", "--offset-command", COMMAND)

    def begin_traffic(self, *arguments):
        patch = self.patch_file({"env": [{"name": "ANSWER_STATUS", "value": "0"}]})
        return super().begin_traffic("--pod-patch", patch, *arguments)

    def test_there_and_back_without_the_nodes(self):
        source = self.begin_traffic("--backlog", "3000")
        boot_ids, pod = [], source.name
        for to in (self.there, self.here):
            boot_ids.append(self.the_one().state["boot_id"])
            report = self.moved(pod, to, *self.OPTIONS)
            offsets = report["stream"]
            self.assertEqual(set(offsets), FIELDS)
            self.assertEqual((offsets["first"], offsets["stop"], offsets["same_state"]), (None, offsets["cut_over"], None))
            self.assertGreater(offsets["stop"], 2999)
            self.note("replay by command gap_s", report["gap_s"])
            pod = report["target"]["pod"]
        self.assert_taken_over(self.here, boot_ids)

    def test_what_is_refused(self):
        source = self.begin_traffic()
        for options, what in (((), "does not answer STATUS"),
                              (("--from", "first", "--offset-command", "echo why >&2; exit 3"), "exit status 3: why"),
                              (("--from", "first", "--offset-command", "echo $MS2M_POD"), "is no offset: consumer-0"),
                              (("--from", "first", "--offset-command", "sleep 60", "--quiet-timeout", "1s"), "had not ended after 1 s")):
            run = self.begin_migration(source.name, self.there, "--strategy", "replay", *options).wait()
            self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
            self.assertIn(what, run.out)
            self.assertLess(run.seconds, 40)
        found = self.the_one()
        self.assertEqual((found.state["boot_id"], found.state["role"]), (source.state["boot_id"], None))
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        self.assert_exact()

    def test_a_command_that_fails_later(self):
        """When the source stands still: it goes on."""
        source = self.begin_traffic("--backlog", "1000")
        flag = os.path.join(self.state_home, "fails")
        run = self.begin_migration(source.name, self.there, "--strategy", "replay", "--quiet-timeout", "2s", "--from", "first",
                                   "--offset-command", f"[ ! -e {flag} ] && {self.COMMAND}")
        self.journal.await_record("effect", "arm the dead man's switch", process=run)
        with open(flag, "w", encoding="ascii"):
            run.wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
        self.assertIn("--offset-command for pod", run.out)
        self.assert_stayed(source)

    def test_killed_while_the_source_stands_still(self):
        """Whoever undoes it has no command."""
        source = self.killed_at("effect", "send consumer-0 from stream", *self.OPTIONS)
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_stayed(source)

    def test_killed_after_the_pivot(self):
        source = self.killed_at("pivoted", "", *self.OPTIONS)
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []), report)
        self.assert_taken_over(self.there, [source.state["boot_id"]])


class ReadsOn(OfAStream):
    """A restored copy: the process goes on, and nothing is read again."""

    FROM = ("--from", "checkpoint")

    def assert_moved(self, source, report, first=0):
        """The same process, and where it was at each point."""
        offsets = report["stream"]
        self.assertEqual(set(offsets), FIELDS)
        self.assertEqual((offsets["first"], offsets["stop"]), (first, offsets["cut_over"]))
        self.assertLess(offsets["checkpoint"], offsets["stop"], "the source served meanwhile")
        self.assertEqual(self.the_one().state["boot_id"], source.state["boot_id"], "its memory has moved")
        self.assertEqual(len(report["pauses"]), 2, report["pauses"])
        self.assertGreater(report["bytes"], 1000000)
        for key in ("gap_s", "source_pause_s", "total_s"):
            self.note(f"reads on {key}", report[key])

    def there_and_back(self, *arguments):
        source = self.begin_traffic("--backlog", "3000")
        pod = source.name
        for to in (self.there, self.here):
            report = self.moved(pod, to, *self.FROM, *arguments)
            self.assertTrue(report["stream"]["same_state"])
            self.assert_moved(source, report)
            self.assert_critical_path(report)
            pod = report["target"]["pod"]
        self.assert_works_on(self.here)
        return report

    def test_there_and_back(self):
        self.assertEqual(self.there_and_back()["carrier"], "relay")

    def test_of_one_that_does_not_answer(self):
        source = self.begin_traffic("--pod-patch", self.patch_file({"env": [{"name": "ANSWER_STATUS", "value": "0"}]}))
        report = self.moved(source.name, self.there, *self.FROM, "--offset-command", Silent.COMMAND)
        self.assert_moved(source, report, first=None)
        self.assert_works_on(self.there)

    def test_saturated(self):
        """A backlog is worked off meanwhile, by both."""
        source = self.begin_traffic("--backlog", "20000", "--delay-ms", "1")
        report = self.moved(source.name, self.there, *self.FROM, "--downtime-limit", "5s")
        self.assert_moved(source, report)
        self.assert_works_on(self.there)

    def test_killed_in_the_checkpoint(self):
        """The source stands still then, out of its stream: the broker sends it on."""
        source = self.killed_at("effect", "checkpoint container", *self.FROM)
        count = self.state_of(source.name)["count"]
        self.eventually(lambda: self.state_of(source.name)["count"] > count + 20, "the source works again")
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_stayed(source)

    def test_killed_while_the_copy_reads(self):
        source = self.killed_at("effect", "it says at which offset", *self.FROM)
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.assert_stayed(source)

    def test_killed_after_the_pivot(self):
        source = self.killed_at("pivoted", "", *self.FROM)
        report = self.recover("resume")
        self.assertEqual((report["result"], report["leftovers"]), ("done", []), report)
        self.assertEqual(self.the_one().state["boot_id"], source.state["boot_id"])
        self.assert_works_on(self.there)

    def test_what_is_refused(self):
        source = self.begin_traffic()
        run = self.begin("plan", f"pod/{source.name}", "--to", self.there, "--strategy", "replay", *self.FROM, "-o", "json").wait()
        self.assertEqual((run.status, run.report["procedure"]["course"]), (0, "hybrid"), run.said())
        run = self.begin_migration(source.name, self.there, "--strategy", "replay", *self.FROM, env={"MS2M_SSH_CONFIG": "/dev/null"}).wait()
        self.assertEqual((run.status, run.report["result"]), (4, "refused"), run.said())
        self.assertIn("cannot work on node", run.out)
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        self.assert_exact()


class ReadsOnByHandler(ReadsOn):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.with_handler()

    def test_there_and_back_by_the_runtime(self):
        self.there_and_back("--restore", "handler", "--checkpoint", "runtime")

    def test_there_and_back(self):
        self.there_and_back("--restore", "handler")


if __name__ == "__main__":
    scenario.main()
