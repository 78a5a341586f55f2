"""An AMQP proxy that answers as a broker whose node with some of the queues is down: 404, and "down", not "no queue"."""

import socket
import struct
import threading

FRAME_METHOD, FRAME_END = 1, 0xCE
CHANNEL_CLOSE, CHANNEL_CLOSE_OK = (20, 40), (20, 41)
# Methods that name a queue, and what comes before the name.
NAMES_A_QUEUE = {(50, 10): 2, (50, 20): 2, (50, 30): 2, (50, 40): 2, (60, 20): 2, (60, 70): 2}


def short(text):
    return bytes([len(text)]) + text


def method(channel, key, arguments=b""):
    payload = struct.pack(">HH", *key) + arguments
    return struct.pack(">BHI", FRAME_METHOD, channel, len(payload)) + payload + bytes([FRAME_END])


def close(channel, code, text, cause=(0, 0)):
    return method(channel, CHANNEL_CLOSE, struct.pack(">H", code) + short(text.encode()) + struct.pack(">HH", *cause))


class Frames:
    """Whole frames of one direction, as they come."""

    def __init__(self, sock):
        self._sock, self._buffer = sock, b""

    def exactly(self, count):
        while len(self._buffer) < count:
            more = self._sock.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self._buffer += more
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def next(self):
        """(frame, channel, method key or None, payload)"""
        head = self.exactly(7)
        kind, channel, size = struct.unpack(">BHI", head)
        rest = self.exactly(size + 1)
        return head + rest, channel, struct.unpack(">HH", rest[:4]) if kind == FRAME_METHOD else None, rest[:-1]


class Pair:
    """One client's connection and its own to the broker."""

    def __init__(self, proxy, client, broker):
        self._proxy, self._client, self._broker = proxy, client, broker
        self._lock = threading.Lock()
        self._client_closes = set()  # channels that we closed: the client's close-ok is to come
        self._broker_closes = set()  # the same, of the broker
        for work in (self._from_client, self._from_broker):
            threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def _run(self, work):
        try:
            work()
        except OSError:
            pass
        for sock in (self._client, self._broker):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _from_client(self):
        frames = Frames(self._client)
        self._broker.sendall(frames.exactly(8))
        while True:
            frame, channel, key, payload = frames.next()
            if channel in self._client_closes:
                if key == CHANNEL_CLOSE_OK:
                    self._client_closes.discard(channel)
                continue  # what was under way on a closed channel
            queue = self._queue_of(key, payload)
            if queue is None or not self._proxy.is_down(queue):
                self._broker.sendall(frame)
                continue
            self._proxy.refused += 1
            self._client_closes.add(channel)
            with self._lock:
                self._broker_closes.add(channel)
                text = f"NOT_FOUND - home node 'rabbit@b' of durable queue '{queue}' in vhost '/' is down or inaccessible"
                self._client.sendall(close(channel, 404, text, key))
            self._broker.sendall(close(channel, 200, "down"))

    def _from_broker(self):
        frames = Frames(self._broker)
        while True:
            frame, channel, key, _ = frames.next()
            with self._lock:
                if channel in self._broker_closes:
                    if key == CHANNEL_CLOSE_OK:
                        self._broker_closes.discard(channel)
                    continue
                self._client.sendall(frame)

    @staticmethod
    def _queue_of(key, payload):
        if key not in NAMES_A_QUEUE:
            return None
        at = 4 + NAMES_A_QUEUE[key]
        return payload[at + 1:at + 1 + payload[at]].decode()


class HalfDownBroker:
    """Listens on a port of the loopback interface. `down`: which queues, by name; None: the broker is whole."""

    def __init__(self, host, port=5672):
        self.down = None
        self.refused = 0
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def is_down(self, queue):
        down = self.down
        return down is not None and down(queue)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Pair(self, client, socket.create_connection(self._to))

    def end(self):
        self._listener.close()
