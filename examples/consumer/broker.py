"""What every sample consumer says to the broker: connecting, declaring, the control queue."""

import ssl
from dataclasses import dataclass

import pika

from settings import etc_hostname
from state import parse_object

CONTROL_PREFIX = "ms2m.control."
HEARTBEAT_S = 10


@dataclass
class Control:
    """A control message. `queue` None means: back to the primary queue."""
    queue: str
    migration: str = None
    role: str = None


def parse_control(body):
    """None for anything that is not a control message we know."""
    content = parse_object(body)
    payload = content.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    if content.get("type") == "START_REPLAY" and isinstance(payload.get("queue"), str):
        return Control(payload["queue"], payload.get("migration"), payload.get("role"))
    if content.get("type") == "END_REPLAY":
        return Control(None, payload.get("migration"), None)
    return None


def answering(properties):
    """The properties of an answer to a question that came with these."""
    return pika.BasicProperties(content_type="application/json", correlation_id=properties.correlation_id)


def connect(settings):
    parameters = pika.URLParameters(settings.url)
    parameters.heartbeat = HEARTBEAT_S
    parameters.socket_timeout = 2
    parameters.stack_timeout = 5
    parameters.connection_attempts = 1
    parameters.client_properties = {"connection_name": "consumer " + etc_hostname()}
    if settings.url.startswith("amqps:") and settings.ca_pem:
        context = ssl.create_default_context(cadata=settings.ca_pem)
        parameters.ssl_options = pika.SSLOptions(context, parameters.host)
    return pika.BlockingConnection(parameters)


def declare_primary(channel, settings):
    channel.queue_declare(settings.queue, durable=True, arguments=settings.queue_arguments)
    if not settings.exchange:
        return
    channel.exchange_declare(settings.exchange, settings.exchange_type, durable=True)
    for key in settings.binding_keys:
        channel.queue_bind(settings.queue, settings.exchange, key, settings.binding_arguments)


def declare_source(channel, queue, settings):
    """Declares whatever queue is about to be consumed, as published consumers do."""
    if queue == settings.queue:
        declare_primary(channel, settings)
    else:
        channel.queue_declare(queue, durable=True)


def declare_control(channel):
    name = CONTROL_PREFIX + etc_hostname()
    channel.queue_declare(name, durable=True)
    return name


def read_controls(channel, name):
    """Takes what waits in the control queue, oldest first."""
    while True:
        method, _, body = channel.basic_get(name)
        if method is None:
            return
        yield parse_control(body)
        channel.basic_ack(method.delivery_tag)
