"""`lab traffic verdict`: waits for the survivor to have drained the queue, then asks the oracle."""

import json
import re
import time
import urllib.request

import effects_log
import kube
import lab
import oracle
import producing
import rabbit
import workload

POLL_S = 0.1
SETTLE_S = 3.0         # a verdict that is not exact must still be the same after this time
SETTLE_QUORUM_S = 9.0  # totals of quorum queues are up to 5 s old
MIGRATION_QUEUE = re.compile(r"ms2m\..*\.(hold|source|target)$")


class Instance:
    """A pod that answered, with what it said."""

    def __init__(self, name, node, state, ids):
        self.name, self.node, self.state, self.ids = name, node, state, ids


def http(address, path):
    with urllib.request.urlopen(f"http://{address}:8080{path}", timeout=5) as answer:
        return json.load(answer)


def running_pods(api):
    return [pod for pod in api.pods(workload.LABEL)
            if "deletionTimestamp" not in pod["metadata"] and pod["status"].get("podIP")
            and pod["status"].get("phase") == "Running"]


def consumers(api, queue, others=None):
    """The instances that consume the primary queue now; what is wrong with other pods goes to `others`."""
    found, others = [], [] if others is None else others
    for pod in running_pods(api):
        address = pod["status"]["podIP"]
        try:
            state = http(address, "/state")
            if state["queue"] == queue and state["ready"]:
                found.append(Instance(pod["metadata"]["name"], pod["spec"].get("nodeName"), state,
                                      http(address, "/ids")))
            else:
                others.append(f"{pod['metadata']['name']} is {'on' if state['ready'] else 'not yet on'} {state['queue']}")
        except OSError as error:
            others.append(f"{pod['metadata']['name']} does not answer: {error}")
    return found


def entries():
    with open(producing.path(producing.CONFIRMED), encoding="utf-8") as log:
        return oracle.parse_log(log)


class Waiter:
    """Asks again until the verdict is exact, or the same for long enough with an empty queue."""

    def __init__(self, options, timeout):
        self._options = options
        self._api = kube.Api()
        self._management = rabbit.Management()
        self._entries = entries()
        self._deadline = time.monotonic() + timeout
        quorum = options["queue_type"] == "quorum"
        self._settle_s = SETTLE_QUORUM_S if quorum else SETTLE_S
        self.problem = None

    def run(self):
        last, since = None, time.monotonic()
        while True:
            instances, verdict = self._look()
            if verdict and verdict.exact:
                return instances, verdict
            if verdict is None or verdict != last:
                last, since = verdict, time.monotonic()
            elif time.monotonic() - since >= self._settle_s:
                return instances, verdict
            if time.monotonic() > self._deadline:
                self.problem = self.problem or "not settled"
                return instances, oracle.judge(self._entries, self._applied(instances))
            time.sleep(POLL_S)

    def _look(self):
        """The verdict is None as long as messages wait or the wrong number of pods consumes."""
        queue = self._options["queue"]
        waiting = self._waiting()  # before the instances: what was acknowledged by now is in their state
        others = []
        instances = consumers(self._api, queue, others)
        wanted = self._options["replicas"]
        if waiting:
            self.problem = "messages wait in " + ", ".join(f"{name} ({n})" for name, n in waiting)
            return instances, None
        if len(instances) != wanted:
            self.problem = "; ".join([f"{len(instances)} pods consume {queue}, not {wanted}", *others])
            return instances, None
        self.problem = None
        return instances, oracle.judge(self._entries, self._applied(instances))

    def _waiting(self):
        """Queues with messages, ready or not: the primary one, and those of an unfinished migration. A stream keeps all."""
        ours = (self._options["queue"], self._options["queue"] + ".ms2m-replay")
        if self._options["queue_type"] == "stream":
            ours = ()
        return [(name, row.get("messages", 0)) for name, row in self._management.queues().items()
                if row.get("messages") and (name in ours or MIGRATION_QUEUE.match(name))]

    @staticmethod
    def _applied(instances):
        return [oracle.Applied.from_report(instance.ids) for instance in instances]



def details(options, instances, verdict, problem):
    effects = producing.effects()
    pause = effects_log.largest_pause(effects)
    born = set(options.get("boot_ids", []))
    return dict(verdict.as_dict(), problem=problem, gap_s=round(pause[0], 6), gap_from=pause[1], gap_to=pause[2],
                effects=effects_log.side_effects(effects),
                instances=[{"pod": i.name, "node": i.node, "boot_id": i.state["boot_id"],
                            "restarted_cold": bool(born) and i.state["boot_id"] not in born,
                            "largest_pause_s": i.state["largest_pause_s"], "pauses": i.state["pauses"],
                            "subscriptions": i.state["subscriptions"], "per_queue": i.state["per_queue"],
                            "reconnects": i.state["reconnects"], "count": i.state["count"]}
                           for i in instances])


def run(timeout):
    """(exact, line, details)"""
    options = producing.load_options()
    if producing.pid_of("producer"):
        raise lab.Failure("traffic is running: `lab traffic stop` first")
    waiter = Waiter(options, timeout)
    instances, verdict = waiter.run()
    report = details(options, instances, verdict, waiter.problem)
    report["exact"] = verdict.exact and not waiter.problem
    line = verdict.line() + (f" ({waiter.problem})" if waiter.problem else "")
    return report["exact"], line, report
