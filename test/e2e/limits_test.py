#!/usr/bin/python3
"""Servers that accept and say nothing: ms2m ends within its limits, names what it waited for, and the source works on."""

import os
import re
import shutil
import signal

import frozen_test
import scenario
from silent_server import MANAGEMENT, Silent

import lab  # the path is scenario's  pylint: disable=wrong-import-order


class Limits(frozen_test.FrozenCase):
    def server(self, *arguments):
        silent = Silent(*arguments)
        self.addCleanup(silent.close)
        return silent

    def test_before_anything_is_touched(self):
        """Each server by itself, all at the same time: nothing is touched, so they do not disturb each other."""
        (source,) = self.start_traffic("--rate", "10")
        names = {kind: f"127.0.0.1:{self.server().port}" for kind in ("management API", "broker", "API server")}
        with open(os.path.join(lab.LAB, "kubeconfig"), encoding="utf-8") as file:
            text = re.sub(r"server: *\S+", f"server: https://{names['API server']}", file.read())
        copy = os.path.join(self.state_home, "kubeconfig")
        with open(copy, "w", encoding="utf-8") as file:
            file.write(text)
        environments = {"management API": {"MS2M_BROKER_API": f"http://{names['management API']}"},
                        "broker": {"MS2M_BROKER": f"amqp://u:p@{names['broker']}"},
                        "API server": {"KUBECONFIG": copy}}
        runs = {kind: self.begin_migration(source.name, "worker-2", "--connect-timeout", "3s", env=env)
                for kind, env in environments.items()}
        for kind, run in runs.items():
            with self.subTest(kind):
                run.wait()
                self.assertNotIn(run.status, ("hung", 0), run.said())
                self.assertIn(names[kind], run.out + run.err)
        self.assertEqual(self.journal.ids(), [], "nothing was touched")
        self.assert_serving("worker-1", source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_frozen_behind_silence(self):
        """The source is frozen, and the management API says no more; three times one after the other, each time with
        another end."""
        source = self.plain("--rate", "10")  # few wait after a freeze: more than 150 would be refused
        group = self.group_of(source.name)
        self.await_named()
        for end in (self.waited_for, self.stopped, self.killed):
            with self.subTest(end.__name__):
                shutil.rmtree(os.path.join(self.state_home, "ms2m"), ignore_errors=True)
                host, _, _ = lab.broker_credentials()
                silent = self.server((host, MANAGEMENT), b"DELETE /api/connections")
                run = self.begin_migration(source.name, "worker-2", "--protocol", "none", "--deadman", "5s",
                                           "--connect-timeout", "3s",
                                           env={"MS2M_BROKER_API": f"http://127.0.0.1:{silent.port}"})
                self.await_silence(silent, run)
                self.assertTrue(self.is_frozen(group))
                end(source, run)
                self.assert_serving("worker-1", source.state["boot_id"])
                self.assertEqual(self.frozen("worker-1"), 0)
                self.assert_no_debris()
        self.assert_exact()
        self.assert_no_debris()

    def waited_for(self, _source, run):
        run.wait()
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())
        self.assertIn("management API", run.report["error"]["message"])

    def stopped(self, source, run):
        run.signal(signal.SIGSTOP)
        self.thawed(source)
        run.signal(signal.SIGCONT)
        run.wait()
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())

    def killed(self, source, run):
        run.signal(signal.SIGKILL)
        run.wait()
        self.thawed(source)
        self.assertEqual(self.recover("abort")["result"], "undone")

    def thawed(self, source):
        """With nobody there to do it."""
        self.eventually(lambda: self.frozen("worker-1") == 0, "the freeze ends by itself", 60)
        self.assert_serving("worker-1", source.state["boot_id"])


if __name__ == "__main__":
    scenario.main()
