"""The oracle: compares what instances applied with what a publisher had confirmed.

It shares no code with the consumer: the ideal fold is written out again here.
"""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass

CONFIRMED, UNKNOWN, RETURNED = "c", "?", "r"


@dataclass
class Verdict:
    published: int
    applied: int
    lost: int
    duplicated: int
    reordered: int
    unexpected: int
    hash_equal: bool

    @property
    def exact(self):
        return not (self.lost or self.duplicated or self.reordered or self.unexpected) and self.hash_equal

    def line(self):
        text = (f"published {self.published} applied {self.applied} lost {self.lost} "
                f"duplicated {self.duplicated} reordered {self.reordered} "
                f"hash {'equal' if self.hash_equal else 'DIFFERENT'}")
        return text + (f" unexpected {self.unexpected}" if self.unexpected else "")

    def as_dict(self):
        return dict(asdict(self), exact=self.exact)


@dataclass
class Applied:
    """What one instance says: the ids in order of application, and its own hash."""
    ids: list
    hash: str

    @staticmethod
    def from_report(report):
        return Applied(list(expand(report["runs"])), report["hash"])


def expand(runs):
    for name, first, last in runs:
        if first is None:
            yield name
        else:
            yield from (f"{name}-{n}" for n in range(first, last + 1))


def parse_log(lines):
    """[(id, mark)] in publish order. A torn last line (the producer was killed) is left out."""
    entries = []
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and line.endswith("\n"):
            entries.append((fields[0], fields[1]))
    return entries


def fold(ids):
    value = b"\0" * 32
    for name in ids:
        value = hashlib.sha256(value + name.encode("utf-8")).digest()
    return value.hex()


def publisher_of(message_id):
    return message_id.rpartition("-")[0]


def count_reordered(ids, position):
    """Messages that came after one that its publisher had published later. Doubles are not counted again."""
    newest, seen, late = {}, set(), 0
    for name in ids:
        if name in seen or name not in position:
            continue
        seen.add(name)
        publisher = publisher_of(name)
        late += position[name] < newest.get(publisher, -1)
        newest[publisher] = max(newest.get(publisher, -1), position[name])
    return late


def judge(entries, instances):
    """`entries` from parse_log(), `instances` a list of Applied.

    With one instance the order counts, and with one publisher the hash must be
    that of the published order; with several publishers the broker decides how
    they interleave, so there the hash must be that of the order applied. With
    several instances a queue deals its messages out: no order across them.
    """
    marks = dict(entries)
    position = {name: index for index, (name, _) in enumerate(entries)}
    counts = Counter(name for instance in instances for name in instance.ids)
    confirmed = [name for name, mark in entries if mark == CONFIRMED]
    reordered = count_reordered(instances[0].ids, position) if len(instances) == 1 else 0
    return Verdict(
        published=len(confirmed),
        applied=sum(counts.values()),
        lost=sum(name not in counts for name in confirmed),
        duplicated=sum(n - 1 for n in counts.values()),
        reordered=reordered,
        unexpected=sum(marks.get(name, RETURNED) == RETURNED for name in counts),
        hash_equal=hashes_equal(entries, instances, counts))


def hashes_equal(entries, instances, counts):
    if not instances:
        return False
    publishers = {publisher_of(name) for name, _ in entries}
    if len(instances) > 1 or len(publishers) > 1:
        return all(instance.hash == fold(instance.ids) for instance in instances)
    ideal = [name for name, mark in entries
             if mark == CONFIRMED or (mark == UNKNOWN and name in counts)]
    return instances[0].hash == fold(ideal)
