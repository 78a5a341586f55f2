"""What is written of the runs: the pictures, and the page that holds them."""

import os

from baseline import matrix, page, plots, published, rows


def gaps_over_memory(options, medians):
    """[(title, {bytes: ms})]"""
    rate = options.rates[0]
    return [(each.title, {size: medians[key, rate]["downtime_ms"] for size, word in options.memory
                          if ((key := each.with_memory(size, word).key), rate) in medians})
            for each in (matrix.HANDOFF, matrix.HANDOFF_PRECOPY)]


def pictures(options, medians, figures):
    """[(name, what gnuplot is told, caption)]; of --configurations, and of --memory in the lab."""
    rate = options.rates[0]
    yield ("phases", plots.phases_script(options.configurations, medians, figures, rate),
           f"The five phases at {rate:g} messages a second, and what was published.")
    yield ("totals", plots.totals_script(options.configurations, medians, figures, options.rates),
           "The whole migration over the rate. Dashed: published. "
           "The published ShadowPod of a Deployment never catches up at 100 and 120 messages a second.")
    if options.memory and not options.cluster:
        yield ("memory", plots.memory_script(gaps_over_memory(options, medians), rate),
               "The gap of a handoff over the consumer's memory. Nothing of this kind was published.")


def consumer(options):
    """What decides how long it takes, beside ms2m; None: it is somebody's own."""
    if options.cluster:
        return None
    end = "ignores SIGTERM, as the published one" if options.sigterm == "ignored" else "ends at SIGTERM"
    grace = "" if options.grace is None else f"; its grace period is {options.grace} s"
    return (f"The consumer needs {options.delay_ms:g} ms for a message, so that it is behind at more than {1000 / options.delay_ms:g} a second; "
            f"it {end}{grace}. Sequential waits for its end.")


def write(options, command, machine, configurations, entries, left_out):
    """Of whatever was measured until now."""
    medians, figures, drawn = rows.medians(entries), published.load(), []
    for name, script, caption in pictures(options, medians, figures):
        path = os.path.join(options.out, name + ".svg")
        plots.draw(script, path)
        with open(path, encoding="utf-8") as file:
            drawn.append((name, file.read(), caption))
    text = page.make({"command": command, "in_lab": not options.cluster, "consumer": consumer(options), "machine": machine,
                      "entries": entries, "medians": medians,
                      "configurations": list({each.key: each for each in configurations}.values()), "published": figures,
                      "left_out": left_out, "figures": drawn})
    with open(os.path.join(options.out, "baseline.html"), "w", encoding="utf-8") as file:
        file.write(text)
