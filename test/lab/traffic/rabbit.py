"""What the traffic tools ask of RabbitMQ: exact totals, consumers, clean-up."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import pika

import lab


class Management:
    """The management API on port 15672 (plain HTTP)."""

    def __init__(self, host=None, user=None, password=None):
        if host is None:
            host, user, password = lab.broker_credentials()
        self._base = f"http://{host}:15672/api"
        self._auth = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def call(self, method, path, what=None):
        request = urllib.request.Request(self._base + path, method=method, data=None if what is None else json.dumps(what).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", self._auth)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def queues(self):
        """name -> row with exact and immediate counts for classic queues; quorum queues lag by up to 5 s."""
        rows = self.call("GET", "/queues/%2F?disable_stats=true&enable_queue_totals=true")
        return {row["name"]: row for row in rows}

    def totals(self, queue):
        """(ready, unacked); (0, 0) for a queue that is not there."""
        row = self.queues().get(queue, {})
        return row.get("messages_ready", 0), row.get("messages_unacknowledged", 0)

    def consumers(self, queue):
        """A consumer is named a second or two after it came."""
        return len([one for one in self.call("GET", "/consumers/%2F") if one["queue"]["name"] == queue])

    def delete(self, kind, name):
        try:
            self.call("DELETE", f"/{kind}/%2F/{urllib.parse.quote(name, safe='')}")
            return True
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False

    def connections(self):
        return self.call("GET", "/connections")

    def close_connection(self, name):
        try:
            self.call("DELETE", "/connections/" + urllib.parse.quote(name, safe=""))
            return True
        except urllib.error.HTTPError:
            return False


class Probe:
    """One AMQP connection for exact and immediate counts by passive declare."""

    def __init__(self):
        self._connection = pika.BlockingConnection(pika.URLParameters(lab.broker_uri()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def look(self, queue):
        """(ready, consumers), or None when there is no such queue."""
        channel = self._connection.channel()
        try:
            method = channel.queue_declare(queue, passive=True).method
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != 404:
                raise
            return None
        channel.close()
        return method.message_count, method.consumer_count

    def sleep(self, seconds):
        self._connection.sleep(seconds)
