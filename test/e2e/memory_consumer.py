"""The sample consumer, and in its process memory that is filled by a seed and changes all the time, in every way in which memory does.
Run in a pod as `python3 -c`. GET :8099/ checks all of it: {"pages", "wrong", "changes", "child"}."""
import hashlib, http.server, json, mmap, os, random, struct, sys, threading, time

sys.path.insert(0, "/app")
import consumer

PAGE, REGIONS, PAGES, SHARED = 4096, 16, 256, 64
SEED = b"ms2m"


def content(name, version):
    """Of a page, in its version: 0 is that of a page that nobody has written."""
    if version == 0:
        return bytes(PAGE)
    return hashlib.sha256(SEED + struct.pack("<QQ", name, version)).digest() * (PAGE // 32)


class Region:
    """Pages, and what they should hold. `name`: of its first page."""

    def __init__(self, name, pages, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
        self.name, self.flags, self.versions = name, flags, [0] * pages
        self.bytes = mmap.mmap(-1, pages * PAGE, flags=flags)

    def write(self, page, version):
        self.bytes[page * PAGE:(page + 1) * PAGE] = content(self.name + page, version)
        self.versions[page] = version

    def free(self, page):
        self.bytes.madvise(mmap.MADV_DONTNEED, page * PAGE, PAGE)
        self.versions[page] = 0

    def move(self):
        """To another address."""
        old, self.bytes = self.bytes, mmap.mmap(-1, len(self.versions) * PAGE, flags=self.flags)
        for page, version in enumerate(self.versions):
            if version:
                self.write(page, version)
        old.close()

    def wrong(self):
        return sum(self.bytes[page * PAGE:(page + 1) * PAGE] != content(self.name + page, version)
                   for page, version in enumerate(self.versions))


class Changing:
    def __init__(self, seed, shared):
        self.random, self.changes, self.version = random.Random(seed), 0, 1
        self.regions = [Region((seed << 32) + index * PAGES, PAGES) for index in range(REGIONS)]
        self.shared, self.lock = shared, threading.Lock()
        for region in self.regions:
            for page in range(PAGES - 32):  # the last ones are not there at first
                region.write(page, 1)

    def step(self):
        with self.lock:
            self.version += 1
            self.changes += 1
            region = self.random.choice(self.regions)
            page = self.random.randrange(PAGES)
            kind = self.random.randrange(8)
            if kind == 0:  # and back to its old value
                before = region.versions[page]
                region.write(page, self.version)
                region.free(page) if before == 0 else region.write(page, before)
            elif kind == 1:
                region.free(page)
            elif kind == 2:  # zeros that were written
                region.write(page, 0)
            elif kind == 3 and self.changes % 50 == 0:
                region.move()
            elif kind == 4 and self.shared:
                self.shared.write(self.random.randrange(SHARED), self.version)
            else:
                region.write(page, self.version)

    def wrong(self):
        with self.lock:
            return sum(region.wrong() for region in self.regions) + (self.shared.wrong() if self.shared else 0)


def child(slots):
    """A second process: it checks itself. slots: rounds, wrong pages."""
    own, rounds = Changing(2, None), 0
    while True:
        for _ in range(20):
            own.step()
            time.sleep(0.001)
        rounds += 1
        bad = struct.unpack_from("<Q", slots, 8)[0] + own.wrong()
        struct.pack_into("<QQ", slots, 0, rounds, bad)


slots = mmap.mmap(-1, PAGE, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
shared = Region(1 << 60, SHARED, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
if os.fork() == 0:
    child(slots)
own = Changing(1, shared)


def change():
    while True:
        own.step()
        time.sleep(0.001)


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        rounds, bad = struct.unpack_from("<QQ", slots, 0)
        text = json.dumps({"pages": REGIONS * PAGES + SHARED, "wrong": own.wrong() + bad, "changes": own.changes, "child": rounds}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


threading.Thread(target=change, daemon=True).start()
threading.Thread(target=http.server.ThreadingHTTPServer(("0.0.0.0", 8099), Answer).serve_forever, daemon=True).start()
consumer.main()
