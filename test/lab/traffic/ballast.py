"""Consumers with a large memory, and what a machine needs for so much."""

import json
import os
import subprocess
import tempfile

import driver

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
SPARE = 256 << 20  # the consumer's own
CONSUMER = """
import os, sys
sys.path.insert(0, "/app")
import consumer
ballast = [os.urandom(1 << 20) for _ in range(SIZE >> 20)]
consumer.main()
"""
# Prints the seconds.
TOUCH = """
import mmap, time
begun = time.monotonic()
memory = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
page = bytes(1 << 20)
for at in range(0, SIZE, 1 << 20):
    memory[at:at + (1 << 20)] = page
print(time.monotonic() - begun)
"""


def size_of(text):
    digits, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1)
    if not digits.isdigit() or int(digits) == 0:
        raise ValueError(f"'{text}' is no size, as 512M or 1G")
    return int(digits) * unit


def patch_file(size):
    """For --pod-patch; the caller removes it."""
    memory = {"memory": str(size + SPARE)}
    container = {"command": ["/usr/bin/python3", "-c", CONSUMER.replace("SIZE", str(size))],
                 "resources": {"requests": memory, "limits": memory}}
    with tempfile.NamedTemporaryFile("w", prefix="ms2m-bench-", suffix=".json", delete=False) as file:
        json.dump({"container": container}, file)
    return file.name


def touch_seconds(node, size):
    """None: it could not be measured."""
    done = subprocess.run([driver.LAB_COMMAND, "ssh", node, "python3 -"], input=TOUCH.replace("SIZE", str(size)), capture_output=True,
                          text=True, check=False)
    return round(float(done.stdout), 3) if done.returncode == 0 else None


def remove(path):
    if path:
        os.unlink(path)
