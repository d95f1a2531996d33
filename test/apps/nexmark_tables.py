"""Tables of Nexmark as lines of CSV. What SQL makes of a million events takes
far longer than to read it again, so it is kept in the build tree, under a name
made of the events and of nexmark_reference.py."""

import csv
import hashlib
import io
import itertools
import os
from collections import Counter
from pathlib import Path

import nexmark_reference

SHOWN = 5


def lines_of(path):
    """Lines of a file without their ends, as bytes; no text of the generator
    holds a line end."""
    return path.read_bytes().split(b"\n")[:-1]


class Sum:
    """Lines in any order: how many, and the sum of their hashes. Holds within
    one process, whose hashes begin at random."""

    def __init__(self):
        self.value = (0, 0)

    def add(self, lines):
        count, total = self.value
        self.value = count + len(lines), total + sum(map(hash, lines))
        return self


def differences(found, wanted):
    """Some lines that only one of the two has, for a reader."""
    counts = Counter(found)
    counts.subtract(wanted)
    return ([line for line, n in counts.items() if n > 0][:SHOWN],
            [line for line, n in counts.items() if n < 0][:SHOWN])


class Tables:
    """What the queries come to over a file of events, which is read only if
    something needs it."""

    def __init__(self, events_file, count, folder):
        self._file = events_file
        self._folder = folder
        self._count = count
        self._events = None
        key = hashlib.blake2b(digest_size=12)
        key.update(Path(nexmark_reference.__file__).read_bytes())
        with open(events_file, "rb") as file:
            while block := file.read(1 << 20):
                key.update(block)
        self._key = key.hexdigest()

    @property
    def events(self):
        if self._events is None:
            self._events = nexmark_reference.Events(self._file)
        return self._events

    def file(self, query):
        """A query's final table, its lines in no order."""
        path = self._folder / f"{query}-{self._count}-{self._key}.csv"
        if not path.exists():
            self._make(query, path)
        return path

    def _make(self, query, path):
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob(f"{query}-{self._count}-*"):
            old.unlink(missing_ok=True)
        # Another run of the test may do the same.
        temporary = path.with_suffix(f".{os.getpid()}")
        rows = self.events.rows(query)
        with open(temporary, "wb") as file:
            while some := list(itertools.islice(rows, 20_000)):
                text = io.StringIO(newline="")
                csv.writer(text, lineterminator="\n").writerows(some)
                file.write(text.getvalue().encode())
        temporary.rename(path)
