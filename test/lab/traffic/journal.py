"""The journal of one migration, as it grows: how what is to happen at a chosen place finds it."""

import json
import os
import time


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

    def await_that(self, wanted, what, seconds=60, process=None):
        """The first record for which `wanted` is true. Looks every 2 ms. A record is there before its effect begins."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = process is not None and not process.running()  # before it is read: it may have written it last
            for record in self.records():
                if wanted(record):
                    return record
            if ended:
                break
            time.sleep(0.002)
        raise AssertionError(f"no record {what} in the journal:\n{self.text()}")

    def await_record(self, type_, text="", seconds=60, process=None):
        return self.await_that(lambda record: record["type"] == type_ and record.get("text", "").startswith(text),
                               f"{type_} {text!r}", seconds, process)
