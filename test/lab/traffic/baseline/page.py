"""The report: one HTML file that asks nobody for anything, and needs no script."""

import html
import re

from baseline import rows

STYLE = """
:root { color-scheme: light dark; --text: #1d1d1f; --soft: #5c5c66; --line: #d8d8de; --back: #ffffff; --card: #f6f6f8; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8ed; --soft: #a3a3ad; --line: #3c3c44; --back: #17171a; --card: #202024; --bad: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; color: var(--text); background: var(--back);
       font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem; }
p, li { max-width: 46rem; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
.bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
th.text, td.text { text-align: left; }
td.why { white-space: normal; min-width: 18rem; }
caption { caption-side: bottom; text-align: left; padding-top: .5rem; }
figure { margin: 1rem 0 2rem; }
figure svg { display: block; width: 100%; min-width: 42rem; height: auto; color: var(--text); }
figure svg rect[fill="#ffffff"] { fill: none; }
figure svg [color="black"] { color: inherit; }
figure svg [fill="black"] { fill: currentColor; }
figure svg [stroke="black"] { stroke: currentColor; }
figure svg [stroke="rgb(200, 200, 200)"] { stroke: var(--line); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; font-size: .88rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; }
"""

COLUMN_TITLES = {"downtime_ms": "gap, ms", "total_time_s": "total, s", **{name: f"{title}, s" for name, title in rows.TITLES.items()}}


def text(value):
    return html.escape(str(value))


def number(value):
    return "–" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


def inline(svg, name, label):
    """Of gnuplot's file: the element alone, with names that no other picture of the page has, and without those of XML."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    svg = re.sub(r"<title>.*?</title>\s*|<desc>.*?</desc>\s*", "", svg, flags=re.S)
    svg = re.sub(r"\bid=(['\"])", rf"id=\1{name}-", svg)
    svg = re.sub(r"(href=['\"]#|url\(#)", rf"\1{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(label)}"', 1)


def table(columns, lines, caption):
    """columns: [(title, class)]; lines: lists of (words, class)."""
    def cell(tag, words, kind):
        return f'<{tag} class="{kind}">{text(words)}</{tag}>' if kind else f"<{tag}>{text(words)}</{tag}>"

    head = "".join(cell("th", *column) for column in columns)
    body = "\n".join("<tr>" + "".join(cell("td", *words) for words in line) + "</tr>" for line in lines)
    return (f'<div class="wide"><table><caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{body}\n</tbody></table></div>")


def published_words(published, configuration, rate):
    found = [f"{series['total_s'][rate]:g} ({series['name']})" for group in ("measured", "expected") for series in published[group]
             if series["configuration"] == configuration and rate in series["total_s"]]
    return "; ".join(found) or "–"


def medians_table(configurations, medians, published):
    columns = [("configuration", "text"), ("messages/s", ""), ("exact runs", ""), *((COLUMN_TITLES[name], "") for name in rows.NUMBERS),
               ("published total, s", "text")]
    lines = []
    for each in configurations:
        for rate in sorted(rate for key, rate in medians if key == each.key):
            found = medians[each.key, rate]
            lines.append([(each.title, "text"), (f"{rate:g}", ""), (found["runs"], ""), *((number(found[name]), "") for name in rows.NUMBERS),
                          (published_words(published, each.key, rate), "text")])
    return table(columns, lines, "Medians of the exact runs. Of the phases they need not add up to that of the total.")


def published_table(published):
    rates = sorted({rate for group in published.values() for series in group for rate in series["total_s"]})
    lines = [[(series["name"], "text"), *((number(series["total_s"].get(rate)), "") for rate in rates), (series["source"], "text why")]
             for group in ("measured", "expected") for series in published[group]]
    return table([("published", "text"), *((f"{rate:g}/s", "") for rate in rates), ("source", "text")], lines,
                 "Seconds of the whole migration, by messages per second.")


def runs_table(entries):
    columns = [("run", ""), ("messages/s", ""), ("configuration", "text"), *((COLUMN_TITLES[name], "") for name in rows.NUMBERS),
               ("status", "text"), ("", "text")]
    lines = [[(entry["run"], ""), (f"{entry['msg_rate']:g}", ""), (entry["configuration"], "text"),
              *((number(entry[name]), "") for name in rows.NUMBERS),
              (entry["status"], "text" if entry["status"] in rows.FINE else "text bad"), (entry["why"] or "", "text why")] for entry in entries]
    return table(columns, lines, "Every run, as in baseline.csv.")


def summary(entries):
    counts = {}
    for entry in entries:
        counts[entry["status"]] = counts.get(entry["status"], 0) + 1
    made = sum(count for status, count in counts.items() if status != "unavailable")
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if status != "unavailable")
    return f"{made} runs: {words}." if made else "No run was made."


def definitions(in_lab, consumer):
    gap = ("The gap is measured: from the last message that the source worked on to the first new one that the copy works on, or, where "
           "both have one name, the longest time without a message." if in_lab else "The gap is the one that ms2m reports.")
    return [*([consumer] if consumer else []), gap,
            "The total is ms2m's: from when it is known what to do, and all can be reached, until nothing of the migration is left.",
            "Checkpointing holds what ms2m calls Preparing as well: the published phase holds the queue's setup, too.",
            "exact: moved, no message lost, doubled or overtaken, and the state the same as without a migration. refused: ms2m said no before "
            "anything was touched. Numbers of other runs are in no median."]


def listing(items):
    return "<ul>" + "".join(f"<li>{text(item)}</li>" for item in items) + "</ul>"


def figure(name, svg, caption):
    return f'<figure id="{name}"><div class="wide">{inline(svg, name, caption)}</div><figcaption>{text(caption)}</figcaption></figure>'


def make(report):
    """report: command, in_lab, consumer (words on it, or None), machine [(what, value)], configurations, entries, medians, published, left_out
    and figures [(name, svg, caption)]."""
    machine = "".join(f"<dt>{text(what)}</dt><dd>{text(value)}</dd>" for what, value in report["machine"])
    left_out = f"<h2>Left out</h2>{listing(report['left_out'])}" if report["left_out"] else ""
    where = "in the lab" if report["in_lab"] else "on a cluster"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>ms2m beside the published baseline</title>
<style>{STYLE}</style>
</head>
<body>
<h1>ms2m beside the published baseline</h1>
<p>Migrations of a consumer of a RabbitMQ queue from node to node {where}, with every message counted. {text(summary(report["entries"]))}</p>
{"".join(figure(*each) for each in report["figures"])}
<h2>Medians</h2>
{medians_table(report["configurations"], report["medians"], report["published"])}
<h2>Published</h2>
{published_table(report["published"])}
{left_out}
<h2>What the numbers are</h2>
{listing(definitions(report["in_lab"], report["consumer"]))}
<h2>Command</h2>
<pre>{text(report["command"])}</pre>
<h2>Machine</h2>
<dl>{machine}</dl>
<h2>Runs</h2>
{runs_table(report["entries"])}
</body>
</html>
"""
