"""containerd on a node, for selftests: the daemon with directories of its own, and tasks that its runc shim runs as it does for the kubelet."""
import base64, json, os, shutil, signal, subprocess

from on_node import IMAGE, PLACE, UID, Container, run, until

RUNC = shutil.which("runc")
STATES = "/run/containerd/runc/k8s.io"  # the shim's own choice: --root of every call
CTR = ("ctr", "--address", f"{PLACE}/containerd.sock", "-n", "k8s.io")
SETTINGS = f"""version = 3
root = "{PLACE}/root"
state = "{PLACE}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]
[grpc]
address = "{PLACE}/containerd.sock"
"""

# The record that the CRI plugin keeps of a container, as ctr tells it to the handler: there is no plugin here.
RECORD = {"Extensions": {"io.cri-containerd.container.metadata": {
    "value": base64.b64encode(json.dumps({"Version": "v1", "Metadata": {"ImageRef": f"sha256:{IMAGE}"}}).encode()).decode()}}}


def ctr(*words, check=True):
    return run(*CTR, *words, check=check)


def begin(*words):
    """ctr, which may wait; its two outputs are one."""
    return subprocess.Popen([*CTR, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def processes():
    """Of the node: number, parent's number, name, words of its command line."""
    for each in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat, words = open(f"/proc/{each}/stat").read(), open(f"/proc/{each}/cmdline").read().split("\0")[:-1]
        except OSError:
            continue
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if words:  # else it has ended
            yield int(each), int(rest.split()[1]), name, words


def shims():
    return [pid for pid, _, name, _ in processes() if name.startswith("containerd-shim")]


def handler_of(id):
    """Whom the shim has called for that container, and waits for."""
    all_shims = shims()
    return [pid for pid, parent, _, words in processes() if words[0].endswith("ms2m-runtime") and id in words and parent in all_shims]


class Daemon:
    def __init__(self):
        with open(f"{PLACE}/containerd.toml", "w") as out:
            out.write(SETTINGS)
        os.makedirs(f"{PLACE}/programs", exist_ok=True)
        with open(f"{PLACE}/programs/ctr", "w") as out:
            out.write(f"#!/bin/sh\ncat <<'END'\n{json.dumps(RECORD)}\nEND\n")
        os.chmod(f"{PLACE}/programs/ctr", 0o755)
        os.symlink(f"{PLACE}/containerd.sock", "/run/containerd/containerd.sock")  # where ctr looks by itself
        self.start()

    def start(self):
        with open(f"{PLACE}/containerd.log", "a") as log:
            self._child = subprocess.Popen(["containerd", "--config", f"{PLACE}/containerd.toml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env={**os.environ, "PATH": f"{PLACE}/programs:{os.environ['PATH']}"})
        until(lambda: self._child.poll() is not None or ctr("version", check=False).returncode == 0, "containerd's answer")
        assert self._child.poll() is None, open(f"{PLACE}/containerd.log").read()[-2000:]

    def kill(self):
        self._child.kill()
        self._child.wait(20)


class Task(Container):
    """A container of containerd's, with the annotations that its CRI gives and a network namespace that is there before. Without `pod`, which is
    another one, it is a pod's sandbox: all of a pod's have one shim, which lets nobody in while it creates one of them."""

    GROUP = "/ms2m-containerd-selftest/"

    def __init__(self, id, program, runtime, restore=None, pod=None):
        self.pod = pod
        self.network = f"{PLACE}/network-{id[:2]}"
        open(self.network, "w").close()
        run("unshare", f"--net={self.network}", "ip", "link", "set", "lo", "up")
        super().__init__(id, program, restore)
        self._create = ["--config", f"{self.bundle}/config.json", "--runtime", "io.containerd.runc.v2", "--runc-binary", runtime]

    def annotations(self):
        own = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "consumer"} if self.pod else \
              {"io.kubernetes.cri.container-type": "sandbox"}
        return {**own, "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "consumer-0-m",
                "io.kubernetes.cri.sandbox-uid": UID, "io.kubernetes.cri.sandbox-id": (self.pod or self).id}

    def complete(self, spec):
        for each in spec["linux"]["namespaces"]:
            if each["type"] == "network":
                each["path"] = self.network

    def run(self):
        """To its end, in the foreground."""
        return run(*CTR, "run", "--rm", *self._create, self.id, check=False)

    def begin(self):
        """The shim creates and starts it, and that may wait: ctr's process."""
        ctr("containers", "create", *self._create, self.id)
        return begin("tasks", "start", "--detach", "--log-uri", f"file://{self.log}", self.id)

    def begin_again(self):
        """Of a container whose creation has failed, as the kubelet does it: all of it anew."""
        self.remove_task()
        return self.begin()

    def state(self):
        """As containerd sees it; "": it does not know such a task."""
        found = [line.split()[2] for line in ctr("tasks", "ls").stdout.splitlines() if line.startswith(self.id)]
        return found[0] if found else ""

    def pid(self):
        return next(line.split()[1] for line in ctr("tasks", "ls").stdout.splitlines() if line.startswith(self.id))

    def kill(self):
        ctr("tasks", "kill", "--signal", "SIGKILL", self.id)
        until(lambda: self.state() == "STOPPED", "containerd to see the end")

    def delete(self):
        """It ended with SIGKILL, and containerd knows."""
        said = ctr("tasks", "delete", self.id).stderr
        assert f"exit code {128 + signal.SIGKILL}" in said, said

    def remove_task(self):
        if self.state() == "RUNNING":
            self.kill()
        ctr("tasks", "delete", "--force", self.id, check=False)
        ctr("containers", "delete", self.id, check=False)

    def left(self):
        """Of its control group: number, parent's number, name, words."""
        try:
            numbers = set(map(int, open(f"{self.group}/cgroup.procs").read().split()))
        except OSError:
            return []
        return [each for each in processes() if each[0] in numbers] or sorted(numbers)

    def nothing_stays(self):
        """Neither a process nor a mount, also where its creation was killed."""
        until(lambda: not self.left(), lambda: f"the end of its processes: {self.left()}")
        until(lambda: not [words for _, _, name, words in processes() if name == "criu" or self.id in words], "the end of whoever worked for it")
        until(lambda: not os.path.exists(f"{STATES}/{self.id}"), "runc to forget it")
        mounts = open("/proc/mounts").read()
        assert "criu-root" not in mounts and "/var/lib/ms2m/" not in mounts, mounts
