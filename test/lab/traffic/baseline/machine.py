"""What was measured on: for the page. Whatever cannot be asked is told as that."""

import os
import platform
import subprocess

import driver

UNKNOWN = "could not be asked"


def first_line(command):
    """Of what it prints."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else UNKNOWN


def of_file(path, key):
    """The value of its first line that begins with this key."""
    try:
        with open(path, encoding="utf-8") as file:
            return next((line.partition(":" if ":" in line else "=")[2].strip().strip('"') for line in file if line.startswith(key)), UNKNOWN)
    except OSError:
        return UNKNOWN


def memory():
    words = of_file("/proc/meminfo", "MemTotal").split()
    return f"{int(words[0]) / (1 << 20):.1f} GiB" if words and words[0].isdigit() else UNKNOWN


def load():
    return f"{os.getloadavg()[0]:.1f}"


def describe(in_lab):
    """[(what, value)], as it is now."""
    processor = of_file("/proc/cpuinfo", "model name")
    found = [("processors", f"{os.cpu_count()} ({processor})"), ("memory", memory()), ("load average at the beginning", load()),
             ("kernel", f"{platform.system()} {platform.release()}"), ("system", of_file("/etc/os-release", "PRETTY_NAME")),
             ("ms2m", first_line([driver.ms2m_binary(), "--version"])), ("gnuplot", first_line(["gnuplot", "--version"]))]
    if in_lab:
        on_node = [driver.LAB_COMMAND, "ssh", "worker-1"]
        found += [("CRIU on the nodes", first_line([*on_node, "criu --version"])), ("crun on the nodes", first_line([*on_node, "crun --version"])),
                  ("RabbitMQ", first_line([driver.LAB_COMMAND, "rabbitmqctl", "-q", "eval", "rabbit_misc:version()."]).strip('"'))]
    return found
