"""Who takes part in a transfer, and what each has used: all processes of the lab are in this machine's /proc."""

import os

import lab

TICK = 1 / os.sysconf("SC_CLK_TCK")
GIB = 1 << 30


def parse_stat(text):
    """(name, parent, seconds of CPU time) of /proc/PID/stat; a name may hold anything."""
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return name, int(fields[1]), (int(fields[11]) + int(fields[12])) * TICK


def stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return parse_stat(file.read())


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


def look():
    """{pid: (name, parent)} now."""
    found = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            found[pid] = stat(pid)[:2]
        except OSError:
            continue  # it has ended
    return found


def link(*path):
    try:
        return os.readlink(os.path.join("/proc", *path))
    except OSError:
        return ""


def arguments(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode(errors="replace").split("\0")


def connection(pid, there):
    """The sshd of one connection: all above `pid` but the one that listens."""
    chain = []
    while pid in there:
        pid = there[pid][1]
        if pid in there and there[pid][0].startswith("sshd"):
            chain.append(pid)
        elif chain:
            break
    return chain[:-1]


def cast(carrier, directory, nodes):
    """{role: pids} of a carrier's process; `directory` is where its node programs were brought, {"source": node, ...}."""
    there = look()
    found = {"ms2m": [carrier]}
    programs = [pid for pid in there if directory in link(str(pid), "exe")]
    for side, node in nodes.items():
        network = link(lab.read("pids", node).split()[0], "ns", "net")
        found[f"node_{side}"] = [pid for pid in programs
                                 if link(str(pid), "ns", "net") == network and there[pid][1] not in programs]
        found[f"ssh_to_{side}"] = [pid for pid, (name, parent) in there.items()
                                   if parent == carrier and name == "ssh" and node in arguments(pid)]
        found[f"sshd_{side}"] = [each for pid in found[f"node_{side}"] for each in connection(pid, there)]
    missing = [role for role, pids in found.items() if not pids]
    if missing:
        raise lab.Failure(f"no process found for {', '.join(missing)}")
    return found


def cpu_seconds(roles):
    return {role: sum(stat(pid)[2] for pid in pids) for role, pids in roles.items()}


def per_gib(before, after, size):
    return {role: round((after[role] - before[role]) * GIB / size, 3) for role in before}


def peaks(roles):
    """Of ms2m and the node programs."""
    return {role: round(peak_mib(roles[role][0]), 1) for role in ("ms2m", "node_source", "node_target")}
