#!/usr/bin/python3
"""The page of `bench baseline` in a headless Chromium: it shows its pictures and words, and asks nobody for anything.

Not one of the tests that scripts/test runs: Chromium is 400 MB. By hand: test/lab/traffic/page_in_browser"""

import functools
import html
import http.server
import json
import os
import re
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib

import baseline_test

WIDTH, HEIGHT = 1100, 3000
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps"]
PHASE_COLOURS = ((0x00, 0x72, 0xb2), (0x56, 0xb4, 0xe9), (0x00, 0x9e, 0x73), (0xe6, 0x9f, 0x00), (0xcc, 0x79, 0xa7))


def pixels(path):
    """(width, height, rows of bytes, bytes a pixel) of a PNG of 8 bits a channel, as Chromium writes them."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    assert depth == 8 and kind in (2, 6) and not interlaced, (depth, kind, interlaced)
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack(">I", data[at:at + 4])
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    size = 3 if kind == 2 else 4
    return width, height, unfiltered(zlib.decompress(packed), width * size, size), size


def unfiltered(raw, length, size):
    before, found = bytearray(length), []
    for at in range(0, len(raw), length + 1):
        line = bytearray(raw[at + 1:at + 1 + length])
        undo(raw[at], line, before, size)
        found.append(bytes(line))
        before = line
    return found


def undo(kind, line, before, size):
    for at in range(len(line)) if kind else ():
        left, above = (line[at - size] if at >= size else 0), before[at]
        corner = before[at - size] if at >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above
        elif kind == 3:
            guess = (left + above) // 2
        else:
            guess = min((left, above, corner), key=lambda each: abs(left + above - corner - each))
        line[at] = (line[at] + guess) & 255


def near(one, other):
    return all(abs(a - b) <= 14 for a, b in zip(one, other))


def colours(path):
    """How often each colour is there, and the size of the picture."""
    width, height, lines, size = pixels(path)
    counts = {}
    for line in lines:
        for at in range(0, len(line), size):
            colour = line[at:at + 3]
            counts[colour] = counts.get(colour, 0) + 1
    return counts, (width, height)


def asked_for(path, origin):
    """Addresses that pages of this origin have asked for, by Chromium's own log of its net: it asks for others on its own account."""
    with open(path, encoding="utf-8") as file:
        events = [event.get("params", {}) for event in json.load(file)["events"]]
    return {params["url"] for params in events if "url" in params and params.get("initiator") == origin}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class InBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="ms2m-page-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        baseline_test.make_page(cls.directory, baseline_test.some_runs())

    def browse(self, *arguments, page="baseline.html", address=None):
        done = subprocess.run(["chromium", *QUIET, f"--user-data-dir={self.directory}/profile", f"--window-size={WIDTH},{HEIGHT}", *arguments,
                               address or f"file://{self.directory}/{page}"], capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def shot(self, *arguments, page="baseline.html"):
        path = os.path.join(self.directory, "shot.png")
        self.browse(f"--screenshot={path}", *arguments, page=page)
        return colours(path)

    def assert_has_phases(self, counts, at_least):
        for wanted in PHASE_COLOURS:
            self.assertGreater(sum(count for colour, count in counts.items() if near(colour, wanted)), at_least, wanted)

    def test_the_pictures_are_there(self):
        counts, size = self.shot()
        self.assertEqual(size, (WIDTH, HEIGHT))
        self.assert_has_phases(counts, 1500)

    def test_in_the_dark_words_are_light_on_dark(self):
        counts, _ = self.shot("--blink-settings=preferredColorScheme=0")
        most = max(counts, key=counts.get)
        self.assertLess(max(most), 60, "the page is dark")
        self.assertGreater(sum(count for colour, count in counts.items() if min(colour) > 200), 5000, "and its words are not")
        self.assertLess(counts.get(b"\xff\xff\xff", 0), WIDTH * HEIGHT / 100, "a picture has kept its white ground")
        self.assert_has_phases(counts, 1500)

    def test_each_picture_alone(self):
        for name in ("phases.svg", "totals.svg", "memory.svg"):
            counts, _ = self.shot(page=name)
            self.assertGreater(len(counts), 20, name)
        self.assert_has_phases(self.shot(page="phases.svg")[0], 1500)

    def test_words(self):
        words = html.unescape(re.sub(r"<[^>]*>", " ", self.browse("--dump-dom")))
        for each in ("ms2m beside the published baseline", "MS2M baseline, 2026-02-16", "StatefulSet, shadow", "Checkpointing", "55.7 s",
                     "Every run, as in baseline.csv.", "this ms2m has no --transfer registry"):
            self.assertIn(each, words)

    def asked_by(self, page):
        """By a page that is served on the loopback; no other host can be found meanwhile."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=self.directory))
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        origin = f"http://127.0.0.1:{server.server_port}"
        log = os.path.join(self.directory, page + ".json")
        shot = os.path.join(self.directory, "shot.png")
        self.browse(f"--log-net-log={log}", f"--screenshot={shot}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                    address=f"{origin}/{page}")
        return asked_for(log, origin), colours(shot)[0]

    def test_the_page_asks_nobody(self):
        asked, counts = self.asked_by("baseline.html")
        self.assert_has_phases(counts, 1500)  # it was there
        self.assertEqual(asked, set())

    def test_one_that_asks_would_be_told(self):
        with open(os.path.join(self.directory, "asks.html"), "w", encoding="utf-8") as file:
            file.write("<img src='http://127.0.0.1:1/x.png'><img src='http://elsewhere.test/y.png'>")
        asked, _ = self.asked_by("asks.html")
        self.assertIn("http://elsewhere.test/y.png", asked)


if __name__ == "__main__":
    unittest.main(verbosity=2)
