"""`bench baseline`: which runs, in which order, and what is made of them."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys

import ballast
import driver
import handover
import lab
from baseline import cluster_runs, lab_runs, machine, matrix, report, rows

RATES = "10,20,40,60,80,100,120"
MEMORY = "0,256M"
OWNERS = {"pod": "nobody's", "deployment": "a Deployment's", "statefulset": "a StatefulSet's"}
SECRETIVE = ("--publish", "--verdict")  # somebody's own commands, which may hold a password


def rates_of(text):
    words = text.split(",")
    try:
        rates = [float(word) for word in words]
    except ValueError:
        raise ValueError(f"'{text}' is no list of rates, as {RATES}") from None
    if any(not 0 < rate < 100000 for rate in rates) or len(set(rates)) != len(rates):
        raise ValueError(f"'{text}' is no list of rates above 0, each once")
    return rates


def sizes_of(text):
    """[(bytes, word)]; "": none."""
    return [(0 if word == "0" else ballast.size_of(word), word) for word in text.split(",")] if text else []


def add_arguments(command, word):
    command.add_argument("--out", required=True, help="directory for baseline.csv, the pictures and baseline.html; those of an earlier run "
                                                      "are not written over")
    command.add_argument("--runs", type=int, choices=range(1, 1000), metavar="N", default=3,
                         help="of each configuration at each rate, all in turn")
    command.add_argument("--rates", type=word(rates_of), default=RATES, help=f"messages per second; {RATES}")
    command.add_argument("--configurations", type=word(matrix.chosen), default=",".join(each.key for each in matrix.CONFIGURATIONS),
                         help="of " + ", ".join(each.key for each in matrix.CONFIGURATIONS) + "; default: all")
    command.add_argument("--memory", type=word(sizes_of), default=MEMORY,
                         help="that the consumer has beside its own, for a handoff with and without pre-copy at the first rate; "
                              f"'' for none; {MEMORY}")
    command.add_argument("--delay-ms", type=float, default=50, help="work per message; the published consumer's 50, which is 20 messages/s at most")
    command.add_argument("--consumer", choices=("subscribing", "polling"), default="subscribing")
    command.add_argument("--warmup", type=float, default=6, help="seconds of traffic before a migration")
    command.add_argument("--tail", type=float, default=1, help="seconds of traffic after it")
    command.add_argument("--migration-timeout", type=float, default=300, help="seconds after which a run has the status hung")
    command.add_argument("--sigterm", choices=("handled", "ignored"), default="ignored", help="the published consumer ignores it")
    command.add_argument("--grace", type=int, help="the pod's terminationGracePeriodSeconds; 30 with --sigterm ignored")
    command.add_argument("--to", default="worker-2")
    real = command.add_argument_group("on a cluster, instead of the lab",
                                      "One pod goes to the node and back, run by run; of the configurations those are run that are of its "
                                      "kind of workload, without --memory. Arguments after -- are given to every ms2m.")
    real.add_argument("--cluster", metavar="KUBECONFIG")
    real.add_argument("--pod", help="of a Deployment or StatefulSet")
    real.add_argument("--publish", metavar="COMMAND", help="publishes numbered messages at $RATE a second until it gets SIGTERM")
    real.add_argument("--verdict", metavar="COMMAND", help="then prints `published N applied N lost N duplicated N reordered N hash equal`")
    real.add_argument("--verdict-timeout", type=float, default=600, help="seconds for that")
    command.add_argument("ms2m_args", nargs="*", help="after --: more arguments for ms2m, with --cluster")
    # What the lab's traffic is asked for besides.
    command.set_defaults(backlog=0, prefetch=50, queue_type="classic", exchange="fanout", reconnect_delay=None, protocol=None, replay=None)


class Job:
    """What is run once a repetition."""

    def __init__(self, configuration, rate):
        self.configuration, self.rate = configuration, rate
        self.key = (configuration.key, rate)


def jobs(configurations, rates, sizes):
    """The matrix, then the handoffs with more memory; none is there twice."""
    found = [Job(configuration, rate) for rate in rates for configuration in configurations]
    memory = [Job(configuration.with_memory(size, word), rates[0]) for size, word in sizes
              for configuration in (matrix.HANDOFF, matrix.HANDOFF_PRECOPY)]
    return list({job.key: job for job in found + memory}.values())


def help_text():
    """Of ms2m and its migrate: what this one has."""
    text = ""
    for words in (["--help"], ["migrate", "--help"]):
        try:
            done = subprocess.run([driver.ms2m_binary(), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except OSError as error:
            raise lab.Failure(f"no ms2m: {error}; build it, or name one by MS2M") from None
        if done.returncode:
            raise lab.Failure(f"{driver.ms2m_binary()} {' '.join(words)}: {done.stderr.strip()}")
        text += done.stdout
    return text


def check(options):
    """Before anything is touched."""
    real = {name: getattr(options, name) for name in ("pod", "publish", "verdict")}
    if options.cluster:
        missing = [f"--{name}" for name, value in real.items() if not value]
        if missing:
            raise lab.Failure(f"--cluster needs {' and '.join(missing)}")
        if not os.path.exists(options.cluster):
            raise lab.Failure(f"there is no {options.cluster}")
    elif any(real.values()) or options.ms2m_args:
        raise lab.Failure("--pod, --publish, --verdict and arguments after -- are for --cluster")
    if options.delay_ms <= 0:
        raise lab.Failure("--delay-ms must be more than 0")
    there = [name for name in ("baseline.csv", "baseline.html") if os.path.exists(os.path.join(options.out, name))]
    if there:
        raise lab.Failure(f"{options.out} has a {there[0]} already: name another --out")
    try:
        os.makedirs(options.out, exist_ok=True)
    except OSError as error:
        raise lab.Failure(f"--out {options.out}: {error.strerror}") from None


def split(wanted, text, workload=None):
    """(jobs that can be run, [(job, why not)]); `workload`: the only one there is."""
    there, left_out = [], []
    for job in wanted:
        lacks = matrix.lacking(job.configuration, text)
        if workload not in (None, job.configuration.workload):
            left_out.append((job, f"the pod is {OWNERS[workload]}"))
        elif lacks:
            left_out.append((job, f"this ms2m has no {lacks}"))
        else:
            there.append(job)
    return there, left_out


def command_line():
    words, hidden = [], False
    for argument in sys.argv[1:]:
        name = argument.partition("=")[0]
        words.append("COMMAND" if hidden else f"{name}=COMMAND" if name in SECRETIVE and "=" in argument else argument)
        hidden = argument in SECRETIVE
    return shlex.join(["scripts/bench", *words])


@contextlib.contextmanager
def runner(options, pod):
    """What makes one run; the lab's nodes are set up for the handler, and that is taken back."""
    if options.cluster:
        yield lambda job, number: cluster_runs.one(options, pod, job.configuration, job.rate, number)
        return
    with handover.nodes_for(["handler"]):
        yield lambda job, number: lab_runs.one(options, job.configuration, job.rate, number)


def make_runs(options, to_run, pod, add):
    """Every job once, then again: what the machine does besides concerns all alike."""
    with runner(options, pod) as one:
        for number in range(1, options.runs + 1):
            for job in to_run:
                add(one(job, number))
                if pod and pod.lost:
                    print(f"bench: ended early, as nobody knows where the pod is: {pod.lost}; `ms2m list` does", file=sys.stderr)
                    return


def exit_status(entries, expected):
    """1 also when there are fewer than were to be."""
    return 0 if len(entries) == expected and all(entry["status"] in rows.FINE for entry in entries) else 1


def run(options):
    check(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    text = help_text()
    if not options.cluster:
        lab_runs.check_free()
    pod = cluster_runs.Pod(options) if options.cluster else None
    wanted = jobs(options.configurations, options.rates, [] if options.cluster else options.memory)
    to_run, left_out = split(wanted, text, pod and pod.workload)
    reasons = list(dict.fromkeys(f"{job.configuration.key}: {why}" for job, why in left_out))
    if not to_run:
        raise lab.Failure("nothing can be run: " + "; ".join(reasons))
    machine_found = machine.describe(not options.cluster)
    entries, file = [], rows.Csv(os.path.join(options.out, "baseline.csv"))

    def add(entry):
        entries.append(entry)
        file.add(entry)
        print(rows.show(entry), flush=True)

    for reason in reasons:
        print(f"bench: left out: {reason}", file=sys.stderr)
    for job, why in left_out:
        add(rows.row(0, job.rate, job.configuration, "unavailable", why=why))
    try:
        make_runs(options, to_run, pod, add)
    finally:
        file.close()
        report.write(options, command_line(), machine_found, [job.configuration for job in wanted], entries, reasons)
    print(os.path.join(options.out, "baseline.html"), file=sys.stderr)
    return exit_status(entries, options.runs * len(to_run) + len(left_out))
