"""What there is to see when consumers do not get ready: of each pod what the API says of it, what it answers itself and
its last words; of the broker who is connected and who consumes what."""

import urllib.error
import urllib.request

import lab
import rabbit

LOG_LINES = 15


def attempt(name, look):
    """Its lines; what cannot be asked is told, too."""
    try:
        return [f"{name}: {line}" for line in look()] or [f"{name}: nothing"]
    except Exception as error:  # one look must not hide the next
        return [f"{name}: {error!r}"]


def answer(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}:8080{path}", timeout=3) as reply:
            return f"{reply.status} {reply.read().decode()[:600]}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()[:200]}"


def status(pod):
    found = pod.get("status", {})
    for one in found.get("conditions", []):
        if one["type"] == "Ready":
            yield f"Ready {one['status']} since {one.get('lastTransitionTime')} {one.get('message', '')}"
    for one in found.get("containerStatuses", []):
        yield f"container ready {one['ready']}, {one['restartCount']} restarts, {one['state']}, before {one.get('lastState')}"
    if "deletionTimestamp" in pod["metadata"]:
        yield f"being deleted since {pod['metadata']['deletionTimestamp']}"


def of_pod(api, name, pod):
    address = pod.get("status", {}).get("podIP")
    log = f"/api/v1/namespaces/{lab.NAMESPACE}/pods/{name}/log?tailLines={LOG_LINES}"

    def last_words():
        with api.call("GET", log, timeout=10) as reply:
            return reply.read().decode().splitlines()

    lines = attempt(name, lambda: status(pod))
    for path in ("/healthz", "/state") if address else ():
        lines += attempt(f"{name} {path}", lambda path=path: [answer(address, path)])
    return lines + attempt(f"{name} log", last_words)


def of_broker():
    management = rabbit.Management()

    def consumers():
        for one in management.call("GET", "/consumers/%2F"):
            yield f"{one['queue']['name']} by {one['channel_details'].get('connection_name')}"

    def connections():
        for one in management.connections():
            yield f"{one.get('name')} {one.get('state')}, {one.get('channels')} channels, since {one.get('connected_at')}"

    def queues():
        for name, row in management.queues().items():
            yield f"{name}: {row.get('messages_ready')} ready, {row.get('messages_unacknowledged')} unacknowledged"

    return attempt("consumer", consumers) + attempt("connection", connections) + attempt("queue", queues)


def of_consumers(api, pods):
    lines = [line for name, pod in pods.items() for line in of_pod(api, name, pod)]
    return "\n".join(lines + of_broker())
