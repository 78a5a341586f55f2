#!/usr/bin/python3
"""Memory that goes from the source's to the copy's while the copy is restored: it is the source's, and whatever dies on the way, the source
goes on."""

import os
import signal
import unittest
import urllib.request

import handler_test
import scenario

# Filled by whoever it is that fills it; who has it changed reads another digest.
FILLED = """
import hashlib, http.server, os, sys, threading
sys.path.insert(0, "/app")
memory = bytearray(%d)
for at in range(0, len(memory), 1 << 20): memory[at:at + (1 << 20)] = os.urandom(1 << 20)
digest = hashlib.sha256(memory).hexdigest()

class Digest(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("wrong" if hashlib.sha256(memory).hexdigest() != digest else digest).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass

threading.Thread(target=http.server.HTTPServer(("", 8099), Digest).serve_forever, daemon=True).start()
import consumer
consumer.main()
"""
STREAM = ("--strategy", "handoff", "--checkpoint", "runtime", "--pages", "stream")
# What dies on a node is lab_pages_selftest's, too: the whole way, with every one of them, by hand.
EVERY_POINT = unittest.skipUnless(os.environ.get("MS2M_EVERY_POINT"), "half a minute each: by hand, with MS2M_EVERY_POINT=1")


class Filled(handler_test.ByHandler):
    """A consumer with memory that whoever has it answers for."""

    memory = 1 << 27

    def begin_filled(self):
        memory = {"memory": str(2 * self.memory)}
        patch = self.patch_file({"container": {"command": ["/usr/bin/python3", "-c", FILLED % self.memory],
                                               "resources": {"requests": memory, "limits": memory}}})
        (source,) = self.start_traffic("--pod-patch", patch)
        digest = self.digest(source.name)
        self.assertNotEqual(digest, "wrong")
        return source, digest

    def digest(self, pod):
        address = self.api.get(f"{handler_test.PODS}/{pod}")["status"]["podIP"]
        with urllib.request.urlopen(f"http://{address}:8099/", timeout=60) as answer:
            return answer.read().decode()

    def assert_no_criu(self):
        for node in (self.here, self.there):
            self.eventually(lambda: scenario.on_node(node, "pgrep -x criu || true") == "", f"the end of CRIU on {node}")

    def source_goes_on(self, source, digest):
        self.assert_serving(self.here, source.state["boot_id"])
        self.assertEqual(self.digest(source.name), digest)
        self.assert_no_criu()
        self.assert_exact()
        self.assert_no_debris()


class Pages(Filled):
    def test_interrupted_then_there_and_back(self):
        source, digest = self.begin_filled()
        run = self.begin_slow(source)
        run.signal(signal.SIGINT)
        run.wait()
        self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (130, "undone", []), run.said())
        self.assert_serving(self.here, source.state["boot_id"])
        self.assertEqual(self.digest(source.name), digest)
        self.assert_no_criu()
        self.moves(source, digest, {self.there: (), self.here: ("--compress", "zstd")})

    def moves(self, source, digest, nodes):
        pod = source.name
        for to, more in nodes.items():
            report = self.migrate(pod, to, *STREAM, *more)
            pod = report["target"]["pod"]
            self.assertEqual(self.assert_serving(to, source.state["boot_id"]).name, pod)
            self.assertEqual(self.digest(pod), digest)
            self.assertLess(report["bytes"], 16 << 20, "the memory is not in the checkpoint")
            self.note("gap", report["gap_s"])
            self.assert_no_criu()
            self.assert_no_debris()
        self.assert_exact()
        self.assert_no_debris()

    def begin_slow(self, source):
        """A move that is in the middle of the memory's way, which takes half a minute: nothing waits for its end."""
        run = self.begin_migration(source.name, self.there, *STREAM, "--bandwidth", "4M")
        self.eventually(lambda: scenario.on_node(self.there, "pgrep -f 'criu [l]azy-pages' || true") != "", "pages come")
        return run

    @EVERY_POINT
    def test_ms2m_is_killed(self):
        source, digest = self.begin_filled()
        run = self.begin_slow(source)
        run.signal(signal.SIGKILL)
        run.wait()
        self.assertEqual(self.recover("abort")["result"], "undone")
        self.source_goes_on(source, digest)

    @EVERY_POINT
    def test_something_is_killed_on_a_node(self):
        """The page server, its client, the node's program, the handler: each in the middle."""
        source, digest = self.begin_filled()
        for node, what, said in ((self.here, "pkill -KILL -x criu", "the runtime's checkpoint ended"),
                                 (self.there, "pkill -KILL -f 'criu [l]azy-pages'", "the pages of memory did not all come"),
                                 (self.here, "pkill -KILL -x ms2m-node", "the connection ended"),
                                 (self.there, "pkill -KILL -x ms2m-node", "the connection ended"),
                                 (self.there, f"pkill -KILL -f '{handler_test.HANDLER}'", "was begun before")):
            with self.subTest(what, node=node):
                run = self.begin_slow(source)
                scenario.on_node(node, what)
                run.wait()
                self.assertEqual((run.status, run.report["result"], run.report["leftovers"]), (1, "undone", []), run.said())
                # A kubelet that tries again at once may have told of that before the handler's own words were read.
                self.assertRegex(run.report["error"]["message"], f"{said}|is not begun twice")
                self.assert_serving(self.here, source.state["boot_id"])
                self.assert_no_criu()
        self.source_goes_on(source, digest)

    @EVERY_POINT
    def test_where_it_cannot_be(self):
        (source,) = self.start_traffic()
        run = self.begin("migrate", f"pod/{source.name}", "--to", self.there, *STREAM, "--restore", "image").wait()
        self.assertEqual(run.status, 4, run.said())


if __name__ == "__main__":
    scenario.main()
