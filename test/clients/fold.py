"""What each client does with a message, in its own language: it folds the message's name into the one state that it has, in memory, and tells
the lab by one datagram. A socket for each, so that a checkpoint holds none."""

import hashlib
import json
import os
import secrets
import socket
import time

BOOT_ID = secrets.token_hex(8)
state = {"count": 0, "hash": bytes(32)}


def apply(name):
    time.sleep(0.005)
    state["count"] += 1
    state["hash"] = hashlib.sha256(state["hash"] + name.encode()).digest()


def tell(name):
    with open("/etc/hostname", encoding="utf-8") as file:  # the environment of a restored process is its source's
        pod = file.read().strip()
    host, port = os.environ["EFFECT_SINK"].split(":")
    line = json.dumps({"id": name, "at": time.time(), "muted": False, "pod": pod, "boot_id": BOOT_ID,
                       "count": state["count"], "hash": state["hash"].hex()})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(line.encode(), (host, int(port)))
