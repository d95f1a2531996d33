"""Faults that nothing dies of at once."""

import contextlib
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

    @contextlib.contextmanager
    def full(self):
        """To the last byte, for as long as this goes on."""
        filler = self.path / "filler"
        try:
            with open(filler, "wb", buffering=0) as file:
                for size in (1 << 16, 1 << 12, 1):
                    self.fill(file, size)
            yield
        finally:
            filler.unlink(missing_ok=True)

    @staticmethod
    def fill(file, size):
        try:
            while file.write(bytes(size)) == size:
                pass
        except OSError:
            pass  # full, as it shall be

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


CONNECTION = re.compile(r"127\.0\.0\.1:(\d+)\s+127\.0\.0\.1:(\d+)\s.*?"
                        r"pid=(\d+),")


def connections():
    """(own port, peer's port): pid, of the established ones on loopback."""
    done = subprocess.run(["ss", "-tnpH", "state", "established"],
                          capture_output=True, text=True, check=False)
    found = map(CONNECTION.search, done.stdout.splitlines())
    return {(int(each[1]), int(each[2])): int(each[3])
            for each in found if each}


def cut(pid, family, random):
    """Ends one connection of a process to another of the job's, from
    outside."""
    all_of = connections()
    ports = [ends for ends, owner in all_of.items()
             if owner == pid and all_of.get(ends[::-1]) in family]
    if not ports:
        return  # it has just been started
    own, other = random.choice(sorted(ports))
    subprocess.run(["ss", "-K", "sport", "=", str(own), "and", "dport", "=",
                    str(other)], capture_output=True, check=False)
    if connections().get((own, other)) == pid:
        raise Unable("connections cannot be cut: that needs root, and a "
                     "kernel with CONFIG_INET_DIAG_DESTROY")
