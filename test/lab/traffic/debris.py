"""What a migration left behind, as `lab status --debris` sees it."""

import subprocess
import time

import driver
import lab


def snapshot(*what):
    result = subprocess.run([driver.LAB_COMMAND, "status", "--snapshot", *what], capture_output=True, text=True,
                            check=False)
    if result.returncode:
        raise lab.Failure(f"no snapshot: {result.stderr.strip()}")


def found(patience=60.0):
    """Lines for what is there now and was not at the snapshot. A restored pod answers its next probe, and who could not be asked is asked again:
    that is waited for."""
    deadline = time.monotonic() + patience
    while True:
        lines = _look()
        if not lines or time.monotonic() > deadline or not all(line.startswith(("pod-not-ready ", "unknown ")) for line in lines):
            return lines
        time.sleep(0.2)


def _look():
    result = subprocess.run([driver.LAB_COMMAND, "status", "--debris"], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    if result.returncode and not lines:
        raise lab.Failure(f"no debris report: {result.stderr.strip()}")
    return lines
