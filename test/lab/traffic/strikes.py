"""What `bench chaos` lets happen to a move at a random instant: each leaves the traffic exact, whenever it comes.

Not among them: what ends the source's own memory (its pod deleted, its node gone), and a restart of the broker, which may double what
was not acknowledged; `bench faults` has those.
"""

import contextlib
import signal
import time

import driver
import lab
from faults.scene import SOURCE_NODE, TARGET_NODE

STOP_S = 20  # longer than the dead man's time
AWAY_S = 10


def kill(_dice, scene):
    scene.signal(signal.SIGKILL)


def interrupt(_dice, scene):
    scene.signal(signal.SIGINT)


def terminate(_dice, scene):
    scene.signal(signal.SIGTERM)


def stop(_dice, scene):
    scene.stop_for(STOP_S)


def cut(_dice, scene):
    """The broker closes ms2m's connections."""
    return driver.cut_connections(scene.migration.pid) > 0


def some_node(dice):
    return dice.choice((SOURCE_NODE, TARGET_NODE))


def program(dice, scene):
    """That of its session on a node is killed."""
    try:
        scene.kill_program(some_node(dice))
    except lab.Failure:  # none runs there at that moment
        return False
    return True


def sshd(dice, scene):
    scene.end_sshd(some_node(dice))


def kubelet(dice, scene):
    scene.stop_kubelet_for(some_node(dice), AWAY_S)


def apart(dice, scene):
    """A node and the API server do not reach each other; ssh lives."""
    with scene.cut_from_api_server(some_node(dice)):
        time.sleep(AWAY_S)


def silent(_dice, scene):
    """The API server accepts, and says nothing."""
    scene.stop_api_server_for(AWAY_S)


def busy(_dice, scene):
    scene.api_fault(action="status", code=503, count=20)


def reset(_dice, scene):
    """The API server ends connections instead of answering."""
    scene.api_fault(action="drop", count=10)


STRIKES = {strike.__name__: strike for strike in (kill, interrupt, terminate, stop, cut, program, sshd, kubelet, apart, silent, busy, reset)}


def chosen(text):
    """Their names; "all" is each of them."""
    names = list(STRIKES) if text == "all" else text.split(",")
    unknown = [name for name in names if name not in STRIKES]
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; there are: all, {', '.join(STRIKES)}")
    return names


def strike(dice, names, within, scene):
    """Waits for the random instant, then lets one of them happen. Which, and when."""
    instant, fault = dice.uniform(0, within), dice.choice(names)
    time.sleep(max(0, scene.migration.begun + instant - time.time()))
    at = round(time.time() - scene.migration.begun, 3)
    if not scene.migration.running():
        return "none: it was done", at
    with contextlib.suppress(ProcessLookupError):  # it has ended at that moment
        if STRIKES[fault](dice, scene) is False:
            fault = f"none: nothing for {fault}"
    return fault, at
