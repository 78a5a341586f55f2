#!/usr/bin/python3
"""Publishes numbered messages at a steady rate and records what the broker confirmed.

The confirm log has one line per message, in publish order:
    <publisher>-<seq> <mark> <wall time of the publish>
with mark `c` confirmed, `?` unknown (the connection was lost, or the broker said
nack, before the confirm: it may be in the queue or not), `r` returned: the
broker had no queue for it. Nothing is ever published twice.
"""

import argparse
import collections
import json
import os
import signal
import ssl
import sys
import time

import pika
import pika.exceptions

TICK_S = 0.002
RECONNECT_S = 0.2
WINDOW = 2000  # outstanding confirms at most; a burst is held back to this
STOP_BUDGET_S = 10.0


class ConfirmLog:
    """Writes marks in publish order, whatever the order in which confirms come."""

    def __init__(self, file):
        self._file = file
        self._entries = collections.deque()  # [id, mark or None, time]

    def published(self, message_id):
        entry = [message_id, None, time.time()]
        self._entries.append(entry)
        return entry

    def flush(self):
        wrote = False
        while self._entries and self._entries[0][1]:
            message_id, mark, at = self._entries.popleft()
            self._file.write(f"{message_id} {mark} {at:.6f}\n")
            wrote = True
        if wrote:
            self._file.flush()


class Numbers:
    """Whose turn it is, and its next number."""

    def __init__(self, prefixes):
        self._prefixes = prefixes
        self._counts = [0] * len(prefixes)
        self._turn = 0

    def next(self):
        index = self._turn
        self._turn = (self._turn + 1) % len(self._prefixes)
        self._counts[index] += 1
        return index, f"{self._prefixes[index]}-{self._counts[index]}", self._counts[index]


class Producer:
    def __init__(self, options, log):
        self._options = options
        self._log = log
        prefixes = [options.prefix] if options.publishers == 1 else [
            f"{options.prefix}{n}" for n in range(options.publishers)]
        self._numbers = Numbers(prefixes)
        self._burst_left = options.backlog
        self._limit = options.count or None
        self._sent = 0
        self._stop_at = None
        self._reset()

    def _reset(self):
        self._channels = []
        self._open_channels = 0
        self._outstanding = []  # per channel: OrderedDict of delivery tag -> log entry
        self._tags = []
        self._base = None
        self._ticked = 0

    def stop(self, *_):
        self._stop_at = self._stop_at or time.monotonic() + STOP_BUDGET_S

    def run(self):
        while True:
            self._connection = pika.SelectConnection(
                connection_parameters(self._options), on_open_callback=self._on_open,
                on_open_error_callback=self._on_closed, on_close_callback=self._on_closed)
            self._connection.ioloop.start()
            self._forget("?")
            if self._stop_at:
                return
            time.sleep(RECONNECT_S)

    def _forget(self, mark):
        for outstanding in self._outstanding:
            for entry in outstanding.values():
                entry[1] = entry[1] or mark
        self._log.flush()
        self._reset()

    def _on_open(self, connection):
        for index in range(self._options.publishers):
            self._outstanding.append(collections.OrderedDict())
            self._tags.append(0)
            self._channels.append(connection.channel(
                on_open_callback=lambda channel, i=index: self._on_channel(channel, i)))

    def _on_channel(self, channel, index):
        channel.add_on_close_callback(lambda *_: self._close())
        channel.add_on_return_callback(lambda _c, _m, properties, _b: self._on_return(index, properties))
        channel.confirm_delivery(lambda frame: self._on_confirm(index, frame),
                                 callback=lambda _: self._on_ready(channel))

    def _on_ready(self, channel):
        """Declares the exchange on the first channel only, then begins."""
        self._open_channels += 1
        if self._open_channels < self._options.publishers:
            return
        if self._options.exchange:
            channel.exchange_declare(self._options.exchange, self._options.exchange_type, durable=True,
                                     callback=lambda _: self._begin())
        else:
            self._begin()

    def _begin(self):
        self._base = time.monotonic()
        self._tick()

    def _tick(self):
        if self._base is None or not self._connection.is_open:
            return
        if self._stop_at or (self._limit and self._sent >= self._limit and not self._burst_left):
            self._finish()
            return
        self._publish_due()
        self._log.flush()
        pause = max(TICK_S, 1.0 / self._options.rate if self._options.rate else 0.05)
        self._connection.ioloop.call_later(min(pause, 0.2), self._tick)

    def _publish_due(self):
        room = WINDOW - sum(len(o) for o in self._outstanding)
        while self._burst_left and room > 0:
            self._publish_one()
            self._burst_left -= 1
            room -= 1
        if self._burst_left:
            return
        due = int((time.monotonic() - self._base) * self._options.rate)
        while self._ticked < due and room > 0 and not (self._limit and self._sent >= self._limit):
            self._publish_one()
            self._ticked += 1
            self._sent += 1
            room -= 1
        if self._ticked < due - self._options.rate:
            self._base, self._ticked = time.monotonic(), 0  # held back for a second: do not burst

    def _publish_one(self):
        index, message_id, seq = self._numbers.next()
        self._tags[index] += 1
        self._outstanding[index][self._tags[index]] = self._log.published(message_id)
        properties = pika.BasicProperties(message_id=message_id, delivery_mode=2,
                                          content_type="application/json", headers=self._options.headers)
        body = json.dumps({"seq": seq, "id": message_id, "pad": "x" * self._options.pad})
        self._channels[index].basic_publish(self._options.exchange, self._options.routing_key, body,
                                            properties, mandatory=True)

    def _on_return(self, index, properties):
        for entry in self._outstanding[index].values():
            if entry[0] == properties.message_id:
                entry[1] = "r"

    def _on_confirm(self, index, frame):
        mark = "c" if isinstance(frame.method, pika.spec.Basic.Ack) else "?"
        outstanding = self._outstanding[index]
        tags = [frame.method.delivery_tag]
        if frame.method.multiple:
            tags = [tag for tag in outstanding if tag <= frame.method.delivery_tag]
        for tag in tags:
            entry = outstanding.pop(tag, None)
            if entry:
                entry[1] = entry[1] or mark
        if self._stop_at:
            self._log.flush()

    def _finish(self):
        """Waits for the outstanding confirms, then closes."""
        self.stop()
        self._log.flush()
        if not any(self._outstanding) or time.monotonic() > self._stop_at:
            self._close()
        else:
            self._connection.ioloop.call_later(0.01, self._finish)

    def _close(self):
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _on_closed(self, connection, reason):
        if not self._stop_at:
            print(f"connection lost: {reason!r}", file=sys.stderr, flush=True)
        connection.ioloop.stop()


def connection_parameters(options):
    parameters = pika.URLParameters(options.url)
    parameters.heartbeat = 10
    parameters.socket_timeout = 2
    parameters.stack_timeout = 5
    parameters.client_properties = {"connection_name": "producer"}
    if options.url.startswith("amqps:") and options.ca_pem:
        parameters.ssl_options = pika.SSLOptions(
            ssl.create_default_context(cadata=options.ca_pem), parameters.host)
    return parameters


def parse_options(argv=None):
    env = os.environ
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=env.get("RABBITMQ_URL", "amqp://guest:guest@localhost:5672/%2F"))
    parser.add_argument("--rate", type=float, default=float(env.get("RATE", "10")), help="messages per second")
    parser.add_argument("--exchange", default=env.get("EXCHANGE_NAME", "app.events"),
                        help="'' is the default exchange")
    parser.add_argument("--exchange-type", default=env.get("EXCHANGE_TYPE", "fanout"))
    parser.add_argument("--routing-key", default=env.get("ROUTING_KEY", ""))
    parser.add_argument("--headers", type=json.loads, default=json.loads(env.get("HEADERS") or "null"))
    parser.add_argument("--publishers", type=int, default=int(env.get("PUBLISHERS", "1")),
                        help="channels, each with numbers of its own")
    parser.add_argument("--prefix", default=env.get("PREFIX", "p"))
    parser.add_argument("--backlog", type=int, default=int(env.get("BACKLOG", "0")),
                        help="publish this many first, as fast as it goes")
    parser.add_argument("--count", type=int, default=int(env.get("COUNT", "0")),
                        help="stop after this many at the given rate (0: never)")
    parser.add_argument("--pad", type=int, default=int(env.get("PAD", "0")), help="bytes added to a message")
    parser.add_argument("--confirm-log", default=env.get("CONFIRM_LOG", "-"))
    options = parser.parse_args(argv)
    options.ca_pem = env.get("RABBITMQ_CA_PEM", "")
    return options


def main():
    options = parse_options()
    file = sys.stdout if options.confirm_log == "-" else open(options.confirm_log, "a", encoding="utf-8")
    producer = Producer(options, ConfirmLog(file))
    signal.signal(signal.SIGTERM, producer.stop)
    signal.signal(signal.SIGINT, producer.stop)
    producer.run()


if __name__ == "__main__":
    main()
