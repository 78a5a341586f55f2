"""What a migration left behind, as `lab status --debris` sees it."""

import subprocess

import driver
import lab


def snapshot(*what):
    result = subprocess.run([driver.LAB_COMMAND, "status", "--snapshot", *what], capture_output=True, text=True,
                            check=False)
    if result.returncode:
        raise lab.Failure(f"no snapshot: {result.stderr.strip()}")


def found():
    """Lines for what is there now and was not at the snapshot."""
    result = subprocess.run([driver.LAB_COMMAND, "status", "--debris"], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    if result.returncode and not lines:
        raise lab.Failure(f"no debris report: {result.stderr.strip()}")
    return lines
