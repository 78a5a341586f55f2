"""What selftests on a node have in common: containers as CRI-O makes them, and sessions with the node program.
Beside this file lie node_session.py, and the program under both names, ms2m-node and ms2m-runtime."""
import json, os, subprocess, sys, time

from node_session import Session

PLACE = os.path.dirname(os.path.abspath(__file__))
IMAGE, UID = "a" * 64, "11111111-2222-4333-8444-555555555555"
KUBELET = f"{PLACE}/kubelet"
HANDLER = f"{PLACE}/ms2m-runtime"
# Goes behind what sets `memory`. A line: count, connections made so far, what only this process' memory knows. Its log grows in the root file system.
CONNECTED = """
import socket, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 7000))
server.listen()
log = open("/own.log", "w")
count = connections = 0
link = None
while True:
    count += 1
    try:
        if link is None:
            link = socket.create_connection(("127.0.0.1", 7000), timeout=5)
            other = server.accept()[0]
            other.settimeout(5)
            connections += 1
        link.sendall(b"x")
        if other.recv(1) != b"x": raise OSError("closed")
    except OSError as error:
        print(repr(error), flush=True)
        link = None
    print(count, file=log, flush=True)
    print(count, connections, memory[:16].hex(), flush=True)
    time.sleep(0.02)
"""


def run(*argv, check=True):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(argv)}: {done.returncode}\n{done.stderr}")
    return done


def until(holds, what):
    end = time.monotonic() + 90
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"FAILED: waited 90 s for {what() if callable(what) else what}")
        time.sleep(0.02)


class Container:
    """A bundle as CRI-O makes it, over an overlay of the consumer's image."""

    GROUP = "/crio-"
    RUNTIME = "crun"

    def __init__(self, id, program, restore):
        self.id, self.bundle = id, f"{PLACE}/{id[:2]}"
        self.log, self.group = f"{self.bundle}/log", f"/sys/fs/cgroup{self.GROUP}{id}"
        image = "localhost/ms2m-consumer:latest"
        mounted = run("podman", "image", "mount", image).stdout.strip()
        lower = dict(each.partition("=")[::2] for each in run("findmnt", "-n", "-o", "OPTIONS", mounted).stdout.strip().split(","))["lowerdir"]
        run("podman", "image", "unmount", image)
        for each in ("upper", "work", "rootfs"):
            os.makedirs(f"{self.bundle}/{each}")
        run("mount", "-t", "overlay", "-o", f"lowerdir={lower},upperdir={self.bundle}/upper,workdir={self.bundle}/work", "overlay", f"{self.bundle}/rootfs")
        run("crun", "spec", "--bundle", self.bundle)
        spec = json.load(open(f"{self.bundle}/config.json"))
        spec["process"].update(terminal=False, args=["python3", "-c", program])
        spec["process"].pop("rlimits", None)
        spec["root"] = {"path": f"{self.bundle}/rootfs"}
        spec["linux"]["cgroupsPath"] = f"{self.GROUP}{id}"
        spec["linux"].pop("resources", None)
        spec["annotations"] = self.annotations()
        if restore is not None:
            spec["annotations"]["ms2m.io/restore"] = f"{restore}/consumer"
        self.complete(spec)
        json.dump(spec, open(f"{self.bundle}/config.json", "w"))

    def annotations(self):
        return {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.ImageRef": IMAGE,
                "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.name": "consumer-0-m", "io.kubernetes.pod.uid": UID,
                "io.kubernetes.container.name": "consumer"}

    def complete(self, spec):
        """What else its kind has in it."""

    def create(self, runtime):
        # As conmon: what the container writes goes through a pipe of the monitor's.
        writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=open(self.log, "a"))
        return subprocess.Popen([runtime, "--root", "/run/crun", "create", "--bundle", self.bundle, "--pid-file", f"{self.bundle}/pid", self.id],
                                stdin=subprocess.DEVNULL, stdout=writer.stdin, stderr=writer.stdin)

    def lines(self):
        return [line for line in open(self.log).read().split("\n")[:-1] if line[:1].isdigit()]

    def count(self):
        lines = self.lines()
        return int(lines[-1].split()[0]) if lines else 0

    def state(self):
        return json.loads(run(HANDLER, "--root", "/run/crun", "state", self.id).stdout)["status"]

    def pid(self):
        return open(f"{self.bundle}/pid").read()

    def lives(self):
        return os.path.exists(f"/proc/{self.pid()}/root/")

    def remove(self):
        run(self.RUNTIME, "--root", "/run/crun", "delete", "--force", self.id, check=False)
        run("umount", f"{self.bundle}/rootfs", check=False)


def session(runtime="cri-o://1.36.3"):
    return Session([f"{PLACE}/ms2m-node"], "selftest", runtime)


def prepare(session, id, wait_ms=60000):
    session.call("restore_prepare", id=id, wait_ms=wait_ms, valid_s=600,
                 target={"ns": "shop", "pod": "consumer-0-m", "container": "consumer", "image_id": IMAGE})


def set_up(real, kind="crun"):
    """The handler's settings, and a kubelet's directory of the pod."""
    os.makedirs(f"{KUBELET}/pods/{UID}", exist_ok=True)
    os.makedirs("/etc/ms2m", exist_ok=True)
    with open("/etc/ms2m/runtime.json", "w") as out:
        json.dump({"version": 1, "runtime": real, "kind": kind, "root": ""}, out)
