"""One row of the table of faults."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    name: str
    what: str                     # in words
    happen: Callable              # begins the move and lets it happen: happen(scene)
    workload: str = "pod"
    queue_type: str = "classic"
    around: Callable = contextlib.nullcontext  # what there is from before its traffic until after it: a context
    patch: dict | None = None     # of the pod
    verb: str = "abort"           # what a person types after it, when something is left to do
    doubles: bool = False         # it doubles what was not acknowledged yet without a move, too
    ends_source: bool = False     # what the source had in its memory goes with it, as without a move
    patience_s: float = 180       # within which ms2m ends
