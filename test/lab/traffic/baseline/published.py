"""The published figures, of published.json alone."""

import json
import os


def load():
    """{"measured": [...], "expected": [...]}; rates are numbers, and each has phases, if none were published an empty object."""
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), "published.json"), encoding="utf-8") as file:
        figures = json.load(file)
    for group in figures.values():
        for series in group:
            series["total_s"] = {float(rate): seconds for rate, seconds in series["total_s"].items()}
            series["phases"] = {float(rate): phases for rate, phases in series.get("phases", {}).items()}
    return figures
