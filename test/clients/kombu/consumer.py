"""kombu's ConsumerMixin, which Celery is made of."""

import os
import sys

from kombu import Connection, Queue
from kombu.mixins import ConsumerMixin

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import fold  # noqa: E402


class Worker(ConsumerMixin):
    def __init__(self, connection):
        self.connection = connection

    def get_consumers(self, Consumer, channel):  # noqa: N803 (kombu's name)
        queue = Queue(os.environ["QUEUE_NAME"], durable=True, channel=channel)
        return [Consumer([queue], on_message=self.on_message, prefetch_count=20)]

    def on_message(self, message):
        name = message.properties["message_id"]
        fold.apply(name)
        message.ack()
        fold.tell(name)


with Connection(os.environ["RABBITMQ_URL"]) as connection:
    Worker(connection).run()
