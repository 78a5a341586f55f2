"""The usual shape of a pika consumer: everything happens inside the delivery callback.

process_data_events() goes on dispatching as long as messages keep coming, so a
saturated consumer of this shape does nothing else. With `control` it behaves as
the published MS2M consumers do: it looks at its control queue about once a
second, and only when process_data_events() has returned.
"""

import signal
import time

import pika.exceptions

import broker
import web
from effects import EffectSink
from settings import Settings
from state import AppState, Message

POLL_S = 1.0
IDLE_S = 0.2
LOST = (pika.exceptions.AMQPError, OSError)


class CallbackConsumer:
    def __init__(self, settings, state, sink, control):
        self._settings = settings
        self._state = state
        self._sink = sink
        self._obeys = control
        self._queue = settings.queue
        self._stopping = False
        self._control_name = None
        self._next_poll = 0.0

    def stop(self, *_):
        self._stopping = True

    def run(self):
        while not self._stopping:
            try:
                self._open()
                while not self._stopping:
                    self._connection.process_data_events(time_limit=IDLE_S)
                    if self._obeys and time.monotonic() >= self._next_poll:
                        self._poll_control()
                self._connection.close()
            except LOST as error:
                print(f"connection lost: {error!r}", flush=True)
                self._state.disconnected()
                self._pause(self._settings.reconnect_delay_s)

    def _pause(self, seconds):
        deadline = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < deadline:
            time.sleep(0.1)

    def _open(self):
        self._sink.refresh()
        self._connection = broker.connect(self._settings)
        self._channel = self._connection.channel()
        if self._obeys:
            self._control_name = broker.declare_control(self._channel)
            for control in broker.read_controls(self._channel, self._control_name):
                self._obey(control)
        self._subscribe("connect")

    def _subscribe(self, reason):
        broker.declare_source(self._channel, self._queue, self._settings)
        self._channel.basic_qos(prefetch_count=self._settings.prefetch)
        self._tag = self._channel.basic_consume(self._queue, self._on_message)
        self._consumed = self._queue
        self._state.subscribed(self._queue, reason)
        print(f"consuming {self._queue} ({reason})", flush=True)

    def _on_message(self, channel, method, properties, body):
        if self._stopping:
            return
        time.sleep(self._settings.delay_s)
        message = Message(properties, body)
        emitted = self._state.apply(message, self._consumed, method.redelivered)
        channel.basic_ack(method.delivery_tag)
        self._sink.emit(message, emitted)

    def _poll_control(self):
        self._next_poll = time.monotonic() + POLL_S
        for control in broker.read_controls(self._channel, self._control_name):
            self._obey(control)
            if self._queue != self._consumed:
                self._channel.basic_cancel(self._tag)
                self._subscribe("told")

    def _obey(self, control):
        if control is None:
            return
        self._queue = control.queue or self._settings.queue
        self._state.assigned(control.migration, control.role)


def main(control):
    settings = Settings.from_environment()
    state = AppState(settings.queue, settings.mute_roles)
    sink = EffectSink(settings.effect_sink, state.snapshot()["boot_id"])
    consumer = CallbackConsumer(settings, state, sink, control)
    if settings.handle_sigterm:
        signal.signal(signal.SIGTERM, consumer.stop)
    signal.signal(signal.SIGINT, consumer.stop)
    web.serve(state, settings.http_port)
    consumer.run()
