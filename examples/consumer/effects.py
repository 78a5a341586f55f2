"""Where a message's side effect goes: one UDP datagram per message, when asked for.

The lab listens to these to see which pod worked on which message at what time,
also for the pod that a migration is about to remove. A socket per datagram, so
that a checkpoint never holds one.
"""

import json
import socket
import time

from settings import etc_hostname


class EffectSink:
    def __init__(self, address, boot_id):
        host, _, port = address.rpartition(":")
        self._address = (host, int(port)) if host else None
        self._boot_id = boot_id
        self._hostname = etc_hostname()

    def refresh(self):
        """To be called at every (re)connect: a restored copy has another name."""
        self._hostname = etc_hostname()

    def emit(self, message, emitted):
        if not self._address:
            return
        line = json.dumps({"id": message.id, "at": time.time(), "muted": not emitted,
                           "pod": self._hostname, "boot_id": self._boot_id})
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(line.encode(), self._address)
        except OSError:
            pass  # a lost report must never stop the work
