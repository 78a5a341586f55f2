#!/usr/bin/python3
"""lab traffic: a consumer in the lab, numbered messages for it, and the verdict on what became of them."""

import argparse
import json
import os
import shutil
import sys
import time

import debris
import kube
import lab
import producing
import rabbit
import verdict
import workload

CONTROL_PREFIX = "ms2m.control."


def fill_in(options):
    if options.name is None:
        options.name = "consumer-0" if options.workload == "pod" else "consumer"
    if options.workload == "pod" and options.replicas != 1:
        raise lab.Failure("a bare pod has one replica")
    if options.consumer == "stream":
        options.queue_type = "stream"
    options.exchange_name = "" if options.exchange == "default" else "app.events"


def start(options):
    fill_in(options)
    if producing.pid_of("producer"):
        raise lab.Failure("traffic is running: `lab traffic stop` first")
    clean(options)
    os.makedirs(lab.STATE_DIR)
    api = kube.Api()
    sock, options.effect_sink = producing.bind_collector()
    producing.save_options(options)
    producing.start_collector(sock)
    pods = workload.create(api, options)
    await_consumers(options)
    debris.snapshot("pods")
    found = verdict.consumers(api, options.queue)
    options.boot_ids = [instance.state["boot_id"] for instance in found]
    producing.save_options(options)
    producing.start_producer(options)
    for name, pod in pods.items():
        print(f"{name} on {pod['spec']['nodeName']} consumes {options.queue}; {options.rate:g} messages/s, "
              f"{options.delay_ms:g} ms each" + (f", after {options.backlog}" if options.backlog else ""))


def await_consumers(options):
    """A passive declare does not count those of a stream."""
    stream, management = options.queue_type == "stream", rabbit.Management()
    with rabbit.Probe() as probe:
        deadline = time.monotonic() + options.timeout
        while True:
            seen = probe.look(options.queue)
            count = management.consumers(options.queue) if stream else seen[1] if seen else 0
            if count >= options.replicas:
                return
            if time.monotonic() > deadline:
                raise lab.Failure(f"{options.queue} has no consumer")
            probe.sleep(0.05)


def stop(_options):
    if producing.pid_of("producer") is None:
        print("no traffic is running", file=sys.stderr)
        return
    if not producing.end("producer", 20):
        raise lab.Failure("the producer had to be killed: its log may end early")
    print(f"stopped; {producing.count_lines(producing.path(producing.CONFIRMED))} messages")


def show_verdict(options):
    exact, line, details = verdict.run(options.timeout)
    if options.output == "json":
        print(json.dumps(dict(details, line=line)))
    else:
        print(line)
    return 0 if exact else 1


def status(options):
    started = producing.load_options()
    count = producing.count_lines(producing.path(producing.CONFIRMED))
    ready, unacked = rabbit.Management().totals(started["queue"])
    api = kube.Api()
    report = {"producer": "running" if producing.pid_of("producer") else "stopped", "rate": started["rate"],
              "settled": count, "queue": started["queue"], "ready": ready, "unacked": unacked, "pods": []}
    for pod in verdict.running_pods(api):
        entry = {"pod": pod["metadata"]["name"], "node": pod["spec"].get("nodeName")}
        try:
            state = verdict.http(pod["status"]["podIP"], "/state")
            entry.update({key: state[key] for key in ("queue", "role", "count", "gaps", "doubles", "boot_id")})
        except OSError as error:
            entry["error"] = str(error)
        report["pods"].append(entry)
    if options.output == "json":
        print(json.dumps(report))
        return
    print(f"producer {report['producer']}, {report['rate']:g}/s, {count} messages settled")
    print(f"{report['queue']}: {ready} ready, {unacked} unacknowledged")
    for entry in report["pods"]:
        print(" ".join(f"{key} {value}" for key, value in entry.items()))


def clean(_options):
    """Everything that start made, also after a start that failed."""
    producing.end("producer", 15)
    producing.end("collector", 5)
    workload.remove(kube.Api())
    management = rabbit.Management()
    queues, exchanges = {"app.events"}, {"app.events"}
    try:
        queues.add(producing.load_options()["queue"])
    except lab.Failure:
        pass
    queues.update(name for name in management.queues() if name.startswith(CONTROL_PREFIX))
    for name in queues:
        management.delete("queues", name)
    for name in exchanges:
        management.delete("exchanges", name)
    shutil.rmtree(lab.STATE_DIR, ignore_errors=True)


def parser():
    top = argparse.ArgumentParser(prog="lab traffic", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    begin = commands.add_parser("start", help="make the workload, wait until it consumes, begin to publish")
    begin.set_defaults(run=start)
    begin.add_argument("--rate", type=float, default=10)
    begin.add_argument("--delay-ms", type=float, default=50)
    begin.add_argument("--workload", choices=("pod", "deployment", "statefulset"), default="pod")
    begin.add_argument("--replicas", type=int, default=1)
    begin.add_argument("--consumer", choices=sorted(workload.SCRIPTS), default="subscribing")
    begin.add_argument("--prefetch", type=int, default=50)
    begin.add_argument("--batch", type=int, default=1, help="messages processed and acknowledged together")
    begin.add_argument("--batch-wait", type=float, default=1, help="seconds after which a batch is processed though not full")
    begin.add_argument("--queue", default="app.events")
    begin.add_argument("--queue-type", choices=("classic", "quorum", "stream"), default="classic")
    begin.add_argument("--queue-args", help="JSON")
    begin.add_argument("--exchange", choices=sorted(workload.ROUTES), default="fanout")
    begin.add_argument("--backlog", type=int, default=0, help="messages published at once before the steady rate")
    begin.add_argument("--publishers", type=int, default=1)
    begin.add_argument("--pad", type=int, default=0)
    begin.add_argument("--reconnect-delay", type=float, help="seconds; polling and plain consumers")
    begin.add_argument("--ignore-sigterm", action="store_true", help="the consumer does not handle SIGTERM, as the published one")
    begin.add_argument("--grace", type=int, help="terminationGracePeriodSeconds, instead of the manifest's")
    begin.add_argument("--node", default="worker-1")
    begin.add_argument("--tls", action="store_true")
    begin.add_argument("--name")
    begin.add_argument("--pod-patch", help="file with more for the pod: JSON, workload.py's apply_patch()")
    begin.add_argument("--timeout", type=float, default=300)
    commands.add_parser("stop", help="end the producer once all is confirmed").set_defaults(run=stop)
    judge = commands.add_parser("verdict", help="exit status 0 when every message had its effect once, in order")
    judge.set_defaults(run=show_verdict)
    judge.add_argument("--timeout", type=float, default=300)
    show = commands.add_parser("status")
    show.set_defaults(run=status)
    for command in (judge, show):
        command.add_argument("-o", "--output", choices=("text", "json"), default="text")
    commands.add_parser("clean", help="remove workload, queues, exchange, secret").set_defaults(run=clean)
    return top


def main():
    options = parser().parse_args()
    run = options.run
    del options.run
    try:
        sys.exit(run(options) or 0)
    except (lab.Failure, kube.Refused) as failure:
        print(f"lab traffic: {failure}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
