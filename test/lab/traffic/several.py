"""Three consumers under traffic, each on a queue of its own: what `bench drain` and the end-to-end test of drain move."""

import argparse
import time

import debris
import driver
import kube
import lab
import producing
import rabbit
import verdict
import workload

FIRST = "app.events"
OTHERS = ("app.events.1", "app.events.2")  # bound to the same fan-out exchange: each gets every message
QUEUES = (FIRST, *OTHERS)
PATIENCE_S = 60


def eventually(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise lab.Failure(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.02)


class Several:
    """consumer-0, -1 and -2. Made once traffic runs (driver.traffic start), with the first one; remove() before traffic is cleaned away."""

    def __init__(self):
        self._api, self._management = kube.Api(), rabbit.Management()
        self._before = {}  # what was published before the others began
        with rabbit.Probe() as probe:
            for number, queue in enumerate(OTHERS, 1):
                options = argparse.Namespace(**producing.load_options())
                options.name, options.queue = f"consumer-{number}", queue
                self._api.create(*workload.make(options))
                eventually(lambda q=queue: (probe.look(q) or (0, 0))[1] > 0, f"a consumer of {queue}")
        debris.snapshot()
        self.boot_ids = {}
        for queue in QUEUES:
            instance = self.one(queue)
            self.boot_ids[queue] = instance.state["boot_id"]
            self._before[queue] = instance.state["gaps"]

    def one(self, queue):
        """Its only consumer."""
        found = verdict.consumers(self._api, queue)
        if len(found) != 1:
            raise lab.Failure(f"{len(found)} pods consume {queue}, not 1")
        return found[0]

    def pods(self):
        return {queue: self.one(queue).name for queue in QUEUES}

    def not_on(self, node):
        """Queues whose consumer is on another node, or was started anew."""
        found = {queue: self.one(queue) for queue in QUEUES}
        return [queue for queue, one in found.items() if (one.node, one.state["boot_id"]) != (node, self.boot_ids[queue])]

    def verdicts(self, timeout=PATIENCE_S):
        """After the traffic's end, by queue: None when it was exact, else what was not. The first one by the oracle; the others began
        later, and must have every message since, once and in order."""
        first = driver.verdict(timeout)
        wrong = {FIRST: None if first["exact"] and first["published"] > 0 else first["line"]}
        last = producing.count_lines(producing.path(producing.CONFIRMED))
        for queue in OTHERS:
            eventually(lambda q=queue: self._management.totals(q) == (0, 0), f"{queue} is empty")
            wrong[queue] = not_exact(self.one(queue).state, self._before[queue], last)
        return wrong

    def remove(self):
        """The others' queues; all pods go with the traffic."""
        for queue in OTHERS:
            self._management.delete("queues", queue)


def not_exact(state, before, last):
    """Of a consumer that had missed `before` messages when it began, of `last` in all."""
    lost, missing = state["gaps"] - before, last - state["count"] - state["gaps"]
    if (lost, state["doubles"], missing) == (0, 0, 0):
        return None
    return f"gaps {lost} doubled {state['doubles']} missing at the end {missing}"
