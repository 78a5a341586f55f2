"""The state that a migration must carry: a fold over every message, in order.

One instance is written by the consuming thread and read by the HTTP thread.
"""

import hashlib
import json
import secrets
import threading
import time

ROOT_HASH = bytes(32)
KEPT_PAUSES = 8


class Message:
    """A delivery, reduced to what the fold needs.

    Numbered messages carry {"id": "<publisher>-<seq>", "seq": n}; anything else
    is folded under its message id, or under the hash of its body.
    """

    def __init__(self, properties, body):
        self.seq = None
        self.publisher = ""
        content = parse_object(body)
        self.id = properties.message_id or content.get("id")
        if not self.id:
            self.id = hashlib.sha256(body).hexdigest()[:16]
        if isinstance(content.get("seq"), int):
            self.seq = content["seq"]
            self.publisher = self.id.rpartition("-")[0]


def parse_object(body):
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


class Sequence:
    """Watches the numbers of one publisher, which count up from 1."""

    def __init__(self):
        self.last = 0
        self.missing = set()
        self.doubles = 0
        self.out_of_order = 0

    def see(self, seq):
        if seq > self.last:
            self.missing.update(range(self.last + 1, seq))
            self.last = seq
        elif seq in self.missing:
            self.missing.discard(seq)
            self.out_of_order += 1
        else:
            self.doubles += 1

    def report(self):
        return {"last_seq": self.last, "gaps": len(self.missing), "doubles": self.doubles,
                "out_of_order": self.out_of_order}


class AppState:
    def __init__(self, primary, mute_roles=("target",)):
        self._lock = threading.Lock()
        self._mute_roles = mute_roles
        self._hash = ROOT_HASH
        self._runs = []  # [publisher, first, last] or [id, None, None], in order of application
        self._sequences = {}
        self._pauses = []
        self._subscriptions = []
        self._per_queue = {}
        self._facts = {
            "boot_id": secrets.token_hex(8), "started": time.time(), "count": 0, "last_id": None,
            "last_effect": None, "last_effect_monotonic": None, "primary": primary, "queue": None,
            "migration": None, "role": None, "ready": False, "redelivered": 0, "reconnects": 0,
            "control_messages": 0, "offset": -1, "effects_emitted": 0, "effects_muted": 0,
        }

    def apply(self, message, queue, redelivered=False):
        """The one effect of a message. Returns True when its side effect may leave the process."""
        wall, monotonic = time.time(), time.monotonic()
        with self._lock:
            facts = self._facts
            self._hash = hashlib.sha256(self._hash + message.id.encode()).digest()
            self._note_run(message)
            if message.seq is not None:
                self._sequences.setdefault(message.publisher, Sequence()).see(message.seq)
            self._note_pause(wall, monotonic)
            self._per_queue[queue] = self._per_queue.get(queue, 0) + 1
            facts["count"] += 1
            facts["redelivered"] += bool(redelivered)
            facts["last_id"] = message.id
            facts["last_effect"], facts["last_effect_monotonic"] = wall, monotonic
            muted = facts["role"] in self._mute_roles
            facts["effects_muted" if muted else "effects_emitted"] += 1
            return not muted

    def _note_run(self, message):
        run = self._runs[-1] if self._runs else None
        if message.seq is None:
            self._runs.append([message.id, None, None])
        elif run and run[0] == message.publisher and run[2] is not None and run[2] + 1 == message.seq:
            run[2] = message.seq
        else:
            self._runs.append([message.publisher, message.seq, message.seq])

    def _note_pause(self, wall, monotonic):
        before = self._facts["last_effect"]
        if before is None:
            return
        pause = {"seconds": round(wall - before, 6), "from": before, "to": wall,
                 "monotonic_s": round(monotonic - self._facts["last_effect_monotonic"], 6)}
        if len(self._pauses) < KEPT_PAUSES or pause["seconds"] > self._pauses[-1]["seconds"]:
            self._pauses.append(pause)
            self._pauses.sort(key=lambda p: -p["seconds"])
            del self._pauses[KEPT_PAUSES:]

    def at(self, offset):
        """Of a stream: the last message that was applied."""
        with self._lock:
            self._facts["offset"] = offset

    @property
    def offset(self):
        return self._facts["offset"]

    def subscribed(self, queue, reason):
        with self._lock:
            self._facts.update(queue=queue, ready=True)
            self._subscriptions.append({"queue": queue, "at": time.time(), "reason": reason,
                                        "role": self._facts["role"],
                                        "migration": self._facts["migration"]})

    def assigned(self, migration, role):
        with self._lock:
            self._facts.update(migration=migration, role=role)
            self._facts["control_messages"] += 1

    def disconnected(self):
        with self._lock:
            self._facts["ready"] = False
            self._facts["reconnects"] += 1

    @property
    def ready(self):
        return self._facts["ready"]

    def snapshot(self):
        with self._lock:
            numbers = {name: sequence.report() for name, sequence in self._sequences.items()}
            report = dict(self._facts, hash=self._hash.hex(), publishers=numbers,
                          pauses=list(self._pauses), subscriptions=list(self._subscriptions),
                          per_queue=dict(self._per_queue))
        report["largest_pause_s"] = report["pauses"][0]["seconds"] if report["pauses"] else 0.0
        report["last_seq"] = max((n["last_seq"] for n in numbers.values()), default=0)
        for key in ("gaps", "doubles", "out_of_order"):
            report[key] = sum(n[key] for n in numbers.values())
        return report

    def ids(self):
        with self._lock:
            return {"boot_id": self._facts["boot_id"], "count": self._facts["count"],
                    "hash": self._hash.hex(), "runs": [list(run) for run in self._runs]}
