"""What happens to the broker and on the way to it."""

import functools
import time

import driver
from faults.fault import Fault
from faults.scene import PIVOTED, RESTORE, STREAM

AWAY_S = 8


def restarted_at(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.restart_broker()


def unplugged_at(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.unplug_broker_for(AWAY_S)


def black_hole_at(place, strategy, seconds, scene):
    """For ms2m alone; the consumers go on."""
    hole = scene.hole()
    scene.begin_at(place, strategy, env=scene.through(hole))
    hole.close()
    time.sleep(seconds)
    hole.open()


def cut_at(place, strategy, scene):
    scene.begin_at(place, strategy)
    scene.expect(driver.cut_connections(scene.migration.pid), "ms2m had no connection to the broker")


def row(name, what, function, *arguments, **more):
    return Fault(name, what, functools.partial(function, *arguments), **more)


FAULTS = [
    row("broker-restarted-handoff", "the broker is stopped and started again while the data flows", restarted_at, STREAM, "handoff", doubles=True),
    row("broker-restarted-shadow", "the same while ms2m relays to both", restarted_at, RESTORE, "shadow", doubles=True),
    row("broker-restarted-pivoted", "the same after the pivot", restarted_at, PIVOTED, "handoff", verb="resume", doubles=True),
    row("broker-unplugged", f"nobody reaches the broker for {AWAY_S} s, without a reset", unplugged_at, STREAM, "handoff"),
    row("broker-hole-short", "ms2m's link to the broker is a black hole for 2 s", black_hole_at, STREAM, "handoff", 2),
    row("broker-hole-handoff", "the same for 20 s", black_hole_at, STREAM, "handoff", 20),
    row("broker-hole-shadow", "the same for 20 s while ms2m relays to both", black_hole_at, RESTORE, "shadow", 20),
    row("broker-hole-pivoted", "the same for 20 s after the pivot", black_hole_at, PIVOTED, "handoff", 20, verb="resume"),
    row("broker-cut", "the broker closes ms2m's connections while it relays to both", cut_at, RESTORE, "shadow"),
]
