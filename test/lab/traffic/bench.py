#!/usr/bin/python3
"""bench: measures migrations in the lab, and breaks them, with every message counted."""

import argparse
import sys

import ballast
import byhand
import chaos
import clients
import drain
import estimate
import handover
import kube
import lab
import strikes
import transfer
import workload
from baseline import command as baseline
from faults import command as faults


def common(command):
    command.add_argument("--delay-ms", type=float, default=10, help="work per message")
    command.add_argument("--workload", choices=("pod", "deployment", "statefulset"), default="pod")
    command.add_argument("--consumer", choices=sorted(workload.SCRIPTS), default="subscribing")
    command.add_argument("--backlog", type=int, default=0)
    command.add_argument("--prefetch", type=int, default=50)
    command.add_argument("--queue-type", choices=("classic", "quorum"), default="classic")
    command.add_argument("--exchange", choices=sorted(workload.ROUTES), default="fanout")
    command.add_argument("--reconnect-delay", type=float)
    command.add_argument("--sigterm", choices=("handled", "ignored"),
                         help="what the consumer makes of it; the published one, a process 1 without a handler, ignores it: "
                              "the default when `sequential` is among the strategies, else handled")
    command.add_argument("--grace", type=int, help="the pod's terminationGracePeriodSeconds; default: Kubernetes' own, 30, "
                                                   "with --sigterm ignored, else the sample's")
    command.add_argument("--to", default="worker-2")
    command.add_argument("--protocol", help="given to ms2m")
    command.add_argument("--replay", help="given to ms2m")
    command.add_argument("--prefer", help="given to ms2m")
    command.add_argument("--migration-timeout", type=float, default=180)
    command.add_argument("--tail", type=float, default=1, help="seconds of traffic after the migration")
    command.add_argument("--json", action="store_true", help="one JSON object per run")
    command.add_argument("--keep", action="store_true", help="leave the last workload running")
    command.add_argument("ms2m_args", nargs="*", help="after --: more arguments for ms2m migrate")


def word(convert):
    """argparse names the function in what it says of a ValueError, and not the error."""
    def converted(text):
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return converted


def parser():
    top = argparse.ArgumentParser(prog="bench", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("handover", help="how long, and was it exact")
    measure.set_defaults(run=handover.run)
    measure.add_argument("--strategies", default="shadow,handoff")
    measure.add_argument("--rates", help="default: 10,40,80,100,200, or with `sequential` 10, where it was published")
    measure.add_argument("--reps", type=int, default=3)
    measure.add_argument("--warmup", type=float, default=6, help="seconds of traffic before the migration; a new consumer is named by the "
                                                                 "broker's management only after 5, for which ms2m waits")
    measure.add_argument("--restore", default="image", help="handler,image: each repetition both ways in turn; with `handler` "
                                                            "the nodes are set up for it, and that is taken back")
    measure.add_argument("--checkpoint", default="kubelet", help="kubelet,runtime: each repetition both ways in turn")
    measure.add_argument("--precopy", default="auto", help="off,1: likewise")
    measure.add_argument("--pages", default="files", help="files,stream,lazy: likewise; the others than files are for --checkpoint runtime and --precopy off")
    measure.add_argument("--transfer", default="ssh", help="ssh,registry: likewise, through the lab's registry; http: by agents, which "
                                                           "have to be there")
    measure.add_argument("--memory", type=word(ballast.size_of), default=0,
                         help="that the consumer has beside its own and leaves alone, as 1G (of 1024); touch_s is then what a plain "
                              "program needs on the target to touch as much that is new")
    common(measure)
    typed = commands.add_parser("byhand", help="a handoff beside the same steps typed by hand (curl, ssh, a broker client)",
                                epilog="By hand there is no lease, no journal, no dead man's switch and no undo. Ends with ms2m's medians "
                                       "divided by those of the hand.")
    typed.set_defaults(run=byhand.run, workload="pod")
    typed.add_argument("--rates", default="10")
    typed.add_argument("--reps", type=int, default=5)
    typed.add_argument("--warmup", type=float, default=6, help="seconds of traffic before the migration")
    typed.add_argument("--memory", type=word(ballast.size_of), default=0, help="that the consumer has beside its own, as 1G (of 1024)")
    common(typed)
    guessing = commands.add_parser("estimate", help="what was predicted, and what it took")
    guessing.set_defaults(run=estimate.run)
    guessing.add_argument("--strategies", default="shadow,handoff")
    guessing.add_argument("--moves", type=int, default=4, help="there and back, of one pod, with each strategy")
    guessing.add_argument("--rate", type=float, default=10)
    guessing.add_argument("--warmup", type=float, default=2, help="seconds of traffic before the first move")
    common(guessing)
    emptying = commands.add_parser("drain", help="a node with three consumers emptied at once, beside the same pods moved one by one",
                                   epilog="Three consumers, each on a queue of its own, every message counted. A pair is a drain to the other node and "
                                          "three moves back; a wall is from the beginning of ms2m to its end, ratio the drain's to the sum of the "
                                          "three. Exit status 1: a queue was not exact, or something is left; 2: one was not moved.")
    emptying.set_defaults(run=drain.run)
    emptying.add_argument("--pairs", type=int, choices=range(1, 100), metavar="N", default=5)
    emptying.add_argument("--strategy", choices=("shadow", "handoff"), default="shadow")
    emptying.add_argument("--restore", choices=("image", "handler"), default="image", help="with `handler` the nodes are set up for it, and that "
                                                                                          "is taken back")
    emptying.add_argument("--rate", type=word(drain.rate_of), default=20, help="messages a second, to each of the three")
    emptying.add_argument("--delay-ms", type=float, default=5, help="work per message")
    emptying.add_argument("--warmup", type=float, default=6, help="seconds of traffic before each drain and each three moves")
    emptying.add_argument("--migration-timeout", type=float, default=180)
    emptying.add_argument("--json", action="store_true", help="one JSON object per pair, and one of all")
    emptying.add_argument("ms2m_args", nargs="*", help="after --: more arguments for ms2m drain and ms2m migrate")
    breaking = commands.add_parser("chaos", help="something happens to each of many moves at a random instant")
    breaking.set_defaults(run=chaos.run)
    breaking.add_argument("--strategies", default="shadow,handoff")
    breaking.add_argument("--runs", type=int, default=10)
    breaking.add_argument("--seed", type=int)
    breaking.add_argument("--faults", type=word(strikes.chosen), default=["kill", "cut"], metavar="NAME,...",
                          help="all, or some of: " + ", ".join(strikes.STRIKES) + " (default: kill,cut)")
    breaking.add_argument("--within", type=float, default=4, help="seconds in which the fault comes")
    breaking.add_argument("--linger", type=float, default=0, help="at most so long before abort or resume")
    common(breaking)
    striking = commands.add_parser("faults", help="what happens to a move when something else fails: each of a table of faults, once",
                                   epilog="unserved_s: the longest time in which nobody processed anything; at most the dead man's time and 2 s, "
                                          "and as long as nobody could reach the broker. A restart of the broker may double what was not "
                                          "acknowledged yet; a source that somebody else ends takes its memory with it (lost): effects counts "
                                          "then.")
    striking.set_defaults(run=faults.run)
    faults.add_arguments(striking, word)
    carrying = commands.add_parser("transfer", help="how fast the archive goes from node to node, and what that costs",
                                   epilog="The plain pipe is `ssh worker-1 cat FILE | ssh worker-2 'cat > FILE'`, without the time "
                                          "that it takes to connect: ms2m's sessions are open already. "
                                          "`registry` stands beside the pipe from node to node (TCP), though each byte goes twice. "
                                          "Exit status 4: no room.")
    carrying.set_defaults(run=transfer.run)
    carrying.add_argument("--sizes", type=word(transfer.sizes_of), default="27M,1G", help="of the archive; M and G are of 1024")
    carrying.add_argument("--ways", type=word(transfer.ways_of), default=",".join(transfer.WAYS),
                          help=f"of those that there are: {', '.join(transfer.WAYS)}; ssh-relay+zstd, ssh-direct+auto: --compress")
    carrying.add_argument("--noise", type=word(transfer.share_of), default=0.75, help="the share of the archive that does not compress")
    carrying.add_argument("--reps", type=int, choices=range(1, 100), metavar="N", default=3, help="each with all ways in turn, and the plain pipe")
    carrying.add_argument("--json", action="store_true", help="one JSON object per size and way")
    others = commands.add_parser("clients", help="consumers of other libraries, without the control protocol: moved? exact? what do they need?",
                                 epilog="Each is test/clients/NAME, as its library documents it; Debian and npm have the libraries. "
                                        "Exit status 1: one was not moved, or not exactly.")
    others.set_defaults(run=clients.run)
    others.add_argument("--only", type=word(clients.names_of), default="", help=f"of these: {', '.join(clients.known())}")
    others.add_argument("--rate", type=float, default=20)
    others.add_argument("--backlog", type=int, default=0)
    others.add_argument("--warmup", type=float, default=6, help="seconds of traffic before the migration")
    others.add_argument("--tail", type=float, default=2, help="seconds of traffic after the migration")
    others.add_argument("--patience", type=float, default=30, help="seconds in which what is left has to be processed")
    others.add_argument("--migration-timeout", type=float, default=180)
    others.add_argument("--json", action="store_true", help="one JSON object per client")
    others.add_argument("ms2m_args", nargs="*", help="after --: more arguments for ms2m migrate")
    published = commands.add_parser("baseline", help="the published evaluation, run again: a table, pictures, a page", allow_abbrev=False,
                                    epilog="Exit status 1: a run was not exact, did not end, or left something; rows that ms2m refused, or has not "
                                           "the means for, are named and no failure.")
    published.set_defaults(run=baseline.run)
    baseline.add_arguments(published, word)
    return top


def fill_in(options):
    """Sequential waits for the source's own end: what it costs depends on how the published consumer ends."""
    if options.command in ("transfer", "clients", "faults", "drain"):
        return options
    published = "sequential" in getattr(options, "strategies", "").split(",")
    options.sigterm = options.sigterm or ("ignored" if published else "handled")
    if options.grace is None and options.sigterm == "ignored":
        options.grace = 30
    if options.command == "handover":
        options.rates = options.rates or ("10" if published else "10,40,80,100,200")
    return options


def main():
    options = fill_in(parser().parse_args())
    try:
        sys.exit(options.run(options))
    except (lab.Failure, kube.Refused) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(4 if isinstance(failure, lab.NoRoom) else 2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
