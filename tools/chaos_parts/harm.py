"""Faults that nothing dies of at once."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from chaos_parts import life

SMALL_DISK_BYTES = 64 << 20


class Unable(Exception):
    """This machine does not let us do that."""


class SmallDisk:
    """A file system of its own that can be filled up."""

    def __init__(self, folder):
        self.path = Path(folder) / "disk"
        self.path.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}",
             "flow-chaos", str(self.path)],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unable(f"a small disk cannot be mounted: {done.stderr}")

    def fill(self):
        try:
            with open(self.path / "filler", "wb") as file:
                while True:
                    file.write(bytes(1 << 16))
        except OSError:
            pass  # full, as it shall be

    def clear(self):
        (self.path / "filler").unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], check=False)


def stop(pid, seconds):
    """A zombie for a while: it wakes up when others have gone on."""
    life.send(pid, signal.SIGSTOP)
    time.sleep(seconds)
    life.send(pid, signal.SIGCONT)


def slow(pid, seconds):
    """Lets it have a sixth of the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stop(pid, 0.05)
        time.sleep(0.01)


def sockets_of(pid):
    """Local ports of the established TCP connections of a process."""
    done = subprocess.run(["ss", "-tnpH", "state", "established"],
                          capture_output=True, text=True, check=False)
    return [re.search(r":(\d+)\s", line)[1]
            for line in done.stdout.splitlines() if f"pid={pid}," in line]


def cut(pid, random):
    """Ends one connection between processes of the job, from outside."""
    ports = sockets_of(pid)
    if not ports:
        raise Unable("the process has no connection that could be cut")
    done = subprocess.run(["ss", "-K", "sport", "=", random.choice(ports)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 or os.geteuid() != 0:
        raise Unable(f"connections cannot be cut: {done.stderr}")
