"""A consumer that ends up so when it is told, in another pod than that it was started in, to take the queue over."""

CONSUMER = """
import os, sys, time
sys.path.insert(0, "/app")
import broker, consumer
home, obey = broker.etc_hostname(), consumer.Consumer._obey
def instead(self, control):
    if control is not None and control.queue is None and broker.etc_hostname() != home: DO
    obey(self, control)
consumer.Consumer._obey = instead
consumer.main()
"""
HANGS, ENDS = "time.sleep(3600)", "os._exit(7)"


def pod_patch(how):
    """For `lab traffic start --pod-patch`."""
    return {"container": {"command": ["/usr/bin/python3", "-c", CONSUMER.replace("DO", how)]}}
