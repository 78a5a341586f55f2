#!/usr/bin/python3
"""What `bench baseline` chooses, computes, draws and writes; its runs need the lab or a cluster."""

import argparse
import contextlib
import html.parser
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import bench
import lab
from baseline import cluster_runs, command, lab_runs, machine, matrix, plots, published, reasons, report, rows

HELP = """Move a running pod to another node
Usage: ms2m migrate [OPTIONS] POD

Options:
  -h,--help                     this text
  --to NODE REQUIRED            the node to move it to
  -c,--container NAME           the container with the state (default: the only one)

How:
  --strategy WORD               shadow (default), handoff or sequential
  --restore WORD                auto (default): by ms2m's runtime handler where the target has it; handler, or image
  --precopy ROUNDS              auto (default): where it pays; off, or how often memory is carried while the source works
Examples:
  ms2m migrate pod/consumer-0 --to worker-2 --transfer registry
"""
SSH_PATH = """  --ssh-path WORD               relay (default): through ms2m; direct: from node to node, where they
                                reach each other
"""
PHASES = [{"phase": "Preparing", "seconds": 0.1}, {"phase": "Checkpointing", "seconds": 0.2}, {"phase": "Transferring", "seconds": 0.3},
          {"phase": "Restoring", "seconds": 0.4}, {"phase": "Finalizing", "seconds": 0.5}]
BY_KEY = {each.key: each for each in matrix.CONFIGURATIONS}
RATES = [10.0, 60.0]


def exact(key, rate, total, run=1, gap=0.2):
    return rows.row(run, rate, BY_KEY[key], "exact", total, gap, [{"phase": name, "seconds": total / 5} for names in rows.PHASES.values()
                                                                  for name in names[-1:]])


def some_runs():
    return [exact(each.key, rate, 2 + number + rate / 100) for number, each in enumerate(matrix.CONFIGURATIONS) for rate in RATES
            if each.origin != "papers"]


class Matrix(unittest.TestCase):
    def test_what_was_asked_for_is_in_it(self):
        def there(origin):
            return {(each.workload, each.strategy, each.arguments) for each in matrix.CONFIGURATIONS if each.origin == origin}

        self.assertEqual(there("papers"), {
            ("statefulset", "sequential", ("--transfer", "registry")), ("deployment", "shadow", ("--transfer", "registry")),
            ("deployment", "shadow", ("--ssh-path", "direct", "--precopy", "off")),
            ("deployment", "shadow", ("--ssh-path", "direct", "--precopy", "1"))})
        self.assertEqual({each[:2] for each in there("ms2m")}, {("deployment", "handoff"), ("statefulset", "shadow")})
        self.assertEqual(len({each.key for each in matrix.CONFIGURATIONS}), len(matrix.CONFIGURATIONS))
        self.assertEqual(len({each.title for each in matrix.CONFIGURATIONS}), len(matrix.CONFIGURATIONS))

    def test_what_goes_through_the_relay_says_so(self):
        for each in matrix.CONFIGURATIONS:
            words = {"registry": "registry", "direct": "direct"}
            for word in words:
                self.assertEqual(word in each.arguments, word in each.key and word in each.title, each)
            self.assertEqual(each.origin == "relay", "relay" in each.key and "ssh relay" in each.title)

    def test_the_means_that_this_ms2m_has_not(self):
        lacks = {each.key: matrix.lacking(each, HELP) for each in matrix.CONFIGURATIONS}
        self.assertEqual(lacks["statefulset-sequential-registry"], "--transfer registry")
        self.assertEqual(lacks["deployment-shadow-direct-precopy"], "--ssh-path direct")
        self.assertEqual({key for key, lack in lacks.items() if lack is None},
                         {each.key for each in matrix.CONFIGURATIONS if each.origin != "papers"})

    def test_an_option_is_there_with_the_word_alone(self):
        direct = BY_KEY["deployment-shadow-direct"]
        with_option = HELP.replace("Examples:", SSH_PATH + "Examples:")
        self.assertIsNone(matrix.lacking(direct, with_option))
        self.assertEqual(matrix.lacking(direct, with_option.replace("direct", "other")), "--ssh-path direct")
        self.assertTrue(matrix.options_of(with_option)["--ssh-path"].endswith("reach each other"))

    def test_words_that_are_none(self):
        self.assertEqual(matrix.chosen("statefulset-shadow,deployment-handoff"), [BY_KEY["deployment-handoff"], BY_KEY["statefulset-shadow"]])
        with self.assertRaisesRegex(ValueError, "no configuration 'pigeon'; there are statefulset-sequential-registry, "):
            matrix.chosen("deployment-handoff,pigeon")
        for bad in ("", "0", "10,ten", "10,10", "-1", "inf", "nan"):
            with self.assertRaises(ValueError, msg=bad):
                command.rates_of(bad)
        self.assertEqual(command.sizes_of("0,256M"), [(0, "0"), (256 << 20, "256M")])
        self.assertEqual(command.sizes_of(""), [])

    def test_each_job_is_there_once(self):
        found = command.jobs([BY_KEY["deployment-handoff"], BY_KEY["statefulset-shadow"]], RATES, command.sizes_of("0,256M"))
        self.assertEqual([job.key for job in found], [
            ("deployment-handoff", 10), ("statefulset-shadow", 10), ("deployment-handoff", 60), ("statefulset-shadow", 60),
            ("deployment-handoff-precopy", 10), ("deployment-handoff+256M", 10), ("deployment-handoff-precopy+256M", 10)])
        self.assertEqual([job.configuration.memory for job in found[-2:]], [256 << 20, 256 << 20])

    def test_whatever_is_left_out_is_told(self):
        wanted = command.jobs(matrix.CONFIGURATIONS, RATES, command.sizes_of("0,1G"))
        there, left_out = command.split(wanted, HELP.replace("--precopy", "--other"))
        self.assertEqual(len(there) + len(left_out), len(wanted))
        self.assertIn(("deployment-handoff-precopy+1G", "this ms2m has no --precopy 1"), [(job.key[0], why) for job, why in left_out])

    def test_only_of_the_pods_own_kind(self):
        there, left_out = command.split(command.jobs(matrix.CONFIGURATIONS, [10.0], []), HELP, "statefulset")
        self.assertEqual([job.key[0] for job in there], ["statefulset-sequential-relay", "statefulset-shadow"])
        self.assertEqual({job.key[0]: why for job, why in left_out}["deployment-handoff"], "the pod is a StatefulSet's")


class Rows(unittest.TestCase):
    def test_preparing_is_of_checkpointing(self):
        self.assertEqual(rows.phases_of(PHASES), {"checkpoint_s": 0.3, "transfer_s": 0.3, "restore_s": 0.4, "replay_s": None, "finalize_s": 0.5})
        self.assertEqual(set(rows.phases_of(None).values()), {None})

    def test_statuses(self):
        for expected, given in {
                "exact": (0, True, True, []), "inexact": (0, False, True, []), "debris": (0, True, True, ["queue / x"]),
                "refused": (4, True, False, []), "failed": (1, True, False, []), "hung": ("hung", True, False, []),
                "no-verdict": (0, None, True, [])}.items():
            self.assertEqual(rows.status_of(*given), expected)
        self.assertEqual(rows.status_of(0, True, False, []), "failed")
        self.assertEqual(rows.status_of(4, True, True, []), "failed")
        self.assertEqual(rows.status_of(5, True, True, []), "debris")
        self.assertEqual({rows.status_of(*given) for given in ((1, False, False, ["x"]), (4, False, False, []))}, {"inexact"})

    def test_csv(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "baseline.csv")
            file = rows.Csv(path)
            file.add(rows.row(1, 10.0, BY_KEY["deployment-handoff"], "exact", 1.23456, 0.1234, PHASES))
            file.add(rows.row(1, 0.5, BY_KEY["statefulset-shadow"], "refused", why="a reason"))
            with open(path, encoding="utf-8") as written:  # before it is closed
                self.assertEqual(written.read().splitlines(), [
                    "run,msg_rate,configuration,downtime_ms,total_time_s,checkpoint_s,transfer_s,restore_s,replay_s,finalize_s,status",
                    "1,10,deployment-handoff,123.4,1.2346,0.3,0.3,0.4,,0.5,exact", "1,0.5,statefulset-shadow,,,,,,,,refused"])
            file.close()
            with self.assertRaises(FileExistsError):
                rows.Csv(path)

    def test_medians_are_of_exact_runs(self):
        entries = [exact("deployment-handoff", 10.0, total, run) for run, total in ((1, 1.0), (2, 9.0), (3, 2.0))]
        entries += [dict(exact("deployment-handoff", 10.0, 100.0), status="inexact"), exact("deployment-handoff", 60.0, 5.0)]
        found = rows.medians(entries)
        self.assertEqual(set(found), {("deployment-handoff", 10.0), ("deployment-handoff", 60.0)})
        self.assertEqual((found["deployment-handoff", 10.0]["total_time_s"], found["deployment-handoff", 10.0]["runs"]), (2.0, 3))
        self.assertEqual(found["deployment-handoff", 10.0]["downtime_ms"], 200.0)

    def test_of_a_run_in_the_lab(self):
        run = {"exit_status": 0, "exact": True, "moved": True, "debris": [], "total_s": 1.5, "gap_s": 0.25, "phases": PHASES}
        entry = lab_runs.row_of(run, BY_KEY["deployment-handoff"], 10.0, 1, None)
        self.assertEqual((entry["status"], entry["downtime_ms"], entry["total_time_s"]), ("exact", 250.0, 1.5))
        wrong = dict(run, exact=False, published=9, lost=1, duplicated=0, reordered=0, problem=None)
        self.assertEqual(lab_runs.row_of(wrong, BY_KEY["deployment-handoff"], 10.0, 1, None)["why"], "published 9 lost 1 duplicated 0 reordered 0")
        refused = lab_runs.row_of(dict(run, exit_status=4, moved=False), BY_KEY["deployment-handoff"], 10.0, 1, "no room")
        self.assertEqual((refused["status"], refused["total_time_s"], refused["why"]), ("refused", None, "no room"))

    def test_exit_status(self):
        fine = [exact("deployment-handoff", 10.0, 1.0), rows.row(1, 10.0, BY_KEY["statefulset-shadow"], "refused"),
                rows.row(0, 10.0, BY_KEY["deployment-shadow-direct"], "unavailable")]
        self.assertEqual(command.exit_status(fine, 3), 0)
        self.assertEqual(command.exit_status(fine, 4), 1)
        for bad in ("inexact", "failed", "hung", "debris", "no-verdict"):
            self.assertEqual(command.exit_status([*fine, dict(fine[0], status=bad)], 4), 1, bad)

    def test_reasons(self):
        self.assertEqual(reasons.reason({"error": {"message": "one\ntwo"}}, "three"), "one")
        self.assertEqual(reasons.reason({"error": None}, "\n three\nfour"), "three")
        self.assertIsNone(reasons.reason({}, ""))


class Published(unittest.TestCase):
    def test_the_figures_have_sources_and_belong_to_a_configuration(self):
        figures = published.load()
        for series in figures["measured"] + figures["expected"]:
            self.assertTrue(series["source"])
            self.assertIn(series["configuration"], BY_KEY)
        baseline = figures["measured"][0]
        self.assertEqual(baseline["total_s"], {10.0: 55.7})
        self.assertAlmostEqual(sum(baseline["phases"][10.0].values()), 55.7, delta=0.05)
        self.assertEqual(set(baseline["phases"][10.0]), set(rows.PHASES))
        self.assertEqual([figures["measured"][number]["total_s"].get(120.0) for number in (1, 2, 3)], [161, 142, None])


def texts_of(svg):
    return ["".join(each.itertext()).strip() for each in xml.etree.ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


class Pictures(unittest.TestCase):
    def draw(self, script):
        with tempfile.TemporaryDirectory() as directory:
            drawn = []
            for name in ("one.svg", "two.svg"):
                plots.draw(script, os.path.join(directory, name))
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    drawn.append(file.read())
        self.assertEqual(drawn[0], drawn[1])
        return drawn[0]

    def test_phases(self):
        svg = self.draw(plots.phases_script(matrix.CONFIGURATIONS, rows.medians(some_runs()), published.load(), 10.0))
        root = xml.etree.ElementTree.fromstring(svg)
        self.assertEqual(root.get("width"), "960")
        self.assertGreater(int(root.get("height")), 400)
        words = texts_of(svg)
        for each in ("MS2M baseline, 2026-02-16", "55.7 s", "Deployment, handoff", *rows.TITLES.values()):
            self.assertIn(each, words)
        self.assertNotIn("Deployment, shadow, registry", words)  # not measured
        self.assertEqual(words.count("StatefulSet, sequential, ssh relay"), 1)  # the others once more, on their own scale
        self.assertEqual(words.count("Deployment, handoff"), 2)
        for colour in ("rgb(  0, 114, 178)", "rgb(204, 121, 167)"):
            self.assertIn(colour, svg)

    def test_a_bar_is_as_long_as_its_phases(self):
        bar = plots.Bar("x", {"checkpoint_s": 1.0, "transfer_s": None, "restore_s": 2.0, "replay_s": 0.0, "finalize_s": 0.5}, 3.4, False)
        self.assertEqual([(begun, ended) for _, begun, ended in bar.boxes()], [(0, 1.0), (1.0, 3.0), (3.0, 3.5)])
        self.assertEqual(bar.end(), 3.5)
        self.assertEqual(plots.Bar("x", None, 20, True).boxes(), [(plots.UNKNOWN_COLOUR, 0, 20)])

    def test_totals(self):
        svg = self.draw(plots.totals_script(matrix.CONFIGURATIONS, rows.medians(some_runs()), published.load(), RATES))
        words = texts_of(svg)
        for each in ("SHADOW, sequential, published", "StatefulSet, shadow", "120", "60", "10"):
            self.assertIn(each, words)

    def test_memory(self):
        svg = self.draw(plots.memory_script([("Deployment, handoff", {0: 600.0, 256 << 20: 1900.0}), ("with pre-copy", {0: 500.0})], 10.0))
        for each in ("256", "0", "Deployment, handoff", "with pre-copy"):
            self.assertIn(each, texts_of(svg))

    def test_nothing_measured_is_told_in_the_picture(self):
        empty = {"measured": [], "expected": []}
        self.assertIn("no exact run at 10 messages/s, and nothing was published for it", texts_of(self.draw(
            plots.phases_script(matrix.CONFIGURATIONS, {}, empty, 10.0))))
        self.assertIn("nothing was measured", texts_of(self.draw(plots.totals_script(matrix.CONFIGURATIONS, {}, empty, RATES))))
        self.assertIn("no exact run of a handoff", texts_of(self.draw(plots.memory_script([("x", {})], 10.0))))
        self.draw(plots.phases_script(matrix.CONFIGURATIONS, {}, published.load(), 10.0))

    def test_what_gnuplot_says_is_a_failure(self):
        with tempfile.TemporaryDirectory() as directory, self.assertRaisesRegex(lab.Failure, "gnuplot, x.svg: "):
            plots.draw(plots.header("x", 100) + ["plot nonsense("], os.path.join(directory, "x.svg"))

    def test_text_stays_text(self):
        svg = self.draw(plots.memory_script([('a "b" \\c {d} <e>', {0: 1.0})], 10.0))
        self.assertIn('a "b" \\c {d} <e>', texts_of(svg))


class Strict(html.parser.HTMLParser):
    """Whatever could ask somebody for something, and names that are there twice."""
    FORBIDDEN = {"script", "link", "img", "image", "iframe", "object", "embed", "audio", "video", "source", "base", "form", "feimage", "foreignobject"}
    REFERENCES = {"src", "href", "xlink:href", "action", "data", "poster", "srcset", "background", "formaction", "ping", "manifest"}
    VOID = {"meta", "br", "hr", "input"}

    def __init__(self):
        super().__init__()
        self.wrong, self.ids, self.open, self.words, self.svgs = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag in self.FORBIDDEN:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name in self.REFERENCES and not value.startswith("#"):
                self.wrong.append(f"{name}={value}")
            if name.startswith("on") or "url(" in value.replace("url(#", "") or "javascript:" in value:
                self.wrong.append(f"{name}={value}")
            if name == "id":
                self.ids.append(value)
        if tag == "svg":
            self.svgs.append(dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> has no beginning")

    def handle_data(self, data):
        if self.open and self.open[-1] == "style" and re.search(r"url\(|@import|@font-face", data):
            self.wrong.append("the style asks for something")
        self.words.append(data)


def make_page(directory, entries):
    options = argparse.Namespace(out=directory, rates=RATES, configurations=list(matrix.CONFIGURATIONS), cluster=None,
                                 memory=command.sizes_of("0,256M"), delay_ms=50, sigterm="ignored", grace=30)
    report.write(options, command.command_line(), machine.describe(False), options.configurations, entries,
                 ["deployment-shadow-registry: this ms2m has no --transfer registry"])
    with open(os.path.join(directory, "baseline.html"), encoding="utf-8") as file:
        return file.read()


class Page(unittest.TestCase):
    def test_asks_nobody_and_says_everything(self):
        entries = some_runs() + [rows.row(1, 10.0, BY_KEY["deployment-handoff"], "inexact", why="lost <1> & more")]
        with tempfile.TemporaryDirectory() as directory:
            text = make_page(directory, entries)
            self.assertEqual(sorted(os.listdir(directory)), ["baseline.html", "memory.svg", "phases.svg", "totals.svg"])
        parsed = Strict()
        parsed.feed(text)
        parsed.close()
        self.assertEqual((parsed.wrong, parsed.open), ([], []))
        self.assertNotIn("://", text)  # not even a name space
        self.assertEqual(len(parsed.ids), len(set(parsed.ids)))
        for reference in re.findall(r"(?:href=['\"]#|url\(#)([^'\")]+)", text):
            self.assertIn(reference, parsed.ids)
        self.assertEqual([(each["width"], each["role"]) for each in parsed.svgs], [("960", "img")] * 3)
        self.assertTrue(all(each["aria-label"] for each in parsed.svgs))
        words = "\n".join(parsed.words)
        for each in ("scripts/bench", "55.7", "lost <1> & more", "this ms2m has no --transfer registry", "processors", "kernel",
                     f"{len(entries)} runs: {len(entries) - 1} exact, 1 inexact.", "expected, not measured",
                     "behind at more than 20 a second; it ignores SIGTERM, as the published one; its grace period is 30 s"):
            self.assertIn(each, words)
        self.assertIn("prefers-color-scheme: dark", text)

    def test_the_strict_reader_is_strict(self):
        for bad in ('<img src="x">', "<p onclick='x'></p>", '<a href="http://x"></a>', "<style>@import 'x';</style>", "<script></script>",
                    '<svg><use xlink:href="x#y"/></svg>', '<p style="background:url(x)"></p>', "<p></b>", "<link rel=stylesheet href='#'>"):
            parsed = Strict()
            parsed.feed(bad)
            parsed.close()
            self.assertTrue(parsed.wrong, bad)

    def test_without_any_exact_run(self):
        with tempfile.TemporaryDirectory() as directory:
            text = make_page(directory, [rows.row(0, 10.0, BY_KEY["deployment-shadow-direct"], "unavailable", why="none")])
        self.assertIn("No run was made.", text)

    def test_commands_of_others_are_not_in_it(self):
        before = sys.argv
        self.addCleanup(setattr, sys, "argv", before)
        sys.argv = ["bench", "baseline", "--publish", "p secret", "--verdict=v secret", "--pod", "pod/a b"]
        self.assertEqual(command.command_line(), "scripts/bench baseline --publish COMMAND --verdict=COMMAND --pod 'pod/a b'")


class Options(unittest.TestCase):
    def parsed(self, *arguments):
        return bench.fill_in(bench.parser().parse_args(["baseline", *arguments]))

    def test_what_is_missing_or_there_is_told_before_anything_is_touched(self):
        with tempfile.TemporaryDirectory() as directory:
            out = ("--out", directory)
            for arguments, words in {
                    ("--cluster", __file__, "--pod", "a"): "--cluster needs --publish and --verdict",
                    ("--cluster", "/no/such", "--pod", "a", "--publish", "b", "--verdict", "c"): "there is no /no/such",
                    ("--pod", "a"): "are for --cluster"}.items():
                with self.assertRaisesRegex(lab.Failure, words):
                    command.check(self.parsed(*out, *arguments))
            command.check(self.parsed(*out))
            open(os.path.join(directory, "baseline.csv"), "w", encoding="utf-8").close()
            with self.assertRaisesRegex(lab.Failure, "has a baseline.csv already"):
                command.check(self.parsed(*out))

    def test_a_password_cannot_hide_behind_an_abbreviation(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.parsed("--out", "x", "--publi", "p secret")

    def test_the_published_consumer_is_the_default(self):
        found = self.parsed("--out", "x")
        self.assertEqual((found.sigterm, found.grace, found.delay_ms, found.runs), ("ignored", 30, 50, 3))
        self.assertEqual(found.rates, [10, 20, 40, 60, 80, 100, 120])
        self.assertEqual(found.configurations, list(matrix.CONFIGURATIONS))


GOOD = "published 9 applied 9 lost 0 duplicated 0 reordered 0 hash equal"


class Cluster(unittest.TestCase):
    def options(self, **changed):
        given = {"cluster": "/kubeconfig", "publish": "exec sleep 60", "verdict": f"echo '{GOOD}'", "verdict_timeout": 20}
        return argparse.Namespace(**{**given, **changed})

    def test_verdict_lines(self):
        self.assertIs(cluster_runs.exact(f"words\n{GOOD}\n"), True)
        self.assertIsNone(cluster_runs.exact("nothing of the kind"))
        for bad in (GOOD.replace("lost 0", "lost 1"), GOOD.replace("equal", "DIFFERENT"), GOOD + " unexpected 1", GOOD + " (not settled)",
                    GOOD.replace("published 9", "published 0"), GOOD + "\n" + GOOD.replace("reordered 0", "reordered 2")):
            self.assertIs(cluster_runs.exact(bad), False, bad)

    def test_the_publisher_has_the_rate_and_ends_with_its_group(self):
        with tempfile.TemporaryDirectory() as directory:
            at = os.path.join(directory, "said")
            publish = f'echo "$RATE $KUBECONFIG" >{at}.part; sleep 60 & echo $! >>{at}.part; mv {at}.part {at}; wait'
            with cluster_runs.publishing(self.options(publish=publish), 12.5):
                deadline = time.monotonic() + 60
                while not os.path.exists(at):
                    self.assertLess(time.monotonic(), deadline, "the publisher does not begin")
                    time.sleep(0.01)
            with open(at, encoding="utf-8") as file:
                rate, child = file.read().splitlines()
            self.assertEqual(rate, "12.5 /kubeconfig")
            deadline = time.monotonic() + 60
            while os.path.exists(f"/proc/{child}") and not lab_runs.producing.is_zombie(int(child)):
                self.assertLess(time.monotonic(), deadline, "what the publisher began goes on")
                time.sleep(0.01)

    def test_a_publisher_that_ends_by_itself(self):
        with self.assertRaisesRegex(lab.Failure, "ended by itself, with exit status 3"):
            with cluster_runs.publishing(self.options(publish="exit 3"), 10) as process:
                process.wait(60)

    def test_a_publisher_that_does_not_end_is_killed(self):
        self.addCleanup(setattr, cluster_runs, "ENDS_WITHIN", cluster_runs.ENDS_WITHIN)
        cluster_runs.ENDS_WITHIN = 0.2
        with tempfile.TemporaryDirectory() as directory:
            ready = os.path.join(directory, "ready")
            with self.assertRaisesRegex(lab.Failure, "did not end within 0.2 s"):
                with cluster_runs.publishing(self.options(publish=f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"), 10) as process:
                    deadline = time.monotonic() + 60
                    while not os.path.exists(ready):
                        self.assertLess(time.monotonic(), deadline, "the publisher does not begin")
                        time.sleep(0.01)
        self.assertEqual(process.returncode, -signal.SIGKILL)

    def test_a_verdict(self):
        self.assertEqual(cluster_runs.judged(self.options()), (True, GOOD))
        self.assertEqual(cluster_runs.judged(self.options(verdict="exit 7")), (None, "--verdict printed no verdict; exit status 7"))
        self.assertEqual(cluster_runs.judged(self.options(verdict="sleep 60", verdict_timeout=0.2)),
                         (None, "--verdict said nothing within 0.2 s"))

    def pod(self, plan):
        """Whose ms2m answers `plan` with this."""
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        program = os.path.join(directory, "ms2m")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n[ \"$*\" = 'plan pod/c-1 --to n-2 -o json -n shop' ] && [ $KUBECONFIG = /kubeconfig ] || exit 9\n"
                       f"echo '{json.dumps(plan)}'\n")
        os.chmod(program, 0o755)
        before = os.environ.get("MS2M")
        self.addCleanup(lambda: os.environ.pop("MS2M") if before is None else os.environ.update(MS2M=before))
        os.environ["MS2M"] = program
        return cluster_runs.Pod(self.options(pod="pod/c-1", to="n-2", ms2m_args=["-n", "shop"], migration_timeout=20))

    def test_the_pod_goes_there_and_back(self):
        pod = self.pod({"workload": "ReplicaSet", "source": {"pod": "c-1", "node": "n-1"}})
        self.assertEqual((pod.workload, pod.lost), ("deployment", None))
        self.assertTrue(pod.follow(0, {"target": {"pod": "c-2", "node": "n-2"}}))
        self.assertEqual(pod.where()[:3], ["pod/c-2", "--to", "n-1"])
        self.assertFalse(pod.follow(4, {}) or pod.follow(1, {"target": {"pod": "c-3", "node": "n-1"}}))
        self.assertEqual((pod.where()[:3], pod.lost), (["pod/c-2", "--to", "n-1"], None))
        self.assertTrue(pod.follow(5, {"target": {"pod": "c-3", "node": "n-1"}}))
        self.assertEqual(pod.where()[:3], ["pod/c-3", "--to", "n-2"])

    def test_one_that_is_lost(self):
        for status in (3, 130, "hung", 0):
            pod = self.pod({"workload": "StatefulSet", "source": {"pod": "c-1", "node": "n-1"}})
            self.assertFalse(pod.follow(status, {}))
            self.assertTrue(pod.lost, status)

    def test_a_pod_of_which_nothing_is_known(self):
        with self.assertRaisesRegex(lab.Failure, "ms2m plan pod/c-1 --to n-2 -o json -n shop: exit status 0"):
            self.pod({"findings": []})

    def test_rows(self):
        report = {"total_s": 2.0, "gap_s": 0.5, "phases": PHASES, "leftovers": []}
        handoff = BY_KEY["deployment-handoff"]
        self.assertEqual(cluster_runs.row_of(handoff, 10.0, 1, (0, report, ""), True, True, GOOD)["downtime_ms"], 500.0)
        refused = cluster_runs.row_of(handoff, 10.0, 1, (4, {"error": {"message": "no handler"}}, ""), False, True, GOOD)
        self.assertEqual((refused["status"], refused["why"]), ("refused", "no handler"))
        self.assertEqual(cluster_runs.row_of(handoff, 10.0, 1, (0, report, ""), True, None, "none")["status"], "no-verdict")


if __name__ == "__main__":
    unittest.main()
