"""The two background processes of `lab traffic`: the producer, and the collector of effect reports."""

import json
import os
import signal
import socket
import subprocess
import time

import effects_log
import lab
import workload

PRODUCER = os.path.join(lab.SOURCE_DIR, "examples", "producer", "producer.py")
CONFIRMED, EFFECTS, OPTIONS = "confirmed.log", "effects.log", "options.json"


def path(name):
    return os.path.join(lab.STATE_DIR, name)


def save_options(options):
    os.makedirs(lab.STATE_DIR, exist_ok=True)
    with open(path(OPTIONS), "w", encoding="utf-8") as file:
        json.dump(vars(options), file)


def load_options():
    try:
        with open(path(OPTIONS), encoding="utf-8") as file:
            return json.load(file)
    except OSError:
        raise lab.Failure("no traffic was started") from None


def pid_of(name):
    """The process, when it is still ours: its command line must name the pid file's purpose."""
    try:
        with open(path(name + ".pid"), encoding="utf-8") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return pid if name.encode() in file.read() else None
    except (OSError, ValueError):
        return None


def remember(name, pid):
    with open(path(name + ".pid"), "w", encoding="utf-8") as file:
        file.write(str(pid))


def end(name, seconds):
    """SIGTERM, then waits; True when it ended by itself."""
    pid = pid_of(name)
    if pid is None:
        return True
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if pid_of(name) is None or is_zombie(pid):
            return True
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    return False


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def bind_collector():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((lab.OPERATOR_IP, 0))
    return sock, f"{lab.OPERATOR_IP}:{sock.getsockname()[1]}"


def start_collector(sock):
    """`sock` goes to a process of its own, which writes the effect log."""
    command = ["/usr/bin/python3", "-B", os.path.join(os.path.dirname(__file__), "collector.py"),
               str(sock.fileno()), path(EFFECTS)]
    process = subprocess.Popen(command, pass_fds=[sock.fileno()], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=open(path("collector.err"), "ab"),
                               start_new_session=True)
    remember("collector", process.pid)
    sock.close()


def start_producer(options):
    command = ["/usr/bin/python3", "-B", PRODUCER, "--rate", f"{options.rate:g}", "--confirm-log", path(CONFIRMED),
               "--backlog", str(options.backlog), "--publishers", str(options.publishers),
               "--pad", str(options.pad), "--exchange", options.exchange_name]
    if options.exchange == "default":
        command += ["--routing-key", options.queue]
    else:
        command += ["--exchange-type", options.exchange]
    command += workload.ROUTES[options.exchange][1]
    env = dict(os.environ, RABBITMQ_URL=lab.broker_uri(options.tls), RABBITMQ_CA_PEM=lab.ca_pem())
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=open(path("producer.err"), "ab"), start_new_session=True)
    remember("producer", process.pid)
    await_first_confirms(process, options.backlog + 1 if options.rate else options.backlog)


def await_first_confirms(process, count):
    deadline = time.monotonic() + 300 + count / 2000
    while count_lines(path(CONFIRMED)) < count:
        if process.poll() is not None or time.monotonic() > deadline:
            with open(path("producer.err"), encoding="utf-8", errors="replace") as err:
                raise lab.Failure("the producer does not get confirms: " + err.read()[-500:])
        time.sleep(0.02)


def count_lines(name):
    try:
        with open(name, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def effects():
    return effects_log.load(path(EFFECTS))
