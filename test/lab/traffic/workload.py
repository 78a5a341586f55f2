"""The workload of the lab, made from the manifests in examples/consumer, and what has to go with it."""

import copy
import json
import os
import time

import yaml

import evidence
import kube
import lab

LABEL = "app=consumer"
SECRET = "rabbitmq"
SCRIPTS = {"subscribing": "/app/consumer.py", "polling": "/app/polling_consumer.py",
           "plain": "/app/plain_consumer.py", "stream": "/app/stream_consumer.py"}
COLLECTIONS = {"deployment": "/apis/apps/v1/namespaces/{}/deployments",
               "statefulset": "/apis/apps/v1/namespaces/{}/statefulsets",
               "replicaset": "/apis/apps/v1/namespaces/{}/replicasets",
               "pod": "/api/v1/namespaces/{}/pods"}

# For each kind of exchange: what the consumer and what the producer must be told beside its name and type.
ROUTES = {
    "fanout": ({}, []),
    "direct": ({"BINDING_KEYS": "orders"}, ["--routing-key", "orders"]),
    "topic": ({"BINDING_KEYS": "orders.*,*.new"}, ["--routing-key", "orders.new"]),
    "headers": ({"BINDING_ARGS": json.dumps({"x-match": "all", "kind": "order"})},
                ["--headers", json.dumps({"kind": "order"})]),
    "default": ({"EXCHANGE_NAME": ""}, ["--exchange", ""]),
}


def collection(kind):
    return COLLECTIONS[kind].format(lab.NAMESPACE)


def consumer_env(options):
    env = {"QUEUE_NAME": options.queue, "EXCHANGE_NAME": options.exchange_name,
           "PROCESSING_DELAY_MS": f"{options.delay_ms:g}", "PREFETCH": str(options.prefetch),
           "EFFECT_SINK": options.effect_sink}
    if options.queue_type != "classic":
        env["QUEUE_TYPE"] = options.queue_type
    if options.queue_args:
        env["QUEUE_ARGS"] = options.queue_args
    if options.exchange not in ("fanout", "default"):
        env["EXCHANGE_TYPE"] = options.exchange
    if options.batch > 1:
        env.update(BATCH=str(options.batch), BATCH_WAIT=f"{options.batch_wait:g}")
    if options.reconnect_delay is not None:
        env["RECONNECT_DELAY"] = f"{options.reconnect_delay:g}"
    if options.ignore_sigterm:
        env["HANDLE_SIGTERM"] = "0"
    return dict(env, **ROUTES[options.exchange][0])


def set_env(container, env):
    kept = [entry for entry in container["env"] if entry["name"] not in env]
    container["env"] = kept + [{"name": name, "value": value} for name, value in env.items()]


def merged(old, new):
    """Objects are merged, everything else takes the old one's place."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return dict(old, **{key: merged(old.get(key), value) for key, value in new.items()})


def apply_patch(pod, path):
    """--pod-patch: {"metadata", "spec", "container", "env", "containers"}; the last two are appended."""
    with open(path, encoding="utf-8") as file:
        patch = json.load(file)
    spec = pod["spec"]
    pod["metadata"] = merged(pod["metadata"], patch.get("metadata", {}))
    spec["containers"][0] = merged(spec["containers"][0], patch.get("container", {}))
    spec["containers"][0]["env"] += patch.get("env", [])
    spec["containers"] += patch.get("containers", [])
    pod["spec"] = merged(spec, patch.get("spec", {}))


def make(options):
    """The object to create, and its path."""
    path = os.path.join(lab.SOURCE_DIR, "examples", "consumer", options.workload + ".yaml")
    with open(path, encoding="utf-8") as file:
        obj = copy.deepcopy(yaml.safe_load(file))
    obj["metadata"]["name"] = options.name
    obj["metadata"]["namespace"] = lab.NAMESPACE
    pod = obj if options.workload == "pod" else obj["spec"]["template"]
    pod["metadata"]["annotations"]["ms2m.io/queue"] = options.queue
    container = pod["spec"]["containers"][0]
    container["command"] = ["/usr/bin/python3", SCRIPTS[options.consumer]]
    set_env(container, consumer_env(options))
    if options.tls:
        container["env"].append({"name": "RABBITMQ_CA_PEM", "valueFrom": {
            "secretKeyRef": {"name": SECRET, "key": "ca.crt"}}})
    if getattr(options, "pod_patch", None):
        apply_patch(pod, options.pod_patch)
    if options.grace is not None:
        pod["spec"]["terminationGracePeriodSeconds"] = options.grace
    if options.workload == "pod":
        pod["spec"]["nodeName"] = options.node
    else:
        obj["spec"]["replicas"] = options.replicas
    return collection(options.workload), obj


def secret(options):
    data = {"url": lab.broker_uri(options.tls)}
    if options.tls:
        data["ca.crt"] = lab.ca_pem()
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": SECRET, "namespace": lab.NAMESPACE}, "stringData": data}


def create(api, options):
    """A pod goes to its node by name; a controller's pods go there because the others are closed meanwhile."""
    api.create(f"/api/v1/namespaces/{lab.NAMESPACE}/secrets", secret(options))
    path, obj = make(options)
    closed = []
    if options.workload != "pod":
        for node in api.get("/api/v1/nodes")["items"]:
            name = node["metadata"]["name"]
            if name != options.node and not node.get("spec", {}).get("unschedulable"):
                api.merge(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
                closed.append(name)
    try:
        api.create(path, obj)
        return await_ready(api, options)
    finally:
        for name in closed:
            api.merge(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": None}})


def await_ready(api, options):
    wanted = 1 if options.workload == "pod" else options.replicas
    last = {}

    def done(pods):
        last.clear()
        last.update(pods)
        return len(pods) == wanted and all(kube.is_ready(pod) for pod in pods.values())

    if api.wait_pods(LABEL, done, options.timeout) is None:
        reasons = "; ".join(f"{name}: {kube.why_waiting(pod)}" for name, pod in last.items())
        raise lab.Failure(f"not ready within {options.timeout:g} s, {len(last)} of {wanted} pods: {reasons or 'none'}\n"
                          + evidence.of_consumers(api, last))
    for name, pod in last.items():
        if pod["spec"].get("nodeName") != options.node:
            raise lab.Failure(f"{name} went to {pod['spec'].get('nodeName')}, not to {options.node}")
    return last


def controllers(api):
    """Paths of those that are there, whoever makes others first."""
    return [f"{collection(kind)}/{obj['metadata']['name']}" for kind in ("deployment", "statefulset", "replicaset")
            for obj in api.get(collection(kind))["items"] if obj["metadata"].get("labels", {}).get("app") == "consumer"]


def remove_controllers(api):
    """Not with their pods: those would have all of their grace period, once that has begun."""
    deadline = time.monotonic() + 60
    while found := controllers(api):
        if time.monotonic() > deadline:
            raise lab.Failure("controllers of the workload do not go away: " + ", ".join(found))
        for path in found:
            api.delete(path, propagation="Orphan")
        time.sleep(0.02)


def remove(api):
    """Controllers first, then pods (the sample does not need its grace period), then the Secret."""
    remove_controllers(api)
    for pod in api.pods(LABEL):
        api.delete(f"{collection('pod')}/{pod['metadata']['name']}", grace=1)
    if api.wait_pods(LABEL, lambda pods: not pods, 300) is None:
        raise lab.Failure("pods of the workload do not go away: " + ", ".join(
            pod["metadata"]["name"] for pod in api.pods(LABEL)))
    api.delete(f"/api/v1/namespaces/{lab.NAMESPACE}/secrets/{SECRET}")
