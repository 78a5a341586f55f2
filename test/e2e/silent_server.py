"""A server that accepts and says nothing."""

import socket
import threading

MANAGEMENT = 15672  # the port of RabbitMQ's management API


class Silent:
    """Accepts and says nothing. With `to`, passes everything on until `word` is sent; from then on nothing."""

    def __init__(self, to=None, word=b""):
        self._to, self._word, self._kept = to, word, []
        self.silent = threading.Event()
        if to is None:
            self.silent.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._kept.append(client)
            if not self.silent.is_set():
                server = socket.create_connection(self._to)
                self._kept.append(server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        try:
            while data := source.recv(65536):
                if self._word and self._word in data:
                    self.silent.set()
                if not self.silent.is_set():
                    sink.sendall(data)
        except OSError:
            pass

    def close(self):
        for each in (self._listener, *self._kept):
            each.close()
