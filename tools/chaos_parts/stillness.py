"""A job whose processes are all stopped for a moment: nothing of it is under
way then, so its log and its files say for certain what it is at."""

import contextlib
import os
import signal
import time
from pathlib import Path

from chaos_parts import life

# States in /proc of threads that do nothing any more: stopped, traced, dead.
STILL = "TtZXx"
LOOK_SECONDS = 0.00005


def is_still(pid):
    """Whether every thread of the process has come to rest."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat",
                      encoding="utf-8") as file:
                if file.read().rsplit(")", 1)[1].split()[0] not in STILL:
                    return False
    except (FileNotFoundError, ProcessLookupError):
        return False  # a thread has just ended; or all have: see below
    return True


@contextlib.contextmanager
def of(pids):
    """Stops these processes and lets them go on again."""
    pids = list(pids)
    for pid in pids:
        life.send(pid, signal.SIGSTOP)
    try:
        while not all(is_still(pid) or not os.path.exists(f"/proc/{pid}")
                      for pid in pids):
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        for pid in pids:
            life.send(pid, signal.SIGCONT)


def run_for(seconds):
    """Lets the job run. Does not sleep: a machine with much to do would let it
    run for far too long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


class Sight:
    """What a job that stands still is at."""

    def __init__(self, log, checkpoints, out):
        self.log = log
        self.checkpoints = Path(checkpoints)
        self.out = Path(out)
        self.published = 0  # the newest checkpoint that can be restored
        self.contents = b""  # of its files

    def phase(self, now):
        """@pre `now`, a Life, and its workers stand still."""
        now.read_waiting_log()
        if self.log.restoring():
            return "restoring"
        self.look_at_newest()
        if self.has_more_to_commit():
            return "committing"
        last = self.log.last("begins", "complete", "abandoned", "running")
        if last[1] == "begins" and last[2] > self.published:
            return "checkpoint pending"
        return "running"

    def look_at_newest(self):
        """One that goes away meanwhile is none."""
        found = [(int(path.parent.name[4:]), path.parent) for path in
                 self.checkpoints.glob("*/chk-*/_metadata")]
        if not found:
            return
        number, folder = max(found)
        if number != self.published:
            self.published = number
            self.contents = b"".join(each.read_bytes()
                                     for each in folder.iterdir())

    def has_more_to_commit(self):
        """Whether the newest checkpoint names parts that still are hidden. Those
        that were begun behind it, or long before, it does not name."""
        return any(each.name.encode() in self.contents
                   for each in self.out.glob("*/.part-*"))
