#!/usr/bin/python3
"""Checkpoints that go through a registry: exact, with nothing left there, and undone where it fails in any place."""

import glob
import json
import os
import shutil
import subprocess

import handler_test
import precopy_test
import scenario
from scenario import lab

PLACE = os.path.join(lab.LAB, "registry")
REPOSITORY = os.path.join(PLACE, "storage", "docker", "registry", "v2", "repositories", "ms2m")


def environment(**more):
    return {"MS2M_TRANSFER": "registry", "MS2M_REGISTRY": lab.REGISTRY, "MS2M_REGISTRY_CA": os.path.join(lab.LAB, "pki", "ca.crt"),
            "REGISTRY_AUTH_FILE": os.path.join(PLACE, "auth.json"), **more}


def password():
    with open(os.path.join(PLACE, "auth.json"), encoding="utf-8") as file:
        return json.load(file)["auths"]["registry:5000"]["auth"]


def size_of(path):
    try:
        return os.path.getsize(path)
    except FileNotFoundError:  # it has gone meanwhile
        return 0


class Registry:
    """What the cases share, in front of their other class."""

    def check_move(self, *arguments, workload=()):
        (source,) = self.start_traffic(*workload)
        report = self.migrate(source.name, self.there, *arguments, env=environment())
        self.assertEqual(report["carrier"], "registry")
        self.assert_serving(self.there, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return report

    def test_handoff(self):
        report = self.check_move("--strategy", "handoff")
        self.assertIn("through the registry", str([each["note"] for each in report["phases"]]))

    def test_shadow(self):
        self.check_move("--strategy", "shadow", workload=("--workload", "deployment"))


class ByImage(Registry, scenario.Scenario):
    def test_sequential(self):
        """The published baseline."""
        self.check_move("--strategy", "sequential", workload=("--workload", "statefulset"))

    # Before anything is touched.

    def refused(self, text, cure, **env):
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", env=environment(**env)).wait()
        self.assertEqual(run.status, 4, run.said())
        self.assertIn(text, run.report["error"]["message"])
        self.assertIn(cure, run.report["error"]["remedy"] or "")
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()
        return run

    def test_a_wrong_password(self):
        wrong = os.path.join(self.state_home, "wrong.json")
        with open(wrong, "w", encoding="utf-8") as file:
            json.dump({"auths": {"registry:5000": {"auth": "bXMybTp3cm9uZw=="}}}, file)
        self.refused("401", "skopeo login registry:5000", REGISTRY_AUTH_FILE=wrong)

    def test_no_login(self):
        self.refused("wants a login, and there is none for it in", "skopeo login registry:5000", REGISTRY_AUTH_FILE="/nowhere.json")

    def test_a_registry_that_is_not_trusted(self):
        self.refused("node worker-1 does not trust registry registry:5000", "--registry-ca", MS2M_REGISTRY_CA=None)

    def test_a_registry_that_is_not_there(self):
        self.refused("node worker-1 does not reach registry registry:5001", "", MS2M_REGISTRY="registry:5001/ms2m")

    def test_one_without_tls_is_named_so(self):
        """What has TLS is not asked without, and is told from what is not there."""
        self.refused("400", "", MS2M_REGISTRY="http://registry:5000/ms2m")

    def test_the_target_alone_does_not_reach_it(self):
        rule = f"OUTPUT -p tcp -d {lab.OPERATOR_IP} --dport 5000 -j REJECT --reject-with tcp-reset"
        self.addCleanup(scenario.on_node, self.there, f"iptables -D {rule} 2>/dev/null || true")
        scenario.on_node(self.there, f"iptables -I {rule}")
        self.refused("node worker-2 does not reach registry registry:5000", "see that nodes reach it")

    def test_words(self):
        """Of the command line."""
        (source,) = self.start_traffic()
        for env, arguments, text in (({"MS2M_REGISTRY": None}, (), "needs --registry"),
                                     ({"MS2M_REGISTRY": "registry:5000"}, (), "is not [http://]HOST[:PORT]/REPOSITORY"),
                                     ({"MS2M_REGISTRY_CA": "/nowhere"}, (), "no certificate in the registry's /nowhere"),
                                     ({}, ("--ssh-path", "direct"), "two ways")):
            run = self.begin_migration(source.name, self.there, *arguments, env=environment(**env)).wait()
            self.assertEqual(run.status, 2, run.said())
            self.assertIn(text, run.said())

    # In the middle of it.

    def uploads(self):
        return set(glob.glob(os.path.join(REPOSITORY, "_uploads", "*")))

    def slow(self, source):
        """A move whose archive takes seconds, in which it is stored by and by."""
        before = self.uploads()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", "--precopy", "off", "--bandwidth", "1M",
                                   env=environment())

        def stored():
            return [size_of(os.path.join(upload, "data")) for upload in self.uploads() - before]

        self.eventually(lambda: max(stored(), default=0) > 1000000, "the upload has begun")
        return run

    def test_a_registry_that_ends_and_comes_back(self):
        (source,) = self.start_traffic()
        before = self.uploads()
        run = self.slow(source)
        self.addCleanup(scenario.lab_command, "registry", "start")
        scenario.lab_command("registry", "stop")
        scenario.lab_command("registry", "start")
        run.wait()
        self.assertEqual((run.status, run.report["result"]), (1, "undone"), run.said())
        self.assertIn("source worker-1: ", run.report["error"]["message"])
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        # An upload that its end cut off is the registry's own to sweep.
        for upload in self.uploads() - before:
            shutil.rmtree(upload)
        self.assert_no_debris()

    def test_a_full_disk_of_the_registry(self):
        """It says so, and that is the cause."""
        (source,) = self.start_traffic()
        os.makedirs(REPOSITORY, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", REPOSITORY], check=True)
        try:
            run = self.begin_migration(source.name, self.there, "--strategy", "handoff", env=environment()).wait()
            self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
            self.assertIn("500", run.report["error"]["message"])
        finally:
            subprocess.run(["umount", "--lazy", REPOSITORY], check=True)  # the registry may look at it still
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_interrupted(self):
        (source,) = self.start_traffic()
        run = self.slow(source)
        run.signal(2)
        run.wait()
        self.assertEqual((run.status, run.report["leftovers"]), (130, []), run.said())
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_killed_while_it_is_pushed(self):
        """The source's node takes back what it has sent, and the broker sends the source back to work."""
        (source,) = self.start_traffic()
        before = self.uploads()
        run = self.slow(source)
        run.signal(9)
        run.wait()
        self.eventually(lambda: not any(size_of(os.path.join(upload, "data")) for upload in self.uploads() - before), "it is taken back")
        (journal,) = self.journal.ids()
        again = self.begin("abort", journal, "-o", "json", env=environment()).wait()
        self.assertIn(again.status, (0, 1), again.said())
        self.assertEqual(again.report["leftovers"], [])
        self.assert_serving(self.here, source.state["boot_id"])
        self.assert_exact()
        self.assert_no_debris()

    def test_killed_when_it_is_there(self):
        """The next ms2m finds in the journal what is in the registry, and its login where this one found it."""
        (source,) = self.start_traffic()
        run = self.begin_migration(source.name, self.there, "--strategy", "handoff", env=environment())
        tags = os.path.join(REPOSITORY, "_manifests", "tags", "*")
        self.eventually(lambda: glob.glob(tags), "it is in the registry")
        run.signal(9)
        run.wait()
        self.assertTrue(glob.glob(tags))
        self.assertNotIn(password(), self.journal.text())
        (journal,) = self.journal.ids()
        again = self.begin("abort", journal, "-o", "json",
                           env=environment(MS2M_TRANSFER=None, MS2M_REGISTRY=None, MS2M_REGISTRY_CA=None)).wait()
        self.assertIn(again.status, (0, 1), again.said())
        self.assertEqual(again.report["leftovers"], [])
        self.assert_exact()
        self.assert_no_debris()

    def test_nothing_secret_is_told(self):
        """Neither by arguments of processes on the nodes, nor by what ms2m says and writes, nor by files."""
        (source,) = self.start_traffic()
        secret = password()
        run = self.slow(source)
        for node in (self.here, self.there):
            look = (f"grep -l -a -e {secret} /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -v /self/; "
                    f"grep -r -l -e {secret} /var/lib/ms2m* /run/ms2m* /tmp /root /var/cache/ms2m 2>/dev/null; true")
            found = [line for line in scenario.on_node(node, look).splitlines() if line]
            own = [line for line in found if line.startswith("/proc/")]  # the shell that looks has it in its arguments
            self.assertEqual([line for line in found if line not in own], [])
            self.assertLessEqual(len(own), 4, own)
        run.wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertNotIn(secret, run.said())
        self.assertNotIn(secret, self.journal.text())
        self.assert_exact()
        self.assert_no_debris()

    def test_the_plan_says_what_is_left_until_when(self):
        (source,) = self.start_traffic()
        run = self.begin("plan", f"pod/{source.name}", "--to", self.there, "-o", "json", env=environment()).wait()
        self.assertEqual(run.status, 0, run.said())
        self.assertEqual(run.report["procedure"]["carrier"], "registry")
        self.assertTrue(any(f"through {lab.REGISTRY}:ms2m-" in each["do"] for each in run.report["steps"]), run.said())
        self.assertTrue(any("garbage" in note for note in run.report["notes"]), run.said())
        self.assert_exact()
        self.assert_no_debris()


class ByHandler(Registry, handler_test.ByHandler):
    pass


class InRounds(precopy_test.Named):
    check_move = Registry.check_move

    def test_rounds(self):
        report = self.check_move("--strategy", "handoff", "--precopy", "1", "--checkpoint", "runtime")
        self.assertLess(report["memory_pages"]["carried"], report["memory_pages"]["all"])


if __name__ == "__main__":
    scenario.main()
