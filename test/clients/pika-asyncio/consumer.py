"""pika's asynchronous consumer example, on asyncio: callbacks all the way, and a new consumer when the connection has closed."""

import asyncio
import os
import sys

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import fold  # noqa: E402

QUEUE = os.environ["QUEUE_NAME"]


class Consumer:
    """One connection; `closed` is set when there is none any more."""

    def __init__(self):
        self.closed = asyncio.get_running_loop().create_future()
        AsyncioConnection(pika.URLParameters(os.environ["RABBITMQ_URL"]), on_open_callback=self._on_open,
                          on_open_error_callback=self._on_closed, on_close_callback=self._on_closed)

    def _on_open(self, connection):
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel):
        self._channel = channel
        channel.queue_declare(QUEUE, durable=True, callback=self._on_queue)

    def _on_queue(self, _):
        self._channel.basic_qos(prefetch_count=20, callback=self._on_qos)

    def _on_qos(self, _):
        self._channel.basic_consume(QUEUE, self._on_message)

    def _on_message(self, channel, method, properties, body):
        fold.apply(properties.message_id)
        channel.basic_ack(method.delivery_tag)
        fold.tell(properties.message_id)

    def _on_closed(self, _, reason):
        self.closed.set_result(reason)


async def main():
    while True:
        print("lost:", await Consumer().closed, flush=True)
        await asyncio.sleep(1)


asyncio.run(main())
