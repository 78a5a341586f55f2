#!/usr/bin/python3
"""The sample consumer of a stream: for `ms2m migrate --strategy replay`.

It keeps its own offset, in memory, and tells it when it is asked (STATUS). A stream
gives what a consumer wants in chunks: what lies before the wanted offset comes too
and is dropped. START_REPLAY may say where one that has read nothing begins ("from")
and the last message that it may apply ("until"); it is acknowledged only when the
next command comes, so that a container that is started again finds it again, and
does not begin with its side effects on.
"""

import calendar
import datetime
import json
import time

import broker
from consumer import Consumer, IDLE_S, log, run
from state import Message, parse_object


def beginning(where):
    """What x-stream-offset has: "first", an offset, or a time as a datetime."""
    if isinstance(where, str) and where.endswith("Z"):
        seconds = calendar.timegm(time.strptime(where, "%Y-%m-%dT%H:%M:%SZ"))
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return where


class StreamConsumer(Consumer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._first = self._offset = None  # of the messages that the state is made of
        self._from = "first"
        self._until = None
        self._role = None
        self._standing = None  # delivery tag of the START_REPLAY that we obey
        self._migration = None  # whose it is
        self._ended = set()  # migrations whose END_REPLAY we have obeyed

    def _forget_connection(self):
        super()._forget_connection()
        self._standing = None

    # The control queue.

    def _read_controls(self, name):
        while (found := self._control.basic_get(name))[0] is not None:
            self._command(found[0].delivery_tag, found[1], found[2])

    def _on_control(self, _channel, method, properties, body):
        self._commands.append((method.delivery_tag, properties, body))

    def _take_command(self):
        before = self._queue
        self._command(*self._commands.popleft())
        if self._queue != before:
            self._leave_queue()
            self._subscribe("told")

    def _command(self, tag, properties, body):
        content = parse_object(body)
        if content.get("type") == "STATUS":
            self._answer(properties)
        control = broker.parse_control(body)
        if control is None:
            self._control.basic_ack(tag)
            return
        payload = content.get("payload") or {}
        if control.queue and self._is_late(payload):
            self._control.basic_ack(tag)
            return
        if control.queue:
            self._migration = payload.get("migration")
        elif self._migration is not None:
            self._ended.add(self._migration)
            self._migration = None
        self._obey(control)
        self._role = control.role if control.queue else None
        self._until = payload.get("until") if control.queue else None
        if self._offset is None and payload.get("from") is not None:
            self._from = beginning(payload["from"])
        if self._standing is not None:
            self._control.basic_ack(self._standing)
        self._standing = tag if control.queue else None
        if control.queue is None:
            self._control.basic_ack(tag)

    def _is_late(self, payload):
        """A START_REPLAY that we had on a connection which was lost: it comes again, behind commands that we obeyed since."""
        migration, until = payload.get("migration"), payload.get("until")
        if migration in self._ended:
            return True
        return migration == self._migration is not None and None not in (until, self._until) and until < self._until

    def _answer(self, properties):
        if not properties.reply_to or not self._settings.answers_status:
            return
        status = {"queue": self._queue, "role": self._role, "first": self._first, "offset": self._offset,
                  "state": self._state.snapshot()["hash"]}
        self._control.basic_publish("", properties.reply_to, json.dumps({"type": "STATUS", "payload": status}),
                                    broker.answering(properties))

    # The stream.

    def _subscribe(self, reason):
        self._data = self._connection.channel()
        self._data.add_on_cancel_callback(self._on_cancel)
        broker.declare_source(self._data, self._queue, self._settings)
        self._data.basic_qos(prefetch_count=self._settings.prefetch)
        arguments = None
        if self._queue == self._settings.queue:
            arguments = {"x-stream-offset": self._from if self._offset is None else self._offset + 1}
        self._data.basic_consume(self._queue, self._on_data, arguments=arguments)
        self._state.subscribed(self._queue, reason)
        log(f"consuming {self._queue} ({reason}) after offset {self._offset}")

    def _on_data(self, channel, method, properties, body):
        if channel is not self._data:  # pika may still dispatch deliveries of a closed channel
            return
        offset = (properties.headers or {}).get("x-stream-offset")
        wanted = self._offset + 1 if self._offset is not None else self._from if isinstance(self._from, int) else 0
        if offset is None or offset < wanted:
            channel.basic_ack(method.delivery_tag)
        else:
            self._inbox.append((method, properties, body))

    def _may_process(self):
        if not self._inbox:
            return False
        return self._until is None or self._inbox[0][1].headers["x-stream-offset"] <= self._until

    def _patience(self):
        return IDLE_S

    def _process(self, _count):
        self._work(1)
        method, properties, body = self._inbox.popleft()
        message = Message(properties, body)
        emitted = self._state.apply(message, self._queue, method.redelivered)
        self._offset = properties.headers["x-stream-offset"]
        if self._first is None:
            self._first = self._offset
        self._state.at(self._offset)
        self._data.basic_ack(method.delivery_tag)
        self._sink.emit(message, emitted)


if __name__ == "__main__":
    run(StreamConsumer)
