"""What the end-to-end scenarios share: traffic, runs of ms2m, the verdict, what is left behind, crashes at chosen places.

The lab must be up (scripts/test sees to it); MS2M names the binary. Everything that speaks to the lab is test/lab/traffic's.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lab", "traffic"))

import debris  # noqa: E402  pylint: disable=wrong-import-position
import driver  # noqa: E402
import kube  # noqa: E402
import lab  # noqa: E402
import rabbit  # noqa: E402
from journal import Journal  # noqa: E402
from serving import QUEUE, Serving  # noqa: E402

# A script's background job ignores it, and so would ms2m.
signal.signal(signal.SIGINT, signal.default_int_handler)

OUTCOME_KEYS = {
    "schema", "kind", "command", "id", "result", "exit_status", "interrupted", "strategy", "namespace", "queue", "source",
    "target", "serving", "serving_kind", "total_s", "served_s", "reconnect_s", "source_pause_s", "gap_s", "bytes", "carrier", "precopy_bytes", "memory_pages", "held", "relayed", "returned",
    "frozen_s", "overtaken_at_most", "arrival_rate", "service_rate", "deadman_margin_s", "stream", "phases", "error", "undone", "leftovers",
    "resumable", "hooks", "changes", "depths", "pauses", "wall_s", "outside_total", "node_calls", "node_time_s", "critical_path", "time_outside_s"}
WAITED_FOR = {"kubelet", "runtime", "disk", "network", "pod start", "pod end", "consumer", "hook"}
OWN = {"broker", "api server", "node", "ms2m"}
PHASES = ["Preparing", "Checkpointing", "Transferring", "Restoring", "Replaying", "Finalizing"]


def environment(state_home, extra=None):
    """As an operator's shell: the broker is found by the pod's annotations."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("MS2M_") or name.startswith("MS2M_LAB") or name == "MS2M_NODE_PROGRAM"}
    env.update(KUBECONFIG=os.path.join(lab.LAB, "kubeconfig"), MS2M_SSH_CONFIG=os.path.join(lab.LAB, "ssh", "config"),
               MS2M_BROKER_CA=os.path.join(lab.LAB, "pki", "ca.crt"), XDG_STATE_HOME=state_home,
               XDG_CONFIG_HOME=os.path.join(state_home, "no-config"))
    env.update(extra or {})
    return {name: value for name, value in env.items() if value is not None}


class Ms2m:
    """One running or ended ms2m, or a script that runs it."""

    def __init__(self, arguments, state_home, env=None, program=None):
        self.arguments = arguments
        self.begun = time.monotonic()
        self._process = subprocess.Popen([program or driver.ms2m_binary(), *arguments], env=environment(state_home, env), text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         start_new_session=True)
        # Read as it comes: a pipe that is full would stop it.
        self._texts = {}
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("stdout", "stderr")]
        for reader in self._readers:
            reader.start()

    def _read(self, name):
        with getattr(self._process, name) as pipe:
            self._texts[name] = pipe.read()

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        """To ms2m alone: what it started must end by itself."""
        self._process.send_signal(number)

    def wait(self, seconds=180):
        try:
            self.status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self.status = "hung"
        self.seconds = time.monotonic() - self.begun
        for reader in self._readers:
            reader.join(30)
        self.out, self.err = self._texts.get("stdout", ""), self._texts.get("stderr", "")
        try:
            self.report = json.loads(self.out)
        except ValueError:
            self.report = {}
        return self

    def said(self):
        return f"ms2m {' '.join(self.arguments)}: exit status {self.status}\n{self.err}{self.out}"


class ConsumerWatch:
    """Looks every 10 ms whether somebody consumes the queue, until stopped."""

    def __init__(self, queue=QUEUE):
        self._queue, self._over = queue, threading.Event()
        self.last_unserved = 0.0
        self.samples = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with rabbit.Probe() as probe:
            while not self._over.is_set():
                seen = probe.look(self._queue)
                self.samples += 1
                if not seen or seen[1] == 0:
                    self.last_unserved = time.monotonic()
                probe.sleep(0.01)

    def stop(self):
        self._over.set()
        self._thread.join(60)
        assert self.samples, "the queue was never looked at"
        return self.last_unserved


class Scenario(Serving, unittest.TestCase):
    numbers = {}  # name -> values, printed at the end of a class
    here, there = "worker-1", "worker-2"  # whence and whither pods are moved

    @classmethod
    def setUpClass(cls):
        cls.numbers = {}
        cls.api = kube.Api()
        driver.traffic("clean")

    @classmethod
    def with_handler(cls):
        """Both nodes as an operator sets them up; taken back with the class, when its traffic has gone."""
        set_up_nodes(cls.here, cls.there)
        cls.addClassCleanup(set_up_nodes, cls.here, cls.there, "--remove")

    @classmethod
    def tearDownClass(cls):
        driver.traffic("clean")
        for name, values in cls.numbers.items():
            print(f"{cls.__name__}: {name} median {statistics.median(values):.3f} of "
                  f"{', '.join(f'{value:.3f}' for value in values)}", file=sys.stderr)

    def setUp(self):
        self._sweep()
        self.state_home = tempfile.mkdtemp(prefix="e2e-")
        self.addCleanup(shutil.rmtree, self.state_home, ignore_errors=True)
        self.journal = Journal(self.state_home)
        self.runs = []

    def _sweep(self):
        """What a test that failed has left must not make the next one fail."""
        leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        for lease in self.api.get(leases)["items"]:
            if lease["metadata"]["name"].startswith("ms2m-"):
                self.api.delete(f"{leases}/{lease['metadata']['name']}")
        management = rabbit.Management()
        for kind in ("queues", "exchanges"):
            for row in management.call("GET", f"/{kind}/%2F"):
                if row["name"].startswith("ms2m.") and not row["name"].startswith("ms2m.control."):
                    management.delete(kind, row["name"])

    def doCleanups(self):
        self._explain()  # also when something of the clean-up hangs
        return super().doCleanups()

    def _explain(self):
        """After a failure: what ms2m said and wrote."""
        outcome = self._outcome
        problems = getattr(outcome, "errors", []) + getattr(getattr(outcome, "result", None), "errors", []) + \
            getattr(getattr(outcome, "result", None), "failures", [])
        own = [error for test, error in problems if test is self and error]
        if own:
            print(*own, sep="\n", file=sys.stderr)
            for run in self.runs:
                print(run.said() if hasattr(run, "status") else f"ms2m {run.arguments} still runs", file=sys.stderr)
            print(self.journal.text(), file=sys.stderr)

    def note(self, name, value):
        self.numbers.setdefault(name, []).append(value)

    # Traffic and its verdict.

    def start_traffic(self, *arguments):
        """Clean, then a workload under traffic; whatever the lab has then is no debris."""
        driver.traffic("start", "--node", self.here, *arguments)
        self.addCleanup(driver.traffic, "clean")
        debris.snapshot()
        wanted = int(arguments[arguments.index("--replicas") + 1]) if "--replicas" in arguments else 1
        return sorted(self.await_instances(lambda found: len(found) == wanted, f"{wanted} consume"), key=lambda instance: instance.name)

    @classmethod
    def patch_file(cls, patch):
        """For --pod-patch; removed with the class."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(patch, file)
        cls.addClassCleanup(os.unlink, file.name)
        return file.name

    def await_named(self, queue=QUEUE):
        """The management API says of a consumer some seconds after it has come where it is connected, and its heartbeats: ms2m would wait for that, or
        do without."""
        management = rabbit.Management()

        def named():
            details = [one["channel_details"] or {} for one in management.call("GET", "/consumers/%2F") if one["queue"]["name"] == queue]
            beats = {one["name"]: one.get("timeout") for one in management.connections()}
            return bool(details) and all(beats.get(one.get("connection_name")) is not None for one in details)

        self.eventually(named, f"the consumer of {queue} is named")

    def stop_traffic(self):
        driver.traffic("stop")

    def assert_exact(self, timeout=120):
        """Ends the traffic, lets the survivors drain the queue, compares."""
        self.stop_traffic()
        result = driver.verdict(timeout)
        self.assertTrue(result["exact"], result["line"])
        self.assertGreater(result["published"], 0)
        return result

    def assert_no_debris(self):
        self.assertEqual(debris.found(), [], "left behind")

    def eventually(self, condition, what, seconds=60.0):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"not within {seconds:g} s: {what}")
            time.sleep(0.02)

    # Runs of ms2m.

    def begin(self, *arguments, env=None, program=None):
        run = Ms2m(list(arguments), self.state_home, env, program)
        self.runs.append(run)
        self.addCleanup(self._end, run)
        return run

    @staticmethod
    def _end(run):
        if run.running():
            run.signal(signal.SIGKILL)
            run.wait()

    def begin_migration(self, pod, to, *arguments, env=None):
        return self.begin("migrate", f"pod/{pod}", "--to", to, "-o", "json", *arguments, env=env)

    def migrate(self, pod, to, *arguments, env=None, seconds=180):
        """A migration that must succeed; its report."""
        run = self.begin_migration(pod, to, *arguments, env=env).wait(seconds)
        self.assertEqual(run.status, 0, run.said())
        self.assert_outcome(run.report, pod, to)
        name = run.report["strategy"]
        self.note(f"{name} gap_s", run.report["gap_s"])
        self.note(f"{name} total_s", run.report["total_s"])
        return run.report

    def assert_outcome(self, report, pod, to):
        """The documented schema of a migration that was done."""
        self.assertEqual(report["schema"], "ms2m/v1")
        self.assertEqual(report["kind"], "outcome")
        self.assertLessEqual(OUTCOME_KEYS, set(report), "keys that are missing")
        self.assertEqual((report["result"], report["exit_status"], report["interrupted"]), ("done", 0, False))
        self.assertEqual(report["source"]["pod"], pod)
        self.assertEqual(report["target"]["node"], to)
        self.assertEqual(report["queue"], QUEUE)
        self.assertIsNone(report["error"])
        self.assertEqual((report["undone"], report["leftovers"]), ([], []))
        for key in ("total_s", "served_s", "gap_s", "source_pause_s", "bytes", "held", "deadman_margin_s", "node_calls", "node_time_s"):
            self.assertIsInstance(report[key], (int, float), key)
        self.assertGreater(report["bytes"], 1000000)
        for entry in report["phases"]:
            self.assertEqual({"phase", "seconds", "percent", "note"}, set(entry))
        self.assertGreaterEqual(len(report["pauses"]), 1)
        for entry in report["pauses"]:
            self.assertTrue(entry["cause"])
        self.assertTrue(any(abs(entry["seconds"] - report["gap_s"]) < 0.001 for entry in report["pauses"]), report["pauses"])
        self.assertEqual([entry["what"] for entry in report["outside_total"]],
                         ["finding pod and broker", "preflight", *(["hooks after its end"] if report["hooks"] else []),
                          "removing what earlier moves left", "closing the connections"])
        named_time = report["total_s"] + sum(entry["seconds"] for entry in report["outside_total"])
        self.assertAlmostEqual(report["wall_s"], named_time, delta=2)  # its start, on a machine that does other things, too
        self.assert_critical_path(report)
        named = [entry["phase"] for entry in report["phases"]]
        self.assertEqual([phase for phase in PHASES if phase in named], named, "phases in their order")
        self.assertAlmostEqual(sum(entry["percent"] for entry in report["phases"]), 100, delta=5)

    def assert_critical_path(self, report):
        """It fills the time: no gap, nothing counted twice, and phase by phase."""
        path = report["critical_path"]
        for entry in path:
            self.assertEqual({"waited_for", "what", "phase", "seconds"}, set(entry))
            self.assertIn(entry["waited_for"], WAITED_FOR | OWN)
            self.assertTrue(entry["what"])
            self.assertGreaterEqual(entry["seconds"], 0)
        phases = [PHASES.index(entry["phase"]) for entry in path]
        self.assertEqual(phases, sorted(phases))
        self.assertAlmostEqual(sum(entry["seconds"] for entry in path), report["total_s"], delta=0.001 * len(path))
        own = sum(entry["seconds"] for entry in path if entry["waited_for"] in OWN)
        self.assertAlmostEqual(report["time_outside_s"], own, delta=0.001 * len(path))
        self.assertLessEqual(report["time_outside_s"], report["total_s"])
        self.note(f"{report['strategy']} time_outside_s", report["time_outside_s"])

    def recover(self, verb, status=0):
        """abort or resume of the one migration that was begun."""
        ids = self.journal.ids()
        self.assertEqual(len(ids), 1)
        run = self.begin(verb, ids[0], "-o", "json").wait()
        self.assertEqual(run.status, status, run.said())
        return run.report


def set_up_nodes(here, there, *arguments):
    with tempfile.TemporaryDirectory() as state_home:
        run = Ms2m(["node", "setup", here, there, "--restart-runtime", *arguments], state_home).wait()
        assert run.status == 0, run.said()


def lab_command(*arguments, check=True):
    return subprocess.run([driver.LAB_COMMAND, *arguments], capture_output=True, text=True, check=check)


def reboot(node):
    lab_command("reboot", node)


def on_node(node, command):
    return lab_command("ssh", node, command).stdout


def main():
    unittest.main(verbosity=2)
