"""A few calls of the Kubernetes API, by the admin's kubeconfig. No kubectl in the lab."""

import base64
import json
import os
import socket
import ssl
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

import lab


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def file_of(entry, key):
    """The path of a certificate that is named or inlined (`<key>-data`) in a kubeconfig."""
    if key in entry:
        return entry[key], False
    handle, path = tempfile.mkstemp()
    os.write(handle, base64.b64decode(entry[key + "-data"]))
    os.close(handle)
    return path, True


def load_client(context, user):
    certificate, made = file_of(user, "client-certificate")
    key, made_key = file_of(user, "client-key")
    context.load_cert_chain(certificate, key)
    for path in [certificate] * made + [key] * made_key:
        os.unlink(path)


class Api:
    def __init__(self, kubeconfig=None):
        config = yaml.safe_load(lab.read(kubeconfig or "kubeconfig"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        path, made = file_of(cluster, "certificate-authority")
        self._context = ssl.create_default_context(cafile=path)
        if made:
            os.unlink(path)
        self._headers = {"Accept": "application/json"}
        if "token" in user:
            self._headers["Authorization"] = "Bearer " + user["token"]
        else:
            load_client(self._context, user)
        self.server = cluster["server"].rstrip("/")

    def call(self, method, path, body=None, content_type="application/json", timeout=30):
        request = urllib.request.Request(self.server + path, method=method, headers=dict(self._headers))
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        try:
            return urllib.request.urlopen(request, timeout=timeout, context=self._context)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, f"{method} {path}: {error.code} {error.read().decode()[:300]}") from None

    def get(self, path):
        with self.call("GET", path) as answer:
            return json.load(answer)

    def create(self, path, obj):
        with self.call("POST", path, obj) as answer:
            return json.load(answer)

    def merge(self, path, patch):
        with self.call("PATCH", path, patch, "application/merge-patch+json") as answer:
            return json.load(answer)

    def delete(self, path, grace=None, propagation=None):
        """True when there was something to delete."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            self.call("DELETE", path, options).close()
            return True
        except Refused as refused:
            if refused.status != 404:
                raise
            return False

    def pods(self, selector=""):
        query = urllib.parse.urlencode({"labelSelector": selector})
        return self.get(f"/api/v1/namespaces/{lab.NAMESPACE}/pods?{query}")["items"]

    def wait_pods(self, selector, done, seconds):
        """Watches the selected pods until done({name: pod}) is true, and returns them. None when it never is."""
        deadline = time.monotonic() + seconds
        base = f"/api/v1/namespaces/{lab.NAMESPACE}/pods"
        query = {"labelSelector": selector}
        while True:
            listing = self.get(f"{base}?{urllib.parse.urlencode(query)}")
            pods = {pod["metadata"]["name"]: pod for pod in listing["items"]}
            if done(pods):
                return pods
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            version = listing["metadata"]["resourceVersion"]
            watch = dict(query, watch="1", resourceVersion=version, timeoutSeconds=str(int(left) + 1))
            if self._follow(f"{base}?{urllib.parse.urlencode(watch)}", pods, done, deadline):
                return pods

    def _follow(self, path, pods, done, deadline):
        try:
            with self.call("GET", path, timeout=max(0.1, deadline - time.monotonic())) as stream:
                for line in stream:
                    event = json.loads(line)
                    pod = event["object"]
                    if event["type"] == "ERROR":
                        return False
                    if event["type"] == "DELETED":
                        pods.pop(pod["metadata"]["name"], None)
                    elif event["type"] in ("ADDED", "MODIFIED"):
                        pods[pod["metadata"]["name"]] = pod
                    if done(pods):
                        return True
        except (TimeoutError, socket.timeout, ConnectionError, urllib.error.URLError):
            pass
        return False


def is_ready(pod):
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) \
        and "deletionTimestamp" not in pod["metadata"]


def why_waiting(pod):
    """What a pod that does not get ready says about itself."""
    for status in pod.get("status", {}).get("containerStatuses", []):
        waiting = status.get("state", {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message', '')}"
    return pod.get("status", {}).get("phase", "no status") + (", Ready" if is_ready(pod) else ", not Ready")
