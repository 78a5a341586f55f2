"""Listens to the consumers' effect reports (examples/consumer/effects.py) and reads them back.

A log line: <wall time> <id> <pod> <boot id> <muted 0|1> [<count> <hash>]; the last two are what the reporting process has in its memory, by
those that have no other way to say it (test/clients).
"""

import json
import signal
import socket
from collections import Counter
from dataclasses import dataclass


@dataclass
class Effect:
    at: float
    id: str
    pod: str
    boot_id: str
    muted: bool
    count: int = None
    hash: str = None


def collect(sock, path):
    """Runs until SIGTERM, then takes what has arrived."""
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    sock.settimeout(0.2)
    with open(path, "a", encoding="utf-8", buffering=1) as log:
        while True:
            try:
                report = json.loads(sock.recv(65536))
            except socket.timeout:
                if stopping:
                    return
                continue
            except ValueError:
                continue
            state = f" {report['count']} {report['hash']}" if "hash" in report else ""
            log.write(f"{report['at']:.6f} {report['id']} {report['pod']} {report['boot_id']} "
                      f"{int(report['muted'])}{state}\n")


def load(path):
    effects = []
    try:
        with open(path, encoding="utf-8") as log:
            for line in log:
                fields = line.split()
                if line.endswith("\n") and len(fields) in (5, 7):
                    state = (int(fields[5]), fields[6]) if len(fields) == 7 else ()
                    effects.append(Effect(float(fields[0]), *fields[1:4], fields[4] == "1", *state))
    except FileNotFoundError:
        pass
    return sorted(effects, key=lambda effect: effect.at)


def largest_pause(effects, since=0.0, until=float("inf")):
    """(seconds, from, to) of the longest time in which no message had its first effect anywhere.

    Only pauses that end after `since` and begin before `until` count.
    """
    seen, before, worst = set(), None, (0.0, None, None)
    for effect in effects:
        if effect.id in seen:
            continue
        seen.add(effect.id)
        if before is not None and effect.at >= since and before <= until:
            worst = max(worst, (effect.at - before, before, effect.at), key=lambda pause: pause[0])
        before = effect.at
    return worst


def handover_gap(effects, source):
    """Seconds from the last effect on the pod `source` to the first new one elsewhere: of a message that it never had.

    None when nothing new happened elsewhere. 0 when that came before the source's last one. Copies under the source's own
    name cannot be told from it: there the largest pause is the gap.
    """
    there = [effect for effect in effects if effect.pod == source]
    had = {effect.id for effect in there}
    new = [effect.at for effect in effects if effect.pod != source and effect.id not in had]
    return max(0.0, min(new) - there[-1].at) if there and new else None


def side_effects(effects):
    """How many messages had their side effect never, once and several times."""
    emitted = Counter(effect.id for effect in effects if not effect.muted)
    everything = {effect.id for effect in effects}
    return {"never": len(everything - set(emitted)),
            "once": sum(n == 1 for n in emitted.values()),
            "several": sum(n > 1 for n in emitted.values())}
