"""A way to a server that can become a black hole: what is sent goes nowhere, no connection is reset, and it may be back."""

import contextlib
import socket
import threading


class Hole:
    """Listens on a port of the loopback interface and carries everything to `address`, as long as it is open."""

    def __init__(self, address):
        self._address, self._open, self._kept = address, threading.Event(), []
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """From now on nothing comes through; what is in the kernel's buffers waits there, as for an answer that never comes."""
        self._open.clear()

    def open(self):
        self._open.set()

    def end(self):
        self._open.set()
        for each in (self._listener, *self._kept):
            each.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._kept.append(client)
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client):
        self._open.wait()
        with contextlib.suppress(OSError):
            server = socket.create_connection(self._address, 10)
            server.settimeout(None)
            self._kept.append(server)
            for pair in ((client, server), (server, client)):
                for each in pair:
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        try:
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
        except OSError:
            pass
        self._open.wait()
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
