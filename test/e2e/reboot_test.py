#!/usr/bin/python3
"""The target's node loses its power: what had been prepared there before is void, what had ended stays what it is."""

import json

import handler_pods_test
import handler_test
import scenario
from scenario import kube

STARTED_ANEW = "is void: the node was started anew after it was prepared"


class Records(handler_pods_test.PreparedPods):
    """By hand, so that the power fails in a chosen state."""

    def rebooted(self, session):
        """A session with the node after it; the one before has ended without a word."""
        scenario.reboot("worker-2")
        session.kill()
        return self.session()

    def await_another(self, pod, *before):
        """Who counts there, and has not before."""

        def counting():
            try:
                return pod.counted()[0]
            except kube.Refused:  # nobody is there yet
                return ""

        self.eventually(lambda: counting() not in ("", *before), "another process counts", 120)
        pod.await_ready(120)
        return pod.counted()[0]

    def assert_void(self, session, copy, id_):
        copy.await_waiting("CreateContainerError", f"restore {id_} {STARTED_ANEW}")
        told = session.call("restore_list")["restores"][id_]
        self.assertEqual((told["state"], told["waiting"]), ("void", False))
        with self.assertRaisesRegex(handler_pods_test.Failed, "is void"):
            session.write(id_, b"nobody unpacks it")
        copy.remove()
        self.assertEqual(session.call("restore_sweep")["ids"], [id_])
        self.assertEqual(self.files_left(), [])

    def test_while_the_copy_waits(self):
        session = self.session()
        id_ = self.prepared(session)
        copy = self.copy(session, id_)
        session.until(id_, lambda seen: seen["waiting"])
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        self.assert_void(self.rebooted(session), copy, id_)

    def test_when_the_data_is_there(self):
        """Verified, but perhaps not on the disk: nobody restores it, and the source counts on."""
        source, session = self.source(), self.session()
        id_ = self.prepared(session)
        self.addCleanup(scenario.lab_command, "kubelet", "start", "worker-2", check=False)  # it would be missed by every other test
        scenario.lab_command("kubelet", "stop", "worker-2")
        copy = self.copy(session, id_)
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        counted = self.bring_data(session, source, id_)
        self.assert_void(self.rebooted(session), copy, id_)
        self.eventually(lambda: source.counted()[1] > counted, "the source counts on")

    def test_when_the_copy_runs(self):
        """Before the move is done it ends with the node and is not begun twice; after that it starts from its own image."""
        source, session = self.source(), self.session()
        id_ = self.prepared(session)
        copy = self.copy(session, id_)
        session.until(id_, lambda seen: seen["waiting"])
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        self.bring_data(session, source, id_)
        copy.await_ready()
        me = source.counted()[0]
        self.assertEqual(copy.counted()[0], me)

        session = self.rebooted(session)
        copy.await_waiting("CreateContainerError", f"restore {id_} was done before, and its copy has ended")
        self.assertEqual(session.call("restore_list")["restores"][id_]["state"], "restored")
        session.call("restore_done", id=id_)
        second = self.await_another(copy, me)

        session = self.rebooted(session)
        self.await_another(copy, me, second)
        self.assertEqual(session.call("restore_list")["restores"][id_]["state"], "done")
        session.call("restore_remove_data", id=id_)
        copy.remove()
        self.assertEqual(session.call("restore_sweep")["ids"], [id_])


class Moves(handler_test.Dying):
    def assert_source_goes_on(self, source, run):
        """Undone at once, or, when the node was not there again in time, by the command that is told."""
        self.assertIn(run.status, (1, 3), run.said())
        if run.status == 3:
            self.assertEqual(self.recover("abort")["leftovers"], [])
        self.assert_undone(source)

    def test_while_the_copy_waits(self):
        source, run = self.moved_while(lambda: scenario.reboot("worker-2"))
        self.assert_source_goes_on(source, run)

    def test_while_the_copy_is_restored(self):
        source, run = self.moved_while(self.reboot_restoring_node)
        self.assert_source_goes_on(source, run)

    @staticmethod
    def reboot_restoring_node():
        wait = "until pkill -STOP -f '^/usr/bin/crun .*restore'; do :; done"
        scenario.on_node("worker-2", f"timeout 30 sh -c \"{wait}\"")
        scenario.reboot("worker-2")

    def test_between_the_pivot_and_the_end(self):
        """ms2m has died, too. As long as the node had not been told, the source has what the copy had; else it starts anew there."""
        source = self.killed_at("pivoted", "")
        scenario.reboot("worker-2")
        (mark,) = [json.loads(line) for line in scenario.on_node("worker-2", "cat /var/lib/ms2m/*/record").splitlines()]
        report = self.recover("resume", status=1)
        self.assertEqual(report["leftovers"], [])
        if mark["state"] == "done":
            self.assertEqual(report["serving_kind"], "started_anew")
            self.assertIn("and its state with it", report["error"]["message"])
        else:
            self.assertEqual(report["serving"], f"source pod default/{source.name} on worker-1")
            self.assertIn("was lost after the hand-over", report["error"]["message"])
        found = self.the_one()
        self.assertEqual(found.state["boot_id"] == source.state["boot_id"], mark["state"] != "done")
        self.assert_goes_on(found.state["count"])
        self.stop_traffic()
        self.assert_no_debris()

    def test_after_the_move(self):
        """The pod is still the kubelet's: it starts cold there, and the queue is served."""
        (source,) = self.start_traffic()
        pod = self.migrate(source.name, "worker-2", "--strategy", "handoff")["target"]["pod"]
        moved = self.assert_serving("worker-2", source.state["boot_id"])
        self.assert_no_debris()
        scenario.reboot("worker-2")
        cold = self.await_another(source.state["boot_id"], 120)
        self.assertEqual((cold.name, cold.node), (pod, "worker-2"))
        self.assertLess(cold.state["count"], moved.state["count"], "it began anew")
        self.assert_goes_on(cold.state["count"])
        self.assertEqual(self.marks(), [pod])
        self.stop_traffic()
        self.assert_no_debris()


if __name__ == "__main__":
    scenario.main()
