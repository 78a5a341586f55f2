"""The steps of a handoff by a runtime handler as somebody types them: ssh, the API and a broker client, and no wait but for what has to be.
No lease, journal, dead man or undo: nothing but the way there."""

import json
import os
import subprocess
import threading
import time

import pika

import kube
import lab

ORDERS = "/run/ms2m-by-hand"  # as in by_hand_runtime
PROGRAM = "/usr/local/bin/by-hand-runtime"
SETTINGS = "/etc/crio/crio.conf.d/90-by-hand.conf"
CLASS = "by-hand"
PODS = f"/api/v1/namespaces/{lab.NAMESPACE}/pods"
CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"
LIMIT = 60
LOOK = 0.003


class Node:
    """Its commands share one connection, which is open from the first on."""

    def __init__(self, name, directory):
        self.name = name
        self._ssh = ["ssh", "-F", os.path.join(lab.LAB, "ssh", "config"), "-o", "ControlMaster=auto", "-o", "ControlPersist=yes",
                     "-o", f"ControlPath={directory}/%n", name]

    def run(self, command, **kinds):
        done = subprocess.run([*self._ssh, command], stdin=kinds.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE, text=True,
                              check=False, timeout=LIMIT, **kinds)
        if done.returncode:
            raise lab.Failure(f"by hand, {self.name}: {command}: {done.returncode}")
        return done.stdout

    def begin(self, command):
        return subprocess.Popen([*self._ssh, command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def close(self):
        subprocess.run([*self._ssh[:-1], "-O", "exit", self.name], check=False, capture_output=True)


class Queues:
    """One connection, one channel."""

    def __init__(self):
        self._connection = pika.BlockingConnection(pika.URLParameters(lab.broker_uri()))
        self._channel = self._connection.channel()

    def declare(self, name):
        self._channel.queue_declare(name, durable=True)

    def tell(self, pod, word, **payload):
        self.declare(f"ms2m.control.{pod}")
        body = json.dumps({"type": word, "payload": payload}).encode()
        self._channel.basic_publish("", f"ms2m.control.{pod}", body)

    def wait_consumers(self, what, **wanted):
        """Of each of these queues so many."""
        end = time.monotonic() + LIMIT
        names = {"hold": self.hold, "primary": self.primary}
        while any(self._channel.queue_declare(names[queue], passive=True).method.consumer_count != count
                  for queue, count in wanted.items()):
            if time.monotonic() > end:
                raise lab.Failure(f"by hand: {what} does not come")
            self._connection.sleep(LOOK)

    def delete(self, name):
        self._channel.queue_delete(name)

    def close(self):
        self._connection.close()


def side_by_side(*calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def copy_of(pod, node, name):
    old = pod["metadata"]
    notes = dict(old.get("annotations", {}), **{"ms2m.io/base-name": old["name"]})  # as ms2m's copies say in whose place they are
    metadata = {"name": name, "labels": old.get("labels", {}), "annotations": notes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": dict(pod["spec"], nodeName=node, runtimeClassName=CLASS)}


class Handoff:
    """run() moves the pod. Then `report` is what bench knows of a migration: total_s, phases. As ms2m's, total_s begins where it is
    known what to do, and nodes and broker can be reached."""

    peak_rss_mib = None  # of several processes

    def __init__(self, api, pod, queue, node, directory):
        self._api, self._pod, self._to = api, pod, node
        self._copy, self._directory = pod + "-by-hand", directory
        self._queue = queue
        self._phases = []

    def run(self):
        self.begun = time.time()
        pod = self._api.get(f"{PODS}/{self._pod}")
        self._container = pod["spec"]["containers"][0]["name"]
        self._source, self._target = Node(pod["spec"]["nodeName"], self._directory), Node(self._to, self._directory)
        self._data = f"/var/lib/ms2m-by-hand-{int(time.time())}"
        side_by_side(self._connect, lambda: self._source.run("true"), lambda: self._target.run("true"))
        self._since = begun = time.monotonic()
        self._queues.declare(self._queues.hold)
        self._prepare()
        self._api.create(PODS, copy_of(pod, self._to, self._copy))
        self._target.run(f"until [ -e {self._data}/waiting ]; do sleep {LOOK}; done")
        self._end_phase("Preparing")
        self._queues.tell(self._pod, "START_REPLAY", queue=self._queues.hold)
        self._queues.wait_consumers("the quiet source", hold=1, primary=0)
        self._end_phase("Quiet")
        with self._api.call("POST", f"/api/v1/nodes/{self._source.name}/proxy/checkpoint/{lab.NAMESPACE}/{self._pod}/{self._container}",
                            timeout=LIMIT) as answer:
            archive = json.load(answer)["items"][0]
        self._end_phase("Checkpointing")
        reading = self._source.begin(f"cat '{archive}'")
        self._target.run(f"tar xf - -C {self._data} && touch {self._data}/ready", stdin=reading.stdout)
        self._end_phase("Transferring")
        self._queues.wait_consumers("the copy", hold=2)
        self._end_phase("Restoring")
        self._queues.tell(self._copy, "END_REPLAY")
        self._queues.wait_consumers("the copy's work", primary=1)
        self._end_phase("Replaying")
        side_by_side(lambda: self._source.run(f"rm -f '{archive}'"), lambda: self._target.run(f"rm -rf {self._data}"), self._retire)
        for name in (self._queues.hold, f"ms2m.control.{self._pod}"):
            self._queues.delete(name)
        self._end_phase("Finalizing")
        self.ended = time.time()
        self.report = {"total_s": round(time.monotonic() - begun, 3), "phases": self._phases}
        self._queues.close()
        self._source.close()
        self._target.close()

    def _connect(self):
        self._queues = Queues()
        self._queues.primary, self._queues.hold = self._queue, f"ms2m.by-hand.{int(time.time())}"

    def _prepare(self):
        self._target.run(f"mkdir -p {ORDERS} {self._data} && ln -s {self._data} {ORDERS}/{self._copy}.{self._container}")

    def _retire(self):
        self._api.delete(f"{PODS}/{self._pod}")
        if self._api.wait_pods("", lambda pods: self._pod not in pods, LIMIT) is None:
            raise lab.Failure("by hand: the source does not go")

    def _end_phase(self, name):
        now = time.monotonic()
        self._phases.append({"phase": name, "seconds": round(now - self._since, 3)})
        self._since = now


def set_up(node):
    """The handler's program and its name in the runtime's configuration."""
    with open(os.path.join(lab.SOURCE_DIR, "test", "lab", "root", "selftest", "by_hand_runtime"), encoding="utf-8") as program:
        node.run(f"cat >{PROGRAM} && chmod 755 {PROGRAM}", stdin=program)
    node.run(f"printf '[crio.runtime.runtimes.{CLASS}]\\nruntime_path = \"{PROGRAM}\"\\nruntime_type = \"oci\"\\n"
             f"runtime_root = \"/run/crun\"\\n' >{SETTINGS} && systemctl restart crio")


def take_back(node):
    node.run(f"rm -rf {PROGRAM} {SETTINGS} {ORDERS} && systemctl restart crio")


def declare_class(api):
    api.create(CLASSES, {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": CLASS}, "handler": CLASS})


def remove_class(api):
    api.delete(f"{CLASSES}/{CLASS}")
