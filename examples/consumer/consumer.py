#!/usr/bin/python3
"""The sample consumer: subscribes to its control queue and obeys it between two messages.

Data and control have a channel each. Deliveries are kept in a local deque, so a
control message is seen before the next data message is begun, however many wait.
To leave a queue the data channel is closed: unlike basic.cancel that gives what
was delivered but not begun back to the queue in its old order.
"""

import collections
import os
import select
import signal
import sys
import time

import pika.exceptions

import broker
import web
from effects import EffectSink
from settings import Settings
from state import AppState, Message

SLICE_S = 0.05  # how long a long piece of work goes without a look at the connection
IDLE_S = 1.0
BACKOFF_S = 0.05
MAX_BACKOFF_S = 0.5
EXIT_BUDGET_S = 0.35

LOST = (pika.exceptions.AMQPError, OSError)


class ConnectionLost(pika.exceptions.AMQPError):
    pass


class Stopped(Exception):
    """SIGTERM came in a piece of work that cannot be finished in time."""


def log(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


class Wire:
    """Notices at once, while idle and while busy, that a connection's socket is dead.

    A restored copy's TCP socket is closed, and poll() says POLLHUP for it; pika
    itself would see that only at its next write, or, inside a synchronous call,
    at the next missed heartbeat: hence the watchdog on its own loop.
    """

    DEAD = select.POLLHUP | select.POLLERR | select.POLLNVAL

    def __init__(self, connection, wakeup_fd):
        self._connection = connection
        self._socket = getattr(connection._impl._transport, "_sock", None)
        if self._socket is None:
            raise ConnectionLost("no socket")
        self._poll = select.poll()
        self._poll.register(self._socket.fileno(), select.POLLIN)
        self._poll.register(wakeup_fd, select.POLLIN)
        self._wakeup_fd = wakeup_fd
        self._watch()

    def _watch(self):
        """Runs in pika's loop; what it raises comes out of whatever call is waiting there."""
        self._look(0)
        self._connection._impl.ioloop.call_later(SLICE_S, self._watch)

    def service(self):
        """Reads and dispatches what has arrived, sends heartbeats; never waits."""
        self._look(0)
        self._connection.process_data_events(0)

    def close(self):
        self._socket.close()
        self._connection._cleanup()  # frees the descriptors of pika's loop

    def wait(self, seconds):
        pending = getattr(self._socket, "pending", None)
        if not (pending and pending()):  # TLS may hold bytes that poll() cannot see
            self._look(seconds)

    def _look(self, seconds):
        for fd, events in self._poll.poll(seconds * 1000):
            if fd == self._wakeup_fd:
                os.read(fd, 64)
            elif events & self.DEAD:
                raise ConnectionLost("the socket is closed")


class Consumer:
    def __init__(self, settings, state, sink, wakeup_fd):
        self._settings = settings
        self._state = state
        self._sink = sink
        self._wakeup_fd = wakeup_fd
        self._queue = settings.queue  # what we were last told to consume; survives a restore
        self._stopping = False
        self._forget_connection()

    def _forget_connection(self):
        self._connection = self._wire = self._data = self._control = None
        self._inbox = collections.deque()
        self._flush_at = 0.0  # then a batch is processed although it is not full
        self._commands = collections.deque()
        self._cancelled = None

    def stop(self, *_):
        self._stopping = True

    def run(self):
        backoff = 0.0
        while not self._stopping:
            try:
                self._open()
                backoff = 0.0
                self._serve()
            except Stopped:
                break
            except LOST as error:
                log(f"connection lost: {error!r}")
                self._abandon()
                time.sleep(backoff)
                backoff = min(max(BACKOFF_S, 2 * backoff), MAX_BACKOFF_S)
        self._leave()

    def _open(self):
        self._sink.refresh()
        self._connection = broker.connect(self._settings)
        self._wire = Wire(self._connection, self._wakeup_fd)
        self._control = self._connection.channel()
        self._control.add_on_cancel_callback(self._on_cancel)
        name = broker.declare_control(self._control)
        self._read_controls(name)
        self._control.basic_consume(name, self._on_control)
        self._subscribe("connect")

    def _read_controls(self, name):
        """What waits there, before anything is consumed."""
        for control in broker.read_controls(self._control, name):
            self._obey(control)

    def _subscribe(self, reason):
        self._data = self._connection.channel()
        self._data.add_on_cancel_callback(self._on_cancel)
        broker.declare_source(self._data, self._queue, self._settings)
        self._data.basic_qos(prefetch_count=self._settings.prefetch)
        self._data.basic_consume(self._queue, self._on_data)
        self._state.subscribed(self._queue, reason)
        log(f"consuming {self._queue} ({reason})")

    def _serve(self):
        while not self._stopping:
            self._wire.service()
            if self._cancelled:
                raise ConnectionLost(f"the broker cancelled {self._cancelled}")
            if self._commands:
                self._take_command()
            elif self._may_process():
                self._process(min(len(self._inbox), self._settings.batch))
            else:
                self._wire.wait(self._patience())

    def _may_process(self):
        return self._inbox and (len(self._inbox) >= self._settings.batch or time.monotonic() >= self._flush_at)

    def _patience(self):
        return min(IDLE_S, max(0.0, self._flush_at - time.monotonic())) if self._inbox else IDLE_S

    def _on_data(self, channel, method, properties, body):
        if channel is self._data:  # pika may still dispatch deliveries of a closed channel
            if not self._inbox:
                self._flush_at = time.monotonic() + self._settings.batch_wait_s
            self._inbox.append((method, properties, body))

    def _on_control(self, _channel, method, _properties, body):
        self._commands.append((method.delivery_tag, body))

    def _on_cancel(self, frame):
        self._cancelled = frame.method.consumer_tag

    def _take_command(self):
        tag, body = self._commands.popleft()
        before = self._queue
        self._obey(broker.parse_control(body))
        if self._queue != before:
            if before != self._settings.queue:
                self._finish_inbox()
            self._leave_queue()
            self._subscribe("told")
        self._control.basic_ack(tag)

    def _finish_inbox(self):
        """A relay queue is left for good: what was delivered from it would wait there unseen."""
        while self._inbox:
            self._process(min(len(self._inbox), self._settings.batch))

    def _leave_queue(self):
        """Closes the data channel, and sends no basic.cancel before.

        pika's own close() cancels first and then rejects what still arrives; a
        message rejected from a quorum queue goes to that queue's end.
        """
        self._inbox.clear()
        self._data._impl._cancelled.update(self._data._impl._consumers)
        self._data._impl.close()
        self._data._flush_output(lambda: self._data.is_closed)
        self._data._cleanup()

    def _obey(self, control):
        if control is None:
            return
        self._queue = control.queue or self._settings.queue
        self._state.assigned(control.migration, control.role)

    def _process(self, count):
        """The first `count` messages: worked on, applied and acknowledged together."""
        self._work(count)
        done = []
        for method, properties, body in (self._inbox.popleft() for _ in range(count)):
            message = Message(properties, body)
            done.append((message, self._state.apply(message, self._queue, method.redelivered)))
        self._data.basic_ack(method.delivery_tag, multiple=count > 1)
        self._flush_at = time.monotonic() + self._settings.batch_wait_s
        for message, emitted in done:
            self._sink.emit(message, emitted)

    def _work(self, count):
        """Stands for real work. Raises, with nothing applied, when the connection is lost meanwhile."""
        deadline = time.monotonic() + count * self._settings.delay_s
        while (left := deadline - time.monotonic()) > 0:
            if self._stopping and left > EXIT_BUDGET_S:
                raise Stopped
            time.sleep(min(left, SLICE_S))
            self._wire.service()

    def _abandon(self):
        """Drops the connection without asking; what was delivered on it will be delivered again."""
        self._state.disconnected()
        if self._wire:
            self._wire.close()
        self._forget_connection()

    def _leave(self):
        try:
            if self._connection:
                self._connection.close()
        except LOST:
            pass


def install_signals(stop, handle_sigterm):
    """Returns a descriptor that becomes readable at a signal."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def on_signal(*_):
        stop()
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, EXIT_BUDGET_S + 0.1)

    if handle_sigterm:
        signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return reader


def run(kind):
    settings = Settings.from_environment()
    state = AppState(settings.queue, settings.mute_roles)
    sink = EffectSink(settings.effect_sink, state.snapshot()["boot_id"])
    stop = []
    wakeup_fd = install_signals(lambda: [call() for call in stop], settings.handle_sigterm)
    consumer = kind(settings, state, sink, wakeup_fd)
    stop.append(consumer.stop)
    web.serve(state, settings.http_port)
    consumer.run()
    signal.setitimer(signal.ITIMER_REAL, 0)  # its handler goes before the interpreter does


def main():
    run(Consumer)


if __name__ == "__main__":
    main()
