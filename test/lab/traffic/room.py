"""What `bench transfer` has on the nodes: a directory of its own on each, with an archive, and what arrives."""

import contextlib
import os
import shlex
import subprocess
import time

import lab

LAYOUTS = "/var/lib/ms2m"  # where restores lie
SPARE = 512 << 20
MAKER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "checkpoint_like.py")


def check_free(needed, free):
    """`free`: {where: bytes}."""
    for where, there in free.items():
        if there < needed:
            raise lab.NoRoom(f"no room on {where}: {needed >> 20} MiB are needed, {there >> 20} MiB are free; nothing was begun")


@contextlib.contextmanager
def running(arguments, **streams):
    """It does not outlive what is done with it; a signal may have come to us alone."""
    with subprocess.Popen(arguments, **streams) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


class Room:
    """Between two nodes. What it made goes with it."""

    def __init__(self, source, target, name):
        self.source, self.target, self.name = source, target, name
        self.directory = f"/var/lib/ms2m-{name}"
        self.archive = f"{self.directory}/checkpoints/checkpoint-bench_default-consumer-2026-11-21T21:21:02Z.tar"
        self.arrived = f"{self.directory}/arrived"
        self.cache = f"{self.directory}/program"

    def ssh(self, node, command):
        return ["ssh", "-F", os.path.join(lab.LAB, "ssh", "config"), "-o", "BatchMode=yes", node, command]

    def run(self, node, command, **streams):
        done = subprocess.run(self.ssh(node, command), capture_output=True, text=True, check=False,
                              **(streams or {"stdin": subprocess.DEVNULL}))
        if done.returncode:
            raise lab.Failure(f"on {node}: {command}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def check(self, largest):
        """Archive and copy lie on this machine's disk, each on its node, and what is in the registry."""
        lab.read("ssh", "config")
        disk = os.statvfs(lab.LAB)
        check_free(3 * largest + SPARE, {f"the disk of {lab.LAB}, which both nodes and the registry have": disk.f_bavail * disk.f_frsize})
        for node in (self.source, self.target):
            there = int(self.run(node, "df --output=avail -B1 /var/lib | tail -n 1"))
            check_free(largest + SPARE, {f"node {node} (/var/lib)": there})

    def make(self, size, noise):
        self.run(self.source, f"umask 077; mkdir -p {os.path.dirname(self.archive)}; rm -f {self.archive}")
        self.run(self.target, f"umask 077; mkdir -p {self.directory}")
        with open(MAKER, encoding="utf-8") as program:
            self.run(self.source, f"python3 -B - {self.archive} {size} {noise}", stdin=program)
        return int(self.run(self.source, f"stat -c %s {self.archive}"))

    def warm(self):
        """The archive into the source's page cache, for every way alike; what came before has gone, and is not written."""
        self.run(self.target, f"rm -rf --one-file-system {self.arrived} {LAYOUTS}/{self.name}")
        self.run(self.source, f"cat {self.archive} >/dev/null")

    def raw(self, path):
        """Seconds of the plain pipe: two ssh clients and two cats."""
        begun = time.monotonic()
        with running(self.ssh(self.source, f"cat {path}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as first:
            with running(self.ssh(self.target, f"cat > {self.arrived}"), stdin=first.stdout) as second:
                first.stdout.close()
                if second.wait() or first.wait():
                    raise lab.Failure("the plain pipe broke")
        return time.monotonic() - begun

    def address(self):
        """The target's InternalIP."""
        return self.run(self.target, "hostname -I").split()[0]

    def raw_tcp(self, path):
        """Seconds of the plain pipe from node to node: TCP and two cats. Who listens is there before the time begins."""
        address = self.address()
        listen = ("import os, socket\ns = socket.create_server((%r, 0))\nprint(s.getsockname()[1], flush=True)\n"
                  "c = s.accept()[0]\nos.dup2(c.fileno(), 0)\nos.execvp('sh', ['sh', '-c', 'cat > %s'])" % (address, self.arrived))
        with running(self.ssh(self.target, f"exec python3 -c {shlex.quote(listen)}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                     text=True) as second:
            port = second.stdout.readline().strip()
            if not port.isdigit():
                raise lab.Failure("the plain pipe does not listen")
            begun = time.monotonic()
            command = f"exec cat {path} > /dev/tcp/{address}/{port}"
            with running(self.ssh(self.source, f"exec bash -c {shlex.quote(command)}"), stdin=subprocess.DEVNULL) as first:
                if first.wait() or second.wait():
                    raise lab.Failure("the plain pipe broke")
            return time.monotonic() - begun

    def remove(self):
        """Also after a part of it; the other node's goes whether or not this one's can."""
        failures = []
        for node in (self.source, self.target):
            try:
                self.run(node, f"rm -rf --one-file-system {self.directory} {LAYOUTS}/{self.name}; rmdir {LAYOUTS} 2>/dev/null || true")
            except lab.Failure as failure:
                failures.append(str(failure))
        if failures:
            raise lab.Failure("\n".join(failures))
