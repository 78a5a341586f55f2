"""aio-pika's robust connection, as its quick start has it."""

import asyncio
import os
import sys

import aio_pika

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import fold  # noqa: E402


async def main():
    connection = await aio_pika.connect_robust(os.environ["RABBITMQ_URL"])
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=20)
        queue = await channel.declare_queue(os.environ["QUEUE_NAME"], durable=True)
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    fold.apply(message.message_id)
                fold.tell(message.message_id)


asyncio.run(main())
