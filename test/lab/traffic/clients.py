"""`bench clients`: consumers of other libraries, written as those document it, moved with --protocol none; each message counted."""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
import time

import yaml

import debris
import driver
import effects_log
import evidence
import handover
import kube
import lab
import oracle
import producing
import rabbit
import workload

PLACE = os.path.join(lab.SOURCE_DIR, "test", "clients")
IMAGE = "localhost/ms2m-clients:latest"
POD = "consumer-0"
NODES = ("worker-1", "worker-2")
COLUMNS = (("client", "client"), ("version", "version"), ("reconnects", "who reconnects"), ("moved", "moved"), ("exact", "exact"),
           ("reconnect_s", "reconnect_s"), ("gap_s", "gap_s"), ("needs", "needs"))


def known():
    return sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(PLACE, "*", "client.json")))


def names_of(text):
    names = text.split(",") if text else known()
    for name in names:
        if name not in known():
            raise ValueError(f"there is no client {name or 'without a name'} (there are: {', '.join(known())})")
    return names


def about(name):
    with open(os.path.join(PLACE, name, "client.json"), encoding="utf-8") as file:
        return json.load(file)


def version(name, archive):
    """Of the library: Debian's package in the image, without Debian's own revision, or what npm was asked for."""
    package = about(name)["package"]
    if package.startswith("npm:"):
        with open(os.path.join(PLACE, name, "package.json"), encoding="utf-8") as file:
            return json.load(file)["dependencies"][package[4:]]
    with open(os.path.join(archive, "versions"), encoding="utf-8") as file:
        return dict(line.split() for line in file)[package].rpartition(":")[2].partition("-")[0]


def load_image():
    """The directory of the archive, whose image both nodes have then."""
    made = subprocess.run([os.path.join(PLACE, "image", "make")], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        raise lab.Failure("no image of the clients")
    archive = made.stdout.strip()
    for node in NODES:
        loaded = subprocess.run([driver.LAB_COMMAND, "image", "load", node, os.path.join(archive, "clients.tar"), IMAGE],
                                capture_output=True, text=True, check=False)
        if loaded.returncode:
            raise lab.Failure(f"{node} does not take the image of the clients: {loaded.stderr.strip()}")
    return archive


def pod_of(name, sink):
    """The sample's pod with another image; it has no page that says whether it is ready."""
    with open(os.path.join(lab.SOURCE_DIR, "examples", "consumer", "pod.yaml"), encoding="utf-8") as file:
        pod = yaml.safe_load(file)
    pod["spec"]["nodeName"] = NODES[0]
    container = pod["spec"]["containers"][0]
    for key in ("readinessProbe", "ports", "resources"):
        del container[key]
    container.update(image=IMAGE, command=about(name)["command"])
    workload.set_env(container, {"EFFECT_SINK": sink})
    return pod


def traffic_options(options):
    return argparse.Namespace(queue="app.events", queue_type="classic", exchange="default", exchange_name="", rate=options.rate,
                              backlog=options.backlog, publishers=1, pad=0, replicas=1, tls=False)


def start(pod, traffic):
    """A consumer at work, and messages for it. `pod`: made of the address that its reports go to."""
    driver.traffic("clean")
    os.makedirs(lab.STATE_DIR)
    api = kube.Api()
    sock, sink = producing.bind_collector()
    producing.save_options(traffic)
    producing.start_collector(sock)
    api.create(f"/api/v1/namespaces/{lab.NAMESPACE}/secrets", workload.secret(traffic))
    api.create(workload.collection("pod"), pod(sink))
    await_consumer(api, traffic.queue)
    debris.snapshot()
    producing.start_producer(traffic)


def await_consumer(api, queue, seconds=60):
    deadline = time.monotonic() + seconds
    with rabbit.Probe() as probe:
        while True:
            seen = probe.look(queue)
            if seen and seen[1] == 1 and all(kube.is_ready(pod) for pod in api.pods(workload.LABEL)):
                return
            if time.monotonic() > deadline:
                raise lab.Failure(f"no consumer of {queue} within {seconds} s\n"
                                  + evidence.of_consumers(api, {pod["metadata"]["name"]: pod for pod in api.pods(workload.LABEL)}))
            probe.sleep(0.05)


def settled(queue, seconds):
    """Waits until nothing waits in the queue and every message has been reported, at most so long. What is wrong, or None."""
    management, deadline = rabbit.Management(), time.monotonic() + seconds
    published = sum(mark == oracle.CONFIRMED for _, mark in log_of_producer())
    while True:
        ready, unacked = management.totals(queue)
        reported = len({effect.id for effect in producing.effects()})
        if not ready and not unacked and reported >= published:
            return None  # the oracle says the rest
        if time.monotonic() > deadline:
            return f"{ready} messages wait, {unacked} are unacknowledged, {published - reported} were not reported"
        time.sleep(0.1)


def log_of_producer():
    with open(producing.path(producing.CONFIRMED), encoding="utf-8") as log:
        return oracle.parse_log(log)


def judged(entries, effects):
    """The oracle's verdict on what was reported, with the fold that the process had in its memory at last; who that was; whether all of it
    was one process's, with all of its memory."""
    if not effects:
        raise lab.Failure("the client reported no message")
    last = effects[-1]
    verdict = oracle.judge(entries, [oracle.Applied([effect.id for effect in effects], last.hash)])
    same = {effect.boot_id for effect in effects} == {last.boot_id} and last.count == len(effects)
    return verdict, last, same


def finish(traffic, tail, patience):
    """Ends the traffic after `tail` seconds; (what is wrong or None, verdict, last effect, whether it was one process all the time)."""
    time.sleep(tail)
    if not producing.end("producer", 20):
        raise lab.Failure("the producer had to be killed: its log may end early")
    problem = settled(traffic.queue, patience)
    verdict, last, same = judged(log_of_producer(), producing.effects())
    return problem or (None if same else "its process was started anew, without its state"), verdict, last, same


def one(name, options, archive):
    traffic = traffic_options(options)
    start(lambda sink: pod_of(name, sink), traffic)
    time.sleep(options.warmup)
    with tempfile.TemporaryDirectory(prefix="ms2m-bench-") as state_home:
        arguments = ["migrate", f"pod/{POD}", "--to", NODES[1], "-o", "json", "--protocol", "none", *options.ms2m_args]
        migration = driver.Migration(arguments, state_home)
        status, report, err = migration.wait(options.migration_timeout)
        if status == "hung":
            err += driver.Migration(["abort", migration.id() or "?"], state_home).wait(options.migration_timeout)[2]
    problem, verdict, last, same = finish(traffic, options.tail, options.patience)
    target = (report.get("target") or {}).get("pod")
    run = {"client": name, "version": version(name, archive),
           "reconnects": about(name)["reconnects"], "moved": status == 0 and same and last.pod == target,
           "exit_status": status, "reconnect_s": report.get("reconnect_s"), "total_s": report.get("total_s"),
           "gap_s": effects_log.handover_gap(producing.effects(), POD), "bytes": report.get("bytes"),
           "needs": about(name)["needs"], "problem": problem, "same_process": same, **verdict.as_dict()}
    run.update(exact=verdict.exact and same and not problem, debris=debris.found(),
               error=(report.get("error") or {}).get("message") or err.strip() if status else None)
    if not options.json and not is_fine(run):
        print("\n".join(filter(None, [f"{name}: {verdict.line()}", problem, run["error"], *run["debris"]])), file=sys.stderr)
    return run


def is_fine(run):
    return run["moved"] and run["exact"] and not run["debris"]


def shown(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else "-" if value is None else str(value)


def run(options):
    archive, fine = load_image(), True
    if not options.json:
        print("\n".join(("| " + " | ".join(title for _, title in COLUMNS) + " |", "|---" * len(COLUMNS) + "|")))
    try:
        with handover.nodes_for(["handler"]):
            for name in options.only:
                row = one(name, options, archive)
                fine = fine and is_fine(row)
                print(json.dumps(row) if options.json else "| " + " | ".join(shown(row[key]) for key, _ in COLUMNS) + " |", flush=True)
    finally:
        driver.traffic("clean", check=False)
    return 0 if fine else 1
