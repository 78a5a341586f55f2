"""The pictures: SVG by gnuplot, the same bytes for the same numbers."""

import os
import subprocess

import lab
from baseline import rows

WIDTH = 960
BAR = 26     # pixels
LEGEND = 70  # pixels
PHASE_COLOURS = dict(zip(rows.PHASES, ("#0072b2", "#56b4e9", "#009e73", "#e69f00", "#cc79a7")))
UNKNOWN_COLOUR = "#9a9a9a"  # a total of which the phases were not published
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#8c6d31", "#a61c3c")
PUBLISHED_COLOURS = ("#6f6f6f", "#8f8f8f", "#a9a9a9", "#7f7f7f")
MIB = 1 << 20


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def header(name, height):
    return [f'set terminal svg size {WIDTH},{height} font "sans-serif,13" noenhanced background "#ffffff" name {quoted(name)}',
            'set style line 100 lc rgb "#c8c8c8" lw 0.6', "set tics nomirror out scale 0.5", "set border 3"]


def nothing(text):
    """A picture that says why nothing is in it."""
    return ["unset border", "unset tics", "unset key", "unset grid", "unset label", f"set label {quoted(text)} at graph 0.5,0.5 center",
            "set xrange [0:1]", "set yrange [0:1]", "plot NaN notitle"]


class Bar:
    """One line of the picture of phases: all phases, or a total alone. Medians of phases need not add up to that of the total."""

    def __init__(self, label, phases, total, published):
        self.label, self.phases, self.total, self.published = label, phases, total, published

    def end(self):
        return max(self.total, *(ended for _, _, ended in self.boxes()))

    def boxes(self):
        """[(colour, from, to)]"""
        if not self.phases:
            return [(UNKNOWN_COLOUR, 0, self.total)]
        found, at = [], 0
        for column, colour in PHASE_COLOURS.items():
            length = self.phases.get(column) or 0
            if length:
                found.append((colour, at, at + length))
            at += length
        return found


def published_bars(published, rate):
    return [Bar(series["name"], series["phases"].get(rate), series["total_s"][rate], True)
            for group in ("measured", "expected") for series in published[group] if rate in series["total_s"]]


def measured_bars(configurations, medians, rate):
    return [Bar(each.title, {name: medians[each.key, rate][name] for name in rows.PHASES}, medians[each.key, rate]["total_time_s"], False)
            for each in configurations if (each.key, rate) in medians]


def key_entries():
    return [f'keyentry with boxes fs solid 0.95 noborder lc rgb "{colour}" title {quoted(title)}'
            for colour, title in [*((colour, rows.TITLES[column]) for column, colour in PHASE_COLOURS.items()),
                                  (UNKNOWN_COLOUR, "phases not published")]]


def panel(bars, title, edges, with_key):
    """Horizontal bars, the first one above; edges: of the plot, of the picture's height."""
    count = len(bars)
    places = {bar: count - 1 - number for number, bar in enumerate(bars)}
    ticks = ", ".join(f"{quoted(bar.label)} {place}" for bar, place in places.items())
    lines = [f"set tmargin at screen {edges[0]:.4f}", f"set bmargin at screen {edges[1]:.4f}", "set lmargin at screen 0.34",
             "set rmargin at screen 0.97", f"set title {quoted(title)}", "set grid xtics ls 100", f"set yrange [-0.6:{count - 0.4:.1f}]",
             f"set xrange [0:{max(bar.end() for bar in bars) * 1.12:.4f}]", f"set ytics ({ticks}) scale 0", "unset label",
             "set key at screen 0.5,screen 0.995 center top horizontal Left reverse maxrows 1 samplen 1 width -1" if with_key else "unset key"]
    lines += [f"set label {quoted(f'{bar.total:.3g} s')} at {bar.end():.4f},{place} offset 0.6,0 left" for bar, place in places.items()]
    boxes = {}
    for bar, place in places.items():
        for colour, begun, ended in bar.boxes():
            boxes.setdefault((colour, "0.45" if bar.published else "0.95"), []).append(f"{begun:.4f} {ended:.4f} {place}")
    plots = [f"'-' using (($1+$2)/2):3:1:2:($3-0.36):($3+0.36) with boxxyerror fs solid {strength} noborder lc rgb \"{colour}\" notitle"
             for colour, strength in boxes]
    lines.append("plot " + ", ".join(plots + (key_entries() if with_key else [])))
    for found in boxes.values():
        lines += [*found, "e"]
    return lines


def phases_script(configurations, medians, published, rate):
    """Above what was published beside what was measured, on one scale; below what was measured alone, but for what waits for a grace period."""
    ours, theirs = measured_bars(configurations, medians, rate), published_bars(published, rate)
    panels = [(theirs + ours, f"published (pale) and measured: seconds at {rate:g} messages/s, medians")] if theirs or ours else []
    quick = measured_bars([each for each in configurations if each.strategy != "sequential"], medians, rate)
    if quick and len(theirs + ours) > len(quick):
        without = "" if len(quick) == len(ours) else ", without sequential"
        panels.append((quick, f"measured{without}, on a scale of its own: seconds at {rate:g} messages/s, medians"))
    if not panels:
        return header("phases", 160) + nothing(f"no exact run at {rate:g} messages/s, and nothing was published for it")
    heights = [BAR * len(bars) + 75 for bars, _ in panels]
    height = LEGEND + sum(heights)
    lines, top = header("phases", height) + ["set multiplot"], height - LEGEND
    for number, ((bars, title), part) in enumerate(zip(panels, heights)):
        lines += panel(bars, title, ((top - 30) / height, (top - part + 45) / height), number == 0)
        top -= part
    return lines + ["unset multiplot"]


def line_chart(lines_drawn, axes):
    """[(title, {x: y}, style)]: one plot with all of them, or None where there is nothing to draw."""
    drawn = [each for each in lines_drawn if each[1]]
    if not drawn:
        return None
    plots = [f"'-' using 1:2 with linespoints {style} title {quoted(title)}" for title, _, style in drawn]
    lines = axes + ["set grid xtics ytics ls 100", "plot " + ", ".join(plots)]
    for _, points, _ in drawn:
        lines += [*(f"{x:g} {y:.4f}" for x, y in sorted(points.items())), "e"]
    return lines


def ours_style(number):
    return f'lc rgb "{LINE_COLOURS[number % len(LINE_COLOURS)]}" lw 2 dt 1 pt {(7, 5, 9, 11, 13)[number % 5]} ps 0.8'


def theirs_style(number):
    return f'lc rgb "{PUBLISHED_COLOURS[number % len(PUBLISHED_COLOURS)]}" lw 1.5 dt 2 pt {(6, 4, 8, 10)[number % 4]} ps 0.8'


def totals_script(configurations, medians, published, rates):
    lines = [(series["name"] + ", published", series["total_s"], theirs_style(number)) for number, series in enumerate(published["measured"])]
    lines += [(each.title, {rate: medians[each.key, rate]["total_time_s"] for rate in rates if (each.key, rate) in medians},
               ours_style(number)) for number, each in enumerate(configurations)]
    x = sorted({*rates, *(rate for _, points, _ in lines for rate in points)})
    axes = [f"set title {quoted('the whole migration: seconds over messages/s, medians')}", "set logscale y",
            f"set xrange [{0:g}:{x[-1] * 1.05:g}]", f"set xtics ({', '.join(f'{rate:g}' for rate in x)})",
            "set yrange [1:300]" if all(y >= 1 for _, points, _ in lines for y in points.values()) else "set yrange [0.1:300]",
            "set ytics (0.1,0.2,0.5,1,2,5,10,20,50,100,200)", "set key outside below center Left reverse maxcols 2 samplen 3"]
    return header("totals", 620) + (line_chart(lines, axes) or nothing("nothing was measured"))


def memory_script(series, rate):
    """[(title, {bytes: gap in ms})]; of the published figures none says how the gap grows with the memory."""
    lines = [(title, {size / MIB: gap / 1000 for size, gap in points.items()}, ours_style(number))
             for number, (title, points) in enumerate(series)]
    most = max((y for _, points, _ in lines for y in points.values()), default=0)
    x = sorted({size for _, points, _ in lines for size in points})
    title = f"no message is worked on: seconds over MiB more than the consumer's own, at {rate:g} messages/s, medians"
    axes = [f"set title {quoted(title)}", f"set yrange [0:{most * 1.15 or 1:.4f}]",
            f"set xrange [{-0.03 * (x[-1] or 1) if x else 0:g}:{(x[-1] or 1) * 1.05 if x else 1:g}]",
            f"set xtics ({', '.join(f'{size:g}' for size in x)})", "set key outside below center Left reverse samplen 3"]
    return header("memory", 420) + (line_chart(lines, axes) or nothing("no exact run of a handoff"))


def draw(script, path):
    """By gnuplot; lab.Failure when it has something to say."""
    text = "\n".join([*script[:1], f"set output {quoted(path)}", *script[1:], ""])
    try:
        done = subprocess.run(["gnuplot", "-d"], input=text, capture_output=True, text=True, check=False, timeout=60,
                              env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"})
    except FileNotFoundError:
        raise lab.Failure("there is no gnuplot: apt-get install gnuplot-nox") from None
    if done.returncode or done.stderr.strip():
        raise lab.Failure(f"gnuplot, {os.path.basename(path)}: {done.stderr.strip() or done.returncode}")
