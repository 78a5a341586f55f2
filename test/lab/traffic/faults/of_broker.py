"""What happens to the broker and on the way to it."""

import functools
import time

import driver
from faults import three_brokers
from faults.fault import Fault
from faults.scene import PIVOTED, QUEUE, QUIET, RESTORE, STREAM

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


def node_restarted_at(place, strategy, scene):
    """The one that leads the queue; everybody's connections are to another one, and stay."""
    three_brokers.lead(QUEUE, three_brokers.SECOND)
    node_killed_and_started(three_brokers.SECOND, place, strategy, scene)
    scene.expect(three_brokers.leader(QUEUE) != three_brokers.SECOND, "the queue has the leader that it had")


def follower_restarted_at(place, strategy, scene):
    three_brokers.lead(QUEUE, three_brokers.SECOND)
    node_killed_and_started(three_brokers.THIRD, place, strategy, scene)


def node_killed_and_started(node, place, strategy, scene):
    killing = three_brokers.Killing(node)
    scene.begin_at(place, strategy)
    killing.now()
    time.sleep(AWAY_S)
    killing.and_start_again()


def row(name, what, function, *arguments, **more):
    return Fault(name, what, functools.partial(function, *arguments), **more)


def row_of_three(name, what, function, *arguments, **more):
    return row(name, what, function, *arguments, queue_type="quorum", around=three_brokers.three_brokers, **more)


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
    row_of_three("broker-node-quiet", "of a cluster of three brokers the quorum queue's leader is killed when the source is sent to the "
                 f"empty queue, and started {AWAY_S} s later", node_restarted_at, QUIET, "handoff"),
    row_of_three("broker-node-handoff", "the same while the data flows", node_restarted_at, STREAM, "handoff"),
    row_of_three("broker-node-shadow", "the same while ms2m relays to both", node_restarted_at, RESTORE, "shadow"),
    row_of_three("broker-node-pivoted", "the same after the pivot", node_restarted_at, PIVOTED, "handoff", verb="resume"),
    row_of_three("broker-node-follower", "a follower is killed while the data flows", follower_restarted_at, STREAM, "handoff"),
    row_of_three("broker-node-own", "the one that everybody is connected to is stopped and started again while the data flows", restarted_at, STREAM,
                 "handoff", doubles=True),
]
