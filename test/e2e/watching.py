"""Follows a collection of the API while something happens to it."""

import json
import threading
import urllib.error
import urllib.parse


class Watch:
    """Every object of a collection as it changes, from the moment of construction until stop()."""

    def __init__(self, api, path, selector=""):
        query = {"labelSelector": selector}
        listing = api.get(f"{path}?{urllib.parse.urlencode(query)}")
        self.now = {item["metadata"]["name"]: item for item in listing["items"]}
        self.seen = []  # what look() made of every state of the collection
        query.update(watch="1", resourceVersion=listing["metadata"]["resourceVersion"], timeoutSeconds="120")
        self._stream = api.call("GET", f"{path}?{urllib.parse.urlencode(query)}", timeout=130)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self.seen.append(self.look())
        self._thread.start()

    def look(self):
        return sorted(self.now)

    def _follow(self):
        try:
            for line in self._stream:
                event = json.loads(line)
                name = event["object"]["metadata"].get("name")
                if event["type"] == "DELETED":
                    self.now.pop(name, None)
                elif event["type"] in ("ADDED", "MODIFIED"):
                    self.now[name] = event["object"]
                self.seen.append(self.look())
        except (OSError, ValueError, AttributeError, urllib.error.URLError):
            pass  # stopped

    def stop(self):
        alive = self._thread.is_alive()
        self._stream.fp.raw._sock.shutdown(2)  # pylint: disable=protected-access
        self._thread.join(5)
        assert alive, "the watch ended early"
        return self.seen


class ReadyEndpoints(Watch):
    """How many ready addresses a Service has, at each change."""

    def __init__(self, api, namespace, service):
        super().__init__(api, f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
                         f"kubernetes.io/service-name={service}")

    def look(self):
        return sum(len(endpoint["addresses"]) for piece in self.now.values() for endpoint in piece.get("endpoints") or []
                   if endpoint.get("conditions", {}).get("ready"))
