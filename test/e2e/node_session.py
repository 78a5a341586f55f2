"""ms2m's end of the node program's protocol, over real ssh: for what a test does on a node as ms2m would."""

import json
import struct
import subprocess

import scenario

PROGRAM = "/usr/libexec/ms2m/ms2m-node"  # where `ms2m node setup` puts it
REQUEST, ANSWER, FAILURE = 1, 2, 3


class Failed(Exception):
    """The node program's own error."""


class Session:
    def __init__(self, node):
        self._child = subprocess.Popen([scenario.driver.LAB_COMMAND, "ssh", node, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        version = int(self._child.stdout.readline().split()[1])
        self._channel = 0
        self.call("hello", version=version, silence_ms=120000, runtime="cri-o://1.36.3", node=node)

    def close(self):
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait(20)

    def call(self, do, **fields):
        self._channel += 1
        payload = json.dumps({"do": do, **fields}).encode()
        self._child.stdin.write(struct.pack(">IBI", 5 + len(payload), REQUEST, self._channel) + payload)
        self._child.stdin.flush()
        while True:
            size, kind, channel = struct.unpack(">IBI", self._child.stdout.read(9))
            answer = self._child.stdout.read(size - 5)
            if channel == self._channel and kind == FAILURE:
                raise Failed(answer.decode())
            if channel == self._channel and kind == ANSWER:
                return json.loads(answer)

    def until(self, id_, holds, limit_ms=30000):
        """Watches a restore's status until it is so."""
        seen = None
        while seen is None or not holds(seen):
            before, seen = seen, self.call("restore_watch", id=id_, seen=seen, limit_ms=limit_ms)
            assert seen != before, f"restore {id_}: still {seen} after {limit_ms} ms"
        return seen
