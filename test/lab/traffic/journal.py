"""The journal of one migration, as it grows: how what is to happen at a chosen place finds it."""

import contextlib
import json
import os
import time


@contextlib.contextmanager
def first_in_line():
    """Whoever waits for a moment that passes soon has the processor when it comes, whatever else the machine does; where nobody may ask for that, with
    luck."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Journal:
    """The journal of the one migration below a state directory, as it grows."""

    def __init__(self, state_home):
        self._root = os.path.join(state_home, "ms2m")

    def ids(self):
        try:
            return sorted(name for name in os.listdir(self._root)
                          if name[0] != "." and os.path.isdir(os.path.join(self._root, name)))
        except FileNotFoundError:
            return []

    def text(self):
        text = ""
        for name in self.ids():
            try:
                with open(os.path.join(self._root, name, "journal.jsonl"), encoding="utf-8") as file:
                    text += file.read()
            except FileNotFoundError:
                pass
        return text

    def records(self):
        for line in self.text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # half of it is written

    def await_that(self, wanted, what, seconds=120, process=None):
        """The first record for which `wanted` is true. Looks every 2 ms. A record is there before its effect begins."""
        deadline = time.monotonic() + seconds
        with first_in_line():
            while time.monotonic() < deadline:
                ended = process is not None and not process.running()  # before it is read: it may have written it last
                for record in self.records():
                    if wanted(record):
                        return record
                if ended:
                    break
                time.sleep(0.002)
        raise AssertionError(f"no record {what} in the journal:\n{self.text()}")

    def await_record(self, type_, text="", seconds=120, process=None):
        return self.await_that(lambda record: record["type"] == type_ and record.get("text", "").startswith(text),
                               f"{type_} {text!r}", seconds, process)
