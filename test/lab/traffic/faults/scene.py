"""A move under traffic to which something happens, and the means to let it happen."""

import contextlib
import glob
import json
import os
import signal
import subprocess
import tempfile
import time

import driver
import hole
import kube
import lab
import rabbit
from journal import Journal

SOURCE_NODE, TARGET_NODE = "worker-1", "worker-2"
# Places in a move, by what its journal says then.
WAITING_POD, QUIET, CHECKPOINT, STREAM = "create pod", "send ", "checkpoint container", "stream the archive"
RESTORE, PIVOT, PIVOTED = "remove the checkpoint image", "pivot_intent", "pivoted"
PROGRAM = "/var/cache/ms2m/ms2m-node-"
QUEUE = "app.events"
PODS = f"/api/v1/namespaces/{lab.NAMESPACE}/pods"


def lab_command(*arguments, seconds=120):
    result = subprocess.run([driver.LAB_COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=seconds)
    if result.returncode:
        raise lab.Failure(f"lab {' '.join(arguments)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def pid_of(component):
    return int(lab.read("pids", component).split()[0])


class Scene:
    """What was taken away comes back with `healed`, whatever happened in between."""

    def __init__(self, options, pod):
        self.options, self.pod = options, pod
        self.api = kube.Api()
        self.healed = contextlib.ExitStack()
        self.state_home = tempfile.mkdtemp(prefix="ms2m-faults-")
        self.journal = Journal(self.state_home)
        self.migration = None
        self.broker_away_s = 0.0  # for everybody: nobody can serve then
        self.wrong = []           # what beside the migration was not as it must be

    # The move.

    def arguments(self, pod, strategy="handoff", *more):
        return ["migrate", f"pod/{pod}", "--to", TARGET_NODE, "-o", "json", "--strategy", strategy, "--restore", "image", *more,
                *self.options.ms2m_args]

    def begin(self, strategy="handoff", *more, env=None):
        env = dict(driver.ms2m_env(self.state_home), **(env or {}))
        self.migration = driver.Migration(self.arguments(self.pod, strategy, *more), self.state_home, env)

    def begin_at(self, place, strategy="handoff", *more, env=None):
        self.begin(strategy, *more, env=env)
        self.at(place)

    def at(self, place):
        """Waits for a place: another record's type, or how the words of an effect begin, which begins then."""
        def there(record):
            return record.get("text", "").startswith(place) if record["type"] == "effect" else record["type"] == place
        self.journal.await_that(there, place, 90, self.migration)

    def abandon(self):
        """It did not come to what was to be seen: what it has begun is undone, so that the next one finds a clean lab."""
        if self.migration is None:
            return
        if self.migration.running():
            self.migration.kill()
        self.migration.wait(60)
        driver.Migration(["cleanup"], self.state_home).wait(120)

    def signal(self, number):
        os.kill(self.migration.pid, number)

    def stop_for(self, seconds):
        """ms2m alone stands still."""
        self.signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.signal(signal.SIGCONT)

    def expect(self, condition, what):
        if not condition:
            self.wrong.append(what)

    # Networks.

    def hole(self, port=5672):
        """Between ms2m and the broker."""
        made = hole.Hole((rabbit.lab.broker_credentials()[0], port))
        self.healed.callback(made.end)
        return made

    def through(self, made):
        """The environment that leads ms2m's AMQP through it."""
        host, user, password = lab.broker_credentials()
        return {"MS2M_BROKER": f"amqp://{user}:{password}@127.0.0.1:{made.port}/%2F", "MS2M_BROKER_API": f"http://{host}:15672"}

    def unplug(self, component):
        """Its end of the network: what is sent to it vanishes, nobody is told. Returns what plugs it in again."""
        lab_command("enter", "fabric", "ip", "link", "set", component, "down")
        return self.healed.callback(lab_command, "enter", "fabric", "ip", "link", "set", component, "up")

    def plug(self, component):
        lab_command("enter", "fabric", "ip", "link", "set", component, "up")

    @staticmethod
    @contextlib.contextmanager
    def cut_from_api_server(node):
        """Both ways, and nothing else: ssh lives."""
        with contextlib.ExitStack() as back:
            for rule in ("OUTPUT -p tcp --dport 6443 -j DROP", "INPUT -p tcp --dport 10250 -j DROP"):
                lab_command("enter", node, "sh", "-c", f"iptables -I {rule}")
                back.callback(lab_command, "enter", node, "sh", "-c", f"iptables -D {rule}")
            yield

    # Nodes.

    def small_disk(self, node, directory):
        """A file system of its own there, too small for anything."""
        lab_command("enter", node, "sh", "-c", f"mkdir -p {directory} && mount -t tmpfs -o size=256k,mode=700 tmpfs {directory}")
        self.healed.callback(lab_command, "enter", node, "umount", "-l", directory)

    def kill_program(self, node):
        """The program of ms2m's session there, not the guards that it has started."""
        lab_command("enter", node, "sh", "-c", f"""
            found=
            for p in /proc/[0-9]*; do
              case $(readlink "$p/exe") in {PROGRAM}*) ;; *) continue ;; esac
              parent=$(sed -n 's/^PPid:[[:space:]]*//p' "$p/status")
              case $(readlink "/proc/$parent/exe") in {PROGRAM}*) ;; *) kill -9 "${{p#/proc/}}" && found=1 ;; esac
            done
            [ -n "$found" ] || {{ echo "no program of ms2m runs" >&2; exit 1; }}""")

    def end_sshd(self, node):
        """Killed, and there again when ms2m has ended."""
        self.healed.callback(lab_command, "sshd", "start", node)
        lab_command("sshd", "stop", node)

    def stop_kubelet_for(self, node, seconds):
        """It stands still, and is not killed: the stand-in is also who reads what its containers print, and a real kubelet is not."""
        def send(name):
            lab_command("enter", node, "sh", "-c", f"kill -{name} $(cat /run/ms2m-lab/kubelet.pid)")
        self.healed.callback(send, "CONT")
        send("STOP")
        time.sleep(seconds)
        send("CONT")

    def kill_container(self, pod):
        """Its processes, at once, as the OOM killer does."""
        status = self.api.get(f"{PODS}/{pod}")["status"]["containerStatuses"][0]
        name = f"crio-{status['containerID'].split('//')[1]}"
        pids = set()
        for group in glob.glob(f"/sys/fs/cgroup/**/{name}/cgroup.procs", recursive=True):
            with open(group, encoding="ascii") as file:
                pids.update(int(pid) for pid in file.read().split())
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            raise lab.Failure(f"pod {pod} has no process")

    # The cluster.

    def copy(self):
        """The name of the other pod."""
        names = [pod["metadata"]["name"] for pod in self.api.pods("app=consumer") if pod["metadata"]["name"] != self.pod]
        if len(names) != 1:
            raise lab.Failure(f"there is no copy, or more: {names}")
        return names[0]

    def evict(self, pod):
        self.api.create(f"{PODS}/{pod}/eviction",
                        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": lab.NAMESPACE}})

    def delete(self, pod, grace=None):
        self.api.delete(f"{PODS}/{pod}", grace)

    def api_fault(self, **what):
        """The API server's next answers, to everybody."""
        self.api.create("/lab/faults", {"verb": ".*", "path": "^/api", **what})
        self.healed.callback(self.api.delete, "/lab/faults")

    def stop_api_server_for(self, seconds):
        """It accepts connections, and says nothing."""
        pid = pid_of("apiserver")
        os.kill(pid, signal.SIGSTOP)
        self.healed.callback(os.kill, pid, signal.SIGCONT)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    # The broker.

    def restart_broker(self):
        begun = time.monotonic()
        lab_command("rabbitmqctl", "stop_app")
        lab_command("rabbitmqctl", "start_app")
        self.broker_away_s += time.monotonic() - begun

    def unplug_broker_for(self, seconds):
        self.unplug("broker")
        time.sleep(seconds)
        self.plug("broker")
        self.broker_away_s += seconds


def patch_file(patch):
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(patch, file)
    return file.name
