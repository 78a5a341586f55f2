"""ms2m's end of the node program's protocol, for tests that do on a node what ms2m does there."""

import contextlib
import hashlib
import json
import struct
import subprocess
import threading

REQUEST, ANSWER, FAILURE, DATA, END, CANCEL, CREDIT, PROGRESS = 1, 2, 3, 4, 5, 6, 8, 9
CHUNK = 256 << 10


class Failed(Exception):
    """The node program's own error."""


class Session:
    """Over the standard streams of a program that is started so."""

    def __init__(self, argv, node, runtime):
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        version = int(self._child.stdout.readline().split()[1])
        self._channel = 0
        self._writing, self._credit, self._granted = threading.Lock(), 0, threading.Condition()
        self.call("hello", version=version, silence_ms=120000, runtime=runtime, node=node)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.wait(60)
        self._child.stdout.close()

    def lives(self):
        return self._child.poll() is None

    def kill(self):
        self._child.kill()
        self._child.wait(60)

    def signal(self, number):
        self._child.send_signal(number)

    def _send(self, kind, payload, channel=None):
        with self._writing:
            self._child.stdin.write(struct.pack(">IBI", 5 + len(payload), kind, channel or self._channel) + payload)
            self._child.stdin.flush()

    def _receive(self):
        """The next frame of the newest request: its answer, or what comes before."""
        while True:
            size, kind, channel = struct.unpack(">IBI", self._child.stdout.read(9))
            payload = self._child.stdout.read(size - 5)
            if channel != self._channel:
                continue
            if kind == FAILURE:
                raise Failed(payload.decode())
            return kind, payload

    def begin(self, do, **fields):
        self._channel += 1
        self._send(REQUEST, json.dumps({"do": do, **fields}).encode())

    def cancel(self):
        """The newest request is given up."""
        self._send(CANCEL, b"")

    def answer(self):
        """Of the newest request."""
        while True:
            kind, payload = self._receive()
            if kind == ANSWER:
                return json.loads(payload)

    def progress(self):
        """The newest request's first frame, which is none of its stream's."""
        kind, payload = self._receive()
        assert kind == PROGRESS, kind
        return json.loads(payload)

    def stream(self, ahead=4 * CHUNK):
        """What the newest request gives, until its answer, while another thread may put()."""
        self._send(CREDIT, struct.pack(">I", ahead))
        while True:
            kind, payload = self._receive()
            if kind == DATA:
                yield payload
                self._send(CREDIT, struct.pack(">I", len(payload)))
            elif kind == CREDIT:
                with self._granted:
                    self._credit += struct.unpack(">I", payload)[0]
                    self._granted.notify_all()
            elif kind == ANSWER:
                self.last = json.loads(payload)
                return

    def put(self, data):
        """To the newest request, as far as stream(), in another thread, is given credit."""
        while data:
            with self._granted:
                if not self._granted.wait_for(lambda: self._credit > 0, 30):
                    raise OSError("no credit")
                size = min(self._credit, CHUNK, len(data))
                self._credit -= size
            self._send(DATA, data[:size])
            data = data[size:]

    def put_end(self):
        self._send(END, json.dumps({"bytes": 0, "sha256": "", "memory": ""}).encode())

    def call(self, do, **fields):
        self.begin(do, **fields)
        return self.answer()

    def write(self, id_, data):
        """A restore's data, as far as credit comes; the archive's digest."""
        end = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "memory": ""}
        self.begin("write_restore", id=id_, bytes=len(data), round="none", over="", passage="", packed=False)
        done = credit = 0
        while done < len(data):
            while credit == 0:
                credit += struct.unpack(">I", self._receive()[1])[0]
            size = min(credit, CHUNK, len(data) - done)
            self._send(DATA, data[done:done + size])
            done, credit = done + size, credit - size
        self._send(END, json.dumps(end).encode())
        assert self.answer() == end
        return end["sha256"]

    def read(self, do, out, **fields):
        """A stream into a file, checked against what was announced and what ends it; its size."""
        self.begin(do, round="none", passage=None, compress="none", **fields)
        self._send(CREDIT, struct.pack(">I", 4 * CHUNK))
        digest, done, total, end = hashlib.sha256(), 0, None, None
        while True:
            kind, payload = self._receive()
            if kind == DATA:
                out.write(payload)
                digest.update(payload)
                done += len(payload)
                self._send(CREDIT, struct.pack(">I", len(payload)))
            elif kind == PROGRESS:
                total = json.loads(payload)["total"]
            elif kind == END:
                end = json.loads(payload)
            elif kind == ANSWER:
                assert end == {"bytes": done, "sha256": digest.hexdigest(), "memory": ""} == json.loads(payload), (end, done)
                assert total == done, (total, done)
                return done

    def until(self, id_, holds, limit_ms=90000):
        """Watches a restore's status until it is so, and returns that."""
        seen = None
        while seen is None or not holds(seen):
            before, seen = seen, self.call("restore_watch", id=id_, seen=seen, limit_ms=limit_ms)
            assert seen != before, f"restore {id_}: still {seen} after {limit_ms} ms"
        return seen
