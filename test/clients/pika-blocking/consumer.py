"""pika's tutorial, in the loop of its "connection recovery" example."""

import os
import sys
import time

import pika

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import fold  # noqa: E402

QUEUE = os.environ["QUEUE_NAME"]


def on_message(channel, method, properties, body):
    fold.apply(properties.message_id)
    channel.basic_ack(method.delivery_tag)
    fold.tell(properties.message_id)


def consume():
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"]))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    channel.basic_qos(prefetch_count=20)
    channel.basic_consume(QUEUE, on_message)
    channel.start_consuming()


while True:
    try:
        consume()
    except (pika.exceptions.AMQPError, OSError) as error:
        print(f"lost: {error!r}", flush=True)
        time.sleep(1)
