"""`bench transfer`: an archive from node to node by each way, beside the plain pipe of its route: two ssh clients, or TCP."""

import contextlib
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys

import lab
import processes
from room import Room, running

RAW = {"ssh-relay": "raw-ssh", "ssh-direct": "raw-tcp", "registry": "raw-tcp"}  # the pipe of its route, or of what it is beside
WAYS = tuple(RAW)
COMPRESSIONS = ("zstd", "auto")
PIPES = {"raw-ssh": Room.raw, "raw-tcp": Room.raw_tcp}
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
SOURCE, TARGET = "worker-1", "worker-2"


def size_of(word):
    digits, unit = (word[:-1], UNITS[word[-1]]) if word[-1:] in UNITS else (word, 1)
    if not digits.isdigit() or int(digits) * unit < UNITS["M"]:
        raise ValueError(f"'{word}' is no size from 1M upwards: a number and K, M or G (1024)")
    return int(digits) * unit


def sizes_of(text):
    return [(word, size_of(word)) for word in text.split(",")]


def ways_of(text):
    ways = text.split(",")
    for way in ways:
        plain, _, compress = way.partition("+")
        if plain not in WAYS:
            raise ValueError(f"there is no way '{way}'; there is {', '.join(WAYS)}")
        if compress != "" and (compress not in COMPRESSIONS or plain == "registry") or way.endswith("+"):
            raise ValueError(f"'{way}' is not compressed so; ssh-relay and ssh-direct may have +{' or +'.join(COMPRESSIONS)}")
    return ways


def raw_of(way):
    return RAW[way.partition("+")[0]]


def share_of(text):
    if not 0 <= float(text) <= 1:
        raise ValueError(f"'{text}' is no share from 0 to 1")
    return float(text)


def carrier():
    path = os.environ.get("MS2M_BENCH_CARRIER") or os.path.join(lab.SOURCE_DIR, "build", "release", "test", "carry", "carry_once")
    if not os.path.exists(path):
        raise lab.Failure(f"{path} is not built: cmake --preset release && cmake --build --preset release --target carry_once")
    return path


def said(process, way):
    line = process.stdout.readline()
    if not line:
        raise lab.Failure(f"{way}: {process.stderr.read().strip() or 'ended'}")
    return json.loads(line)


def collect_garbage():
    """What the carrier has deleted lies on the registry's disk until then."""
    done = subprocess.run(["docker-registry", "garbage-collect", os.path.join(lab.LAB, "registry", "config.yml")], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise lab.Failure(f"the registry's garbage is not collected: {done.stderr.strip()}")


def carry(room, way):
    """One move, with what each process has used from its beginning to its end."""
    plain, _, compress = way.partition("+")
    request = {"way": plain, "compress": compress or "none", "ssh_config": os.path.join(lab.LAB, "ssh", "config"), "from": room.source, "to": room.target,
               "archive": room.archive, "id": room.name, "cache": room.cache, "address": room.address(),
               "registry": lab.REGISTRY, "registry_ca": os.path.join(lab.LAB, "pki", "ca.crt"),
               "registry_logins": os.path.join(lab.LAB, "registry", "auth.json")}
    with running([carrier(), json.dumps(request)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, text=True) as process:  # the nodes' programs end with it
        said(process, way)
        roles = processes.cast(process.pid, room.directory, {"source": room.source, "target": room.target})
        if plain == "registry":
            roles["registry"] = [int(lab.read("pids", "registry").split()[0])]
        before = processes.cpu_seconds(roles)
        process.stdin.write("go\n")
        process.stdin.flush()
        moved = said(process, way)
        after = processes.cpu_seconds(roles)
        peaks = processes.peaks(roles)
        process.stdin.close()
    if plain == "registry":
        collect_garbage()
    return {"seconds": moved["seconds"], "bytes": moved["bytes"], "travelled_bytes": moved["travelled_bytes"],
            "bytes_per_s": round(moved["bytes"] / moved["seconds"]),
            "peak_rss_mib": peaks, "cpu_s_per_gib": processes.per_gib(before, after, moved["bytes"])}


def repetition(room, ways, number):
    """Every way once, the plain pipes of their routes with them; who begins changes, and what connecting costs a pipe is not of its time."""
    turns = [*sorted({raw_of(way) for way in ways}), *ways]
    runs = {}
    for turn in turns[number % len(turns):] + turns[:number % len(turns)]:
        room.warm()
        if turn in PIPES:
            connect = PIPES[turn](room, "/dev/null")
            runs[turn] = {"connect_s": round(connect, 3), "seconds": round(PIPES[turn](room, room.archive) - connect, 3)}
        else:
            runs[turn] = carry(room, turn)
    return runs


def middle(values):
    values = list(values)
    if isinstance(values[0], dict):
        return {key: middle(value[key] for value in values) for key in values[0]}
    return round(statistics.median(values), 3)


def row(name, size, way, repetitions):
    """Medians; `ratio_to_raw` is of the medians: 1 is as fast as the plain pipe."""
    ours = [each[way] for each in repetitions]
    raw = middle(each[raw_of(way)]["seconds"] for each in repetitions)
    seconds = middle(run["seconds"] for run in ours)
    return {"size": name, "bytes": size, "way": way, "reps": len(ours), "seconds": seconds,
            "travelled_bytes": middle(run["travelled_bytes"] for run in ours), "bytes_per_s": round(size / seconds), "ratio_to_raw": round(raw / seconds, 3),
            "peak_rss_mib": middle(run["peak_rss_mib"] for run in ours),
            "cpu_s_per_gib": middle(run["cpu_s_per_gib"] for run in ours),
            "raw": {"seconds": raw, "bytes_per_s": round(size / raw),
                    "connect_s": middle(each[raw_of(way)]["connect_s"] for each in repetitions)},
            "runs": [{"seconds": round(each[way]["seconds"], 3), "raw_s": each[raw_of(way)]["seconds"]} for each in repetitions]}


def listed(numbers):
    return " ".join(f"{key} {value:g}" for key, value in numbers.items())


def show(line):
    return (f"{line['size']:>5} {line['way']:<15} {line['seconds']:.2f} s, {line['bytes_per_s'] / 1e6:.0f} MB/s "
            f"({line['travelled_bytes'] / line['bytes']:.2f} of them travelled), "
            f"{line['ratio_to_raw']:.2f} of the plain pipe's {line['raw']['bytes_per_s'] / 1e6:.0f} MB/s\n"
            f"      peak MiB: {listed(line['peak_rss_mib'])}\n      CPU s per GiB: {listed(line['cpu_s_per_gib'])}")


@contextlib.contextmanager
def emptied(room):
    """Nothing of it stays, also after Ctrl-C; another one does not end the removal."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        room.remove()


def run(options):
    carrier()
    room = Room(SOURCE, TARGET, f"bench-{secrets.token_hex(4)}")
    room.check(max(size for _, size in options.sizes))
    with emptied(room):
        for name, wanted in options.sizes:
            size = room.make(wanted, options.noise)
            repetitions = [repetition(room, options.ways, number) for number in range(options.reps)]
            for way in options.ways:
                line = row(name, size, way, repetitions)
                print(json.dumps(line) if options.json else show(line), flush=True)
    return 0
