"""What the sample consumers read from their environment."""

import json
import os
from dataclasses import dataclass, field


def etc_hostname():
    """The pod's name as the kubelet wrote it.

    After a CRIU restore gethostname() and the environment are still those of
    the source pod; this file is the one thing that names the pod we are in.
    """
    try:
        with open(os.environ.get("HOSTNAME_FILE", "/etc/hostname"), encoding="utf-8") as file:
            name = file.read().strip()
    except OSError:
        name = ""
    return name or "unknown"


def queue_arguments(env):
    arguments = json.loads(env.get("QUEUE_ARGS") or "{}")
    kind = env.get("QUEUE_TYPE", "classic")
    if kind != "classic":
        arguments["x-queue-type"] = kind
    return arguments or None


@dataclass
class Settings:
    url: str = "amqp://guest:guest@localhost:5672/%2F"
    ca_pem: str = ""
    queue: str = "app.events"
    exchange: str = "app.events"
    exchange_type: str = "fanout"
    binding_keys: list = field(default_factory=lambda: [""])
    binding_arguments: dict = None
    queue_arguments: dict = None
    delay_s: float = 0.05
    prefetch: int = 50
    batch: int = 1  # so many messages are processed and acknowledged together, consumer.py only
    batch_wait_s: float = 1.0  # for so long at most a batch waits to be full
    http_port: int = 8080
    reconnect_delay_s: float = 3.0
    effect_sink: str = ""
    mute_roles: tuple = ("target",)
    answers_status: bool = True  # False: as a consumer of a stream that does not know STATUS
    handle_sigterm: bool = True  # False: as a process 1 that knows no signals, killed when its grace period is over

    @staticmethod
    def from_environment(env=None):
        env = os.environ if env is None else env
        return Settings(
            url=env.get("RABBITMQ_URL") or Settings.url,
            ca_pem=env.get("RABBITMQ_CA_PEM", ""),
            queue=env.get("QUEUE_NAME", "app.events"),
            exchange=env.get("EXCHANGE_NAME", "app.events"),
            exchange_type=env.get("EXCHANGE_TYPE", "fanout"),
            binding_keys=env.get("BINDING_KEYS", "").split(","),
            binding_arguments=json.loads(env.get("BINDING_ARGS") or "null"),
            queue_arguments=queue_arguments(env),
            delay_s=float(env.get("PROCESSING_DELAY_MS", "50")) / 1000.0,
            prefetch=int(env.get("PREFETCH", "50")),
            batch=max(1, int(env.get("BATCH", "1"))),
            batch_wait_s=float(env.get("BATCH_WAIT", "1")),
            http_port=int(env.get("HTTP_PORT", "8080")),
            reconnect_delay_s=float(env.get("RECONNECT_DELAY", "3")),
            effect_sink=env.get("EFFECT_SINK", ""),
            mute_roles=tuple(r for r in env.get("MUTE_ROLES", "target").split(",") if r),
            answers_status=env.get("ANSWER_STATUS", "1") != "0",
            handle_sigterm=env.get("HANDLE_SIGTERM", "1") != "0",
        )
