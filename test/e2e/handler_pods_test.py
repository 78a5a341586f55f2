#!/usr/bin/python3
"""Pods that are run by ms2m's runtime handler, without a migration: set up as an operator does it, restored as ms2m does it."""

import contextlib
import io
import os
import subprocess
import sys
import tarfile
import unittest

import scenario
from scenario import driver, kube, lab

sys.path.insert(0, os.path.join(lab.SOURCE_DIR, "test", "lab", "root", "selftest"))

from node_session import Failed, Session  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = "/usr/libexec/ms2m/ms2m-node"  # where `ms2m node setup` puts it
PODS = "/api/v1/namespaces/default/pods"
CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
IMAGE = "localhost/ms2m-consumer:latest"
# Counts in its memory alone, and says who it is.
COUNTING = """
import time, uuid
me, count = uuid.uuid4().hex, 0
while True:
    count += 1
    print(me, count, flush=True)
    time.sleep(0.05)
"""
SLEEPING = "import time\nprint('there', flush=True)\nwhile True: time.sleep(60)"
SEEN = {"exec": {"command": ["/usr/bin/python3", "-c", "assert open('/etc/hostname').read().strip() and open('/etc/hosts').read()"]},
        "periodSeconds": 1}


def container(name, program=COUNTING, **more):
    return {"name": name, "image": IMAGE, "imagePullPolicy": "Never", "command": ["/usr/bin/python3", "-c", program], **more}


class Pod:
    def __init__(self, test, name, *, node="worker-2", handler="ms2m", containers=None, init=(), annotations=None):
        self._test, self.name, self._path = test, name, f"{PODS}/{name}"
        spec = {"nodeName": node, "terminationGracePeriodSeconds": 1, "containers": containers or [container("main", readinessProbe=SEEN)],
                "initContainers": list(init)}
        if handler:
            spec["runtimeClassName"] = handler
        test.addCleanup(self.remove)
        self.object = test.api.create(PODS, {"metadata": {"name": name, "annotations": annotations or {}}, "spec": spec})
        self.uid = self.object["metadata"]["uid"]

    def get(self):
        return self._test.api.get(self._path)

    def there(self):
        return self.name in [each["metadata"]["name"] for each in self._test.api.get(PODS)["items"]]

    def delete(self):
        self._test.api.delete(self._path, 1)

    def remove(self):
        self.delete()
        self._test.eventually(lambda: not self.there(), f"the end of pod {self.name}", 60)

    def status(self, name="main"):
        status = self.get().get("status", {})
        listed = status.get("containerStatuses", []) + status.get("initContainerStatuses", [])
        return next((each for each in listed if each["name"] == name), {})

    def waiting(self, name="main"):
        waiting = self.status(name).get("state", {}).get("waiting", {})
        return waiting.get("reason", ""), waiting.get("message", "")

    def await_ready(self, seconds=60):
        self._test.eventually(lambda: kube.is_ready(self.get()), f"pod {self.name} ready: {self.waiting()}", seconds)

    def await_waiting(self, reason, text, seconds=60):
        self._test.eventually(lambda: self.waiting()[0] == reason and text in self.waiting()[1],
                              f"pod {self.name} waits with {reason} {text!r}", seconds)

    def log(self, name="main"):
        with self._test.api.call("GET", f"{self._path}/log?container={name}") as answer:
            return answer.read().decode().splitlines()

    def counted(self):
        """Who counts, and how far it is."""
        lines = self.log()
        return (lines[-1].split()[0], int(lines[-1].split()[1])) if lines else ("", 0)

    def events(self, reason):
        return [event["message"] for event in self._test.api.get("/api/v1/namespaces/default/events")["items"]
                if event["involvedObject"].get("uid") == self.uid and event["reason"] == reason]

    def kill(self, node="worker-2"):
        """kill -9 of the container's first process."""
        id_ = self.status()["containerID"].rpartition("/")[2]
        scenario.on_node(node, f"kill -9 $(cat /run/containers/storage/overlay-containers/{id_}/userdata/pidfile)")
        return id_


class Handler(scenario.Scenario):
    def setUp(self):
        super().setUp()
        scenario.debris.snapshot()

    def session(self, node="worker-2"):
        session = Session([driver.LAB_COMMAND, "ssh", node, PROGRAM], node, "cri-o://1.36.3")
        self.addCleanup(session.close)
        return session


class WithoutHandler(Handler):
    def test_a_class_that_is_not_there(self):
        with self.assertRaises(kube.Refused) as refused:
            Pod(self, "classless")
        self.assertEqual(refused.exception.status, 403)
        self.assertIn('pods \\"classless\\" is forbidden: pod rejected: RuntimeClass \\"ms2m\\" not found', str(refused.exception))

    def test_a_handler_that_the_runtime_has_not_read(self):
        """It is among CRI-O's settings only after a restart of CRI-O; the kubelet goes on trying."""
        self.api.create(CLASSES, {"metadata": {"name": "late"}, "handler": "late"})
        self.addCleanup(self.api.delete, f"{CLASSES}/late")
        file = "/etc/crio/crio.conf.d/50-late.conf"
        self.addCleanup(scenario.on_node, "worker-2", f"rm -f {file} && systemctl restart crio")
        scenario.on_node("worker-2", f"printf '[crio.runtime.runtimes.late]\\nruntime_path = \"/usr/bin/crun\"\\n' > {file}")
        pod = Pod(self, "late", handler="late")
        self.eventually(lambda: pod.events("FailedCreatePodSandBox"), "the event")
        self.assertIn("Failed to create pod sandbox: rpc error: code = Unknown desc = failed to find runtime handler late from runtime list",
                      pod.events("FailedCreatePodSandBox")[0])
        self.assertEqual(pod.waiting()[0], "ContainerCreating")
        self.assertEqual(pod.get()["status"]["phase"], "Pending")
        scenario.on_node("worker-2", "systemctl restart crio")
        pod.await_ready()


class PreparedPods(Handler):
    """Restores that are prepared by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.with_handler()

    def prepared(self, session, id_="by-hand", valid_s=600, **target):
        whole = {"ns": "default", "pod": "copy", "container": "main", "image_id": self.image_id(), **target}
        session.call("restore_prepare", id=id_, wait_ms=100000, valid_s=valid_s, target=whole)
        self.addCleanup(scenario.on_node, "worker-2", f"rm -rf /var/lib/ms2m/{id_}")
        return id_

    @staticmethod
    def image_id():
        return scenario.on_node("worker-2", f"podman image inspect --format '{{{{.Id}}}}' {IMAGE}").strip()

    def bring_data(self, session, source, id_):
        """Of a checkpoint by the source's kubelet; how far the source had counted."""
        file = self.checkpoint("worker-1", source)
        data = subprocess.run([driver.LAB_COMMAND, "ssh", "worker-1", f"cat {file} && rm {file}"], stdout=subprocess.PIPE, check=True).stdout
        session.call("restore_ready", id=id_, sha256=session.write(id_, data))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return int(archive.extractfile("io.kubernetes.cri-o.LogPath").read().split()[-1])

    def checkpoint(self, node, pod):
        return self.api.create(f"/api/v1/nodes/{node}/proxy/checkpoint/default/{pod.name}/main", None)["items"][0]

    def source(self):
        source = Pod(self, "source", node="worker-1")
        source.await_ready()
        self.eventually(lambda: source.counted()[1] > 10, "the source counts")
        return source

    def copy(self, session, id_, **more):
        copy = Pod(self, "copy", annotations={"ms2m.io/restore": f"{id_}/main"}, **more)
        self.addCleanup(self.take_back, session, id_)  # before the pod, which would wait for it
        return copy

    @staticmethod
    def take_back(session, id_):
        with contextlib.suppress(Failed, OSError):  # it is done, or was never known; its session has ended
            session.call("restore_void", id=id_)

    @staticmethod
    def files_left():
        return [line for line in scenario.debris.found() if line.startswith("file ")]

    @staticmethod
    def at(pod, command):
        id_ = pod.status()["containerID"].rpartition("/")[2]
        root = f"/proc/$(cat /run/containers/storage/overlay-containers/{id_}/userdata/pidfile)/root"
        return command.format(root=root)


class WithHandler(PreparedPods):
    def test_runs_restarts_and_is_logged(self):
        pod = Pod(self, "plain", init=[container("first", "print('begun')"), container("beside", SLEEPING, restartPolicy="Always")],
                  containers=[container("main", readinessProbe=SEEN), container("other", SLEEPING)])
        pod.await_ready()
        for name, says in (("first", "begun"), ("beside", "there"), ("other", "there")):
            self.eventually(lambda name=name, says=says: pod.log(name) == [says], f"container {name} says so")
        me, id_ = pod.counted()[0], pod.kill()
        self.eventually(lambda: pod.status()["restartCount"] == 1 and kube.is_ready(pod.get()), "it is restarted")
        self.assertNotEqual(pod.status()["containerID"].rpartition("/")[2], id_)
        self.eventually(lambda: pod.counted()[0] not in ("", me), "another process counts")
        self.assertEqual(self.files_left(), [])

    def test_of_a_restore_that_nobody_knows(self):
        pod = self.copy(self.session(), "nobody")
        pod.await_waiting("CreateContainerError", "restore nobody is not known on this node")
        self.assertIn("container create failed: ms2m-runtime: ", pod.waiting()[1])
        pod.remove()
        self.assert_no_debris()

    def test_of_a_restore_that_is_not_its_own(self):
        """Its annotation says what anybody may write; what the node was told decides."""
        session = self.session()
        for id_, target, why in (("of-another", {"pod": "other"}, "is for another pod"),
                                 ("of-a-sidecar", {"container": "beside"}, "is for another container"),
                                 ("void", {}, "was taken back"), ("expired", {"valid_s": 1}, "was not used in its time"),
                                 ("moved-tag", {"image_id": "0" * 64}, "is of image 000000000000, but the pod's image on this node is")):
            with self.subTest(id_):
                valid_s = target.pop("valid_s", 600)
                self.prepared(session, id_=id_, valid_s=valid_s, **target)
                if id_ == "void":
                    session.call("restore_void", id=id_)
                copy = self.copy(session, id_)
                if id_ == "moved-tag":
                    session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
                copy.await_waiting("CreateContainerError", f"restore {id_} {why}")
                copy.remove()

    def test_of_a_record_that_the_handler_does_not_know(self):
        """The handler is older than who has prepared it. It says so, with the cure, and with one that knows it nothing is lost."""
        source, session = self.source(), self.session()
        id_ = self.prepared(session)
        record = f"/var/lib/ms2m/{id_}/record"

        def version(number):
            scenario.on_node("worker-2", f"sed 's/\"version\":[0-9]*/\"version\":{number}/' {record} >{record}.new && mv {record}.new {record}")

        version(99)
        copy = self.copy(session, id_)
        copy.await_waiting("CreateContainerError", f"the record of restore {id_}: it is of version 99, which is not known here (cure: ms2m node setup NODE)")
        version(1)
        session.until(id_, lambda seen: seen["waiting"])
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        counted = self.bring_data(session, source, id_)
        copy.await_ready()
        self.assertEqual(copy.log()[0].split(), [source.counted()[0], str(counted + 1)])

    def test_becomes_the_process_of_the_checkpoint(self):
        source, session = self.source(), self.session()
        id_ = self.prepared(session)
        other = container("other", SLEEPING)
        copy = self.copy(session, id_, init=[container("first", "print('begun')")], containers=[other, container("main", readinessProbe=SEEN)])
        session.until(id_, lambda seen: seen["waiting"])
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        me = source.counted()[0]
        status = copy.get()["status"]
        self.assertEqual((copy.waiting()[0], status["phase"]), ("PodInitializing", "Pending"))
        self.assertEqual([each["status"] for each in status["conditions"] if each["type"] == "PodReadyToStartContainers"], ["True"])
        self.assertEqual(copy.log("first"), ["begun"])
        counted = self.bring_data(session, source, id_)
        copy.await_ready()
        self.assertEqual(copy.log()[0].split(), [me, str(counted + 1)])
        self.assertEqual(scenario.on_node("worker-2", self.at(copy, "cat {root}/etc/hostname")).strip(), "copy")
        self.eventually(lambda: copy.counted()[1] > counted + 20, "it counts on")
        self.assertEqual(copy.status()["restartCount"], 0)
        # What was restored can be moved again.
        scenario.on_node("worker-2", f"rm {self.checkpoint('worker-2', copy)}")

        # A copy that ends is not started anew before the move is done, and then from its own image.
        copy.kill()
        copy.await_waiting("CreateContainerError", f"restore {id_} was done before, and its copy has ended")
        session.call("restore_done", id=id_)
        copy.await_ready()
        self.assertNotEqual(copy.counted()[0], me)
        session.call("restore_remove_data", id=id_)
        source.remove()
        self.assertEqual(self.files_left(), [])
        copy.remove()
        self.assertEqual(session.call("restore_sweep")["ids"], [id_])

    def test_deleted_while_it_waits(self):
        """It goes when its create ends, and not before."""
        session = self.session()
        id_ = self.prepared(session)
        copy = self.copy(session, id_)
        session.until(id_, lambda seen: seen["waiting"])
        copy.delete()
        with self.assertRaises(AssertionError):
            self.eventually(lambda: not copy.there(), "gone although its create waits", 3)
        session.call("restore_void", id=id_)
        self.eventually(lambda: not copy.there(), "the pod is gone")
        session.call("restore_sweep")
        self.assert_no_debris()

    def test_waits_longer_than_the_kubelet(self):
        """The kubelet asks again, also after a restart of CRI-O, while the first create goes on; it is restored once."""
        source, session = self.source(), self.session()
        id_ = self.prepared(session)
        self.addCleanup(scenario.lab_command, "kubelet", "faults", "worker-2")
        scenario.lab_command("kubelet", "faults", "worker-2", '{"create_patience_ms": 3000}')
        copy = self.copy(session, id_)
        session.until(id_, lambda seen: seen["waiting"])
        first = self.creates()
        copy.await_waiting("CreateContainerError", "context deadline exceeded")
        scenario.lab_command("kubelet", "faults", "worker-2")
        self.await_another(first)
        before = self.creates()
        scenario.on_node("worker-2", "systemctl restart crio")
        copy.await_waiting("CreateContainerError", "error reading from server: EOF")
        self.await_another(before)
        session.call("restore_bind", id=id_, uid=copy.uid, kubelet_root="/var/lib/kubelet")
        counted = self.bring_data(session, source, id_)
        copy.await_ready()
        self.assertEqual(copy.log()[0].split(), [source.counted()[0], str(counted + 1)])
        self.assertEqual(self.creates(), [])
        self.assertEqual(len(scenario.on_node("worker-2", "crun --root /run/crun list -q").split()), 1)

    def await_another(self, before):
        """One that is newer ends those that wait."""
        self.assertEqual(len(before), 1)
        self.eventually(lambda: len(self.creates()) == 1 and self.creates() != before, "another create, alone")

    @staticmethod
    def creates():
        """Handlers that wait, by process."""
        return scenario.on_node("worker-2", "pgrep -f '^/usr/libexec/ms2m/ms2m-runtime .*create' || true").split()


if __name__ == "__main__":
    unittest.main(verbosity=2)
