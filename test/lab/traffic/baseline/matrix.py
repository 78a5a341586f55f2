"""The configurations of the matrix: the papers', ms2m's own, and what each needs of ms2m."""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Configuration:
    key: str         # in the CSV
    title: str       # in pictures and tables
    workload: str    # as `lab traffic start` has it
    strategy: str
    restore: str
    arguments: tuple = ()
    origin: str = "ms2m"  # "papers": a row of the published matrix; "relay": one with the transfer that ms2m always has, under its own name
    memory: int = 0       # bytes that the consumer has besides

    def migrate_arguments(self):
        return ["--strategy", self.strategy, "--restore", self.restore, *self.arguments]

    def with_memory(self, size, word):
        return replace(self, key=f"{self.key}+{word}", title=f"{self.title}, {word} more memory", memory=size) if size else self


REGISTRY, DIRECT = ("--transfer", "registry"), ("--ssh-path", "direct")
PRECOPY, NO_PRECOPY = ("--precopy", "1"), ("--precopy", "off")

CONFIGURATIONS = (
    Configuration("statefulset-sequential-registry", "StatefulSet, sequential, registry", "statefulset", "sequential", "image",
                  REGISTRY, "papers"),
    Configuration("statefulset-sequential-relay", "StatefulSet, sequential, ssh relay", "statefulset", "sequential", "image",
                  NO_PRECOPY, "relay"),
    Configuration("deployment-shadow-registry", "Deployment, shadow, registry", "deployment", "shadow", "image", REGISTRY, "papers"),
    Configuration("deployment-shadow-relay", "Deployment, shadow, ssh relay", "deployment", "shadow", "handler", NO_PRECOPY, "relay"),
    Configuration("deployment-shadow-direct", "Deployment, shadow, direct", "deployment", "shadow", "handler", DIRECT + NO_PRECOPY, "papers"),
    Configuration("deployment-shadow-relay-precopy", "Deployment, shadow, ssh relay, pre-copy", "deployment", "shadow", "handler",
                  PRECOPY, "relay"),
    Configuration("deployment-shadow-direct-precopy", "Deployment, shadow, direct, pre-copy", "deployment", "shadow", "handler",
                  DIRECT + PRECOPY, "papers"),
    Configuration("deployment-handoff", "Deployment, handoff", "deployment", "handoff", "handler", NO_PRECOPY),
    Configuration("statefulset-shadow", "StatefulSet, shadow", "statefulset", "shadow", "handler", NO_PRECOPY),
)
# The gap over the memory is of these two.
HANDOFF = next(each for each in CONFIGURATIONS if each.key == "deployment-handoff")
HANDOFF_PRECOPY = Configuration("deployment-handoff-precopy", "Deployment, handoff, pre-copy", "deployment", "handoff", "handler", PRECOPY)


def chosen(text):
    """Of --configurations; ValueError names those that there are."""
    keys = [each.key for each in CONFIGURATIONS]
    for key in text.split(","):
        if key not in keys:
            raise ValueError(f"there is no configuration '{key}'; there are {', '.join(keys)}")
    return [each for each in CONFIGURATIONS if each.key in text.split(",")]


def options_of(help_text):
    """{"--option": what its help says}, of CLI11's way to write it: two spaces, the option, and more lines that begin farther in."""
    found, name = {}, None
    for line in help_text.splitlines():
        begun = re.match(r" {2}(?:-\w,)?(--[a-z-]+)(.*)", line)
        if begun:
            name = begun[1]
            found[name] = begun[2]
        elif name and line.startswith("   "):
            found[name] += " " + line.strip()
        else:
            name = None
    return found


def lacking(configuration, help_text):
    """What this ms2m has not, as "--transfer registry"; None: it has everything."""
    there = options_of(help_text)
    arguments = configuration.migrate_arguments()
    for option, value in zip(arguments[::2], arguments[1::2]):
        if option not in there or (value.isalpha() and not re.search(rf"\b{value}\b", there[option])):
            return f"{option} {value}"
    return None
