"""The processes of one run of a job: what their log and folders say."""

import bisect
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import urllib.request
from pathlib import Path

PART = re.compile(r"part-\d+-\d+\.csv")
# What the log says at level debug. "resumes" carries the checkpoint's number.
EVENTS = (
    ("begins", re.compile(r"checkpoint (\d+) begins")),
    ("abandoned", re.compile(r"checkpoint (\d+) is given up")),
    ("complete", re.compile(r"checkpoint (\d+) is complete")),
    ("resumes", re.compile(r"starts from \S*chk-(\d+)")),
    ("running", re.compile(r"job is running")),
    ("restarting", re.compile(r"starts again in|job is failing")),
)
METRICS = re.compile(r"metrics on (http://\S+)")
READ = re.compile(r'^flow_task_num_records_out_total\{[^}]*task="'
                  r'(?:number records|read flights)[^}]*\} (\d+)', re.M)
# How processes of the runtime are named.
WORKER, LAUNCHER = "flow-", "flow-launcher"
LOOK_SECONDS = 0.004
SAMPLE_SECONDS = 0.1


class Log:
    """Events of all processes of a run, as (seconds, kind, number)."""

    def __init__(self):
        self.events = []
        self.changed = threading.Condition()

    def add(self, kind, number=None):
        with self.changed:
            self.events.append((time.monotonic(), kind, number))
            self.changed.notify_all()

    def last(self, *kinds, until=float("inf"), since=0.0):
        """The newest of these kinds in the time given, or None."""
        with self.changed:
            return next((each for each in reversed(self.events)
                         if each[1] in kinds and since < each[0] <= until),
                        None)

    def first(self, *kinds, since):
        """The first of these kinds after a moment, or None."""
        with self.changed:
            return next((each for each in self.events
                         if each[1] in kinds and each[0] > since), None)

    def wait_for(self, condition, seconds):
        """Whether the condition came to hold in time."""
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.05))
        return True

    def restoring(self, at=float("inf")):
        """Whether no attempt runs: a process has begun or an attempt failed."""
        last = self.last("running", "restarting", "starts", until=at)
        return last is None or last[1] != "running"


class Parts:
    """When parts of an output directory became visible."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.known = set()
        self.times = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.end.wait(LOOK_SECONDS):
            self.look()

    def look(self):
        found = set()
        for folder in ("results", "late"):
            try:
                found.update((folder, name) for name in
                             os.listdir(self.directory / folder)
                             if PART.fullmatch(name))
            except FileNotFoundError:
                pass
        if found - self.known:
            self.times.append(time.monotonic())
        self.known = found

    def first_after(self, moment):
        at = bisect.bisect_right(self.times, moment)
        return self.times[at] if at < len(self.times) else None

    def last_before(self, moment):
        at = bisect.bisect_right(self.times, moment)
        return self.times[at - 1] if at else None

    def stop(self):
        self.end.set()
        self.thread.join()


class Life:
    """One process of the job, from its start to its end."""

    def __init__(self, command, log, log_path):
        self.log = log
        self.log_path = log_path
        self.metrics_url = None
        self.samples = []  # (seconds, records read by this process)
        self.began = time.monotonic()
        self.reading = threading.Lock()
        self.unread = b""  # the beginning of a line of its log
        log.add("starts")
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
            env=dict(os.environ, FLOW_LOG_LEVEL="debug"))
        os.set_blocking(self.process.stderr.fileno(), False)
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.sampler = threading.Thread(target=self.sample, daemon=True)
        self.reader.start()
        self.sampler.start()

    def read_log(self):
        while True:
            select.select([self.process.stderr], [], [])
            with self.reading:
                if not self.take_piece():
                    break

    def read_waiting_log(self):
        """Takes note of all that was written so far. What it has not read then
        was not written, as long as the process stands still."""
        with self.reading:
            while waiting_bytes(self.process.stderr) > 0:
                self.take_piece()

    def take_piece(self):
        """False at the end of the log. @pre the lock is held"""
        try:
            piece = os.read(self.process.stderr.fileno(), 1 << 16)
        except BlockingIOError:
            return True  # the other thread was faster
        with open(self.log_path, "ab") as copy:
            copy.write(piece)
        *lines, self.unread = (self.unread + piece).split(b"\n")
        for line in lines:
            self.take_line(line.decode(errors="replace"))
        return bool(piece)

    def take_line(self, line):
        for kind, pattern in EVENTS:
            if match := pattern.search(line):
                self.log.add(kind, int(match[1]) if match.groups() else None)
        if match := METRICS.search(line):
            self.metrics_url = match[1]

    def sample(self):
        while self.alive:
            time.sleep(SAMPLE_SECONDS)
            if self.metrics_url is None:
                continue
            try:
                with urllib.request.urlopen(self.metrics_url,
                                            timeout=1) as page:
                    text = page.read().decode()
            except (OSError, ValueError):
                continue
            self.samples.append((time.monotonic(),
                                 sum(map(int, READ.findall(text)))))

    @property
    def alive(self):
        return self.process.poll() is None

    def read_until(self, moment):
        """Records this process had read by then, about: between two samples
        and after the last one at an even pace."""
        samples = list(self.samples)
        if not samples or moment <= samples[0][0]:
            return 0
        at = bisect.bisect_left(samples, (moment, 0))
        if len(samples) == 1:
            return samples[0][1]
        (begin, low), (end, high) = samples[min(at, len(samples) - 1) - 1:][:2]
        pace = (high - low) / (end - begin)
        return max(0, int(low + pace * (moment - begin)))

    def workers(self):
        """Process ids of its worker processes."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.process.pid:
                continue
            try:
                name, rest = (entry / "stat").read_text().rsplit(")", 1)
            except OSError:
                continue
            fields = rest.split()
            state, session = fields[0], int(fields[3])
            name = name.split("(", 1)[1]
            if session == self.process.pid and state != "Z" \
                    and name.startswith(WORKER) and name != LAUNCHER:
                found.append(int(entry.name))
        return sorted(found)

    def family(self):
        """Process ids of all that run the job."""
        return {self.process.pid, *self.workers()}

    def kill(self):
        """The process, and as it cannot any more, what it started."""
        workers = self.workers()
        send(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pid in workers:
            send(pid, signal.SIGKILL)
        self.reader.join(timeout=10)


def waiting_bytes(pipe):
    """How much of a pipe has not been read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD,
                                          struct.pack("i", 0)))[0]


def send(pid, how):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass  # it has just ended
