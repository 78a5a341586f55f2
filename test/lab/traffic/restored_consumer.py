#!/usr/bin/python3
"""The sample consumer, to which SIGUSR1 does what CRIU's tcp-close does to a restored copy.

The established socket becomes a closed one under the same descriptor, still
registered with pika's epoll (dup2 drops that registration, CRIU keeps it).
"""

import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "..", "examples", "consumer"))

import consumer  # noqa: E402


class Restorable(consumer.Wire):
    present = None

    def __init__(self, connection, wakeup_fd):
        super().__init__(connection, wakeup_fd)
        Restorable.present = self

    def break_like_criu(self, *_):
        fd = self._socket.fileno()
        self._kept = os.dup(fd)  # else the broker would see the close; a vanished host sends none
        with socket.socket() as closed:
            closed.setblocking(False)
            os.dup2(closed.fileno(), fd)
        os.close(self._kept)
        poller = self._connection._impl.ioloop._poller._poll
        poller.register(fd, 1)


consumer.Wire = Restorable
signal.signal(signal.SIGUSR1, lambda *_: Restorable.present.break_like_criu())
consumer.main()
