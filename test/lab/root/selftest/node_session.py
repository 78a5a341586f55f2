"""ms2m's end of the node program's protocol, for tests that do on a node what ms2m does there."""

import hashlib
import json
import struct
import subprocess

REQUEST, ANSWER, FAILURE, DATA, END, CREDIT = 1, 2, 3, 4, 5, 8
CHUNK = 256 << 10


class Failed(Exception):
    """The node program's own error."""


class Session:
    """Over the standard streams of a program that is started so."""

    def __init__(self, argv, node):
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        version = int(self._child.stdout.readline().split()[1])
        self._channel = 0
        self.call("hello", version=version, silence_ms=120000, runtime="cri-o://1.36.3", node=node)

    def close(self):
        self._child.stdin.close()
        self._child.wait(20)
        self._child.stdout.close()

    def _send(self, kind, payload):
        self._child.stdin.write(struct.pack(">IBI", 5 + len(payload), kind, self._channel) + payload)
        self._child.stdin.flush()

    def _receive(self):
        """The next frame of the newest request: its answer, or credit."""
        while True:
            size, kind, channel = struct.unpack(">IBI", self._child.stdout.read(9))
            payload = self._child.stdout.read(size - 5)
            if channel != self._channel:
                continue
            if kind == FAILURE:
                raise Failed(payload.decode())
            return kind, payload

    def _begin(self, do, fields):
        self._channel += 1
        self._send(REQUEST, json.dumps({"do": do, **fields}).encode())

    def _answer(self):
        while True:
            kind, payload = self._receive()
            if kind == ANSWER:
                return json.loads(payload)

    def call(self, do, **fields):
        self._begin(do, fields)
        return self._answer()

    def write(self, id_, data):
        """A restore's data, as far as credit comes; the archive's digest."""
        end = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        self._begin("write_restore", {"id": id_, "bytes": len(data)})
        done = credit = 0
        while done < len(data):
            while credit == 0:
                credit += struct.unpack(">I", self._receive()[1])[0]
            size = min(credit, CHUNK, len(data) - done)
            self._send(DATA, data[done:done + size])
            done, credit = done + size, credit - size
        self._send(END, json.dumps(end).encode())
        assert self._answer() == end
        return end["sha256"]

    def until(self, id_, holds, limit_ms=30000):
        """Watches a restore's status until it is so, and returns that."""
        seen = None
        while seen is None or not holds(seen):
            before, seen = seen, self.call("restore_watch", id=id_, seen=seen, limit_ms=limit_ms)
            assert seen != before, f"restore {id_}: still {seen} after {limit_ms} ms"
        return seen
