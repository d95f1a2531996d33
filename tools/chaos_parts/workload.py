"""The jobs that chaos is done to: how to start them, how to audit them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "apps/flights/data"
INTERVAL_MS = 150
WINDOW_MIN = 5
# How the readers of the job of all operators go on.
BURST, REST_MS = 4, 10


class Workload:
    """One job with an input that lasts about `seconds` without faults."""

    def __init__(self, name, seconds, options):
        self.name = name
        self.options = options
        self.program = options.bin / name
        if name == "operators":
            # A program of the tests: it lies beside them.
            self.program = options.bin.parent / "test" / name
            per_second = options.parallelism * BURST * 1000 / REST_MS
            keys = 48
            per_key = max(1, int(per_second * seconds / keys))
            self.arguments = ["--keys", keys, "--per-key", per_key,
                              "--rest-ms", REST_MS, "--watermark-every", 50]
            self.audit_arguments = ["--keys", keys, "--per-key", per_key]
        elif name == "sequence":
            self.keys, rate = 48, 4000
            self.per_key = max(1, int(rate * seconds / self.keys))
            self.arguments = ["--keys", self.keys, "--per-key", self.per_key,
                              "--rate", rate]
            self.audit_arguments = ["--keys", self.keys,
                                    "--per-key", self.per_key]
        else:
            week = DATA / "flights-2001-week1.csv"
            with open(week, "rb") as file:
                rows = sum(1 for _ in file) - 1
            rate = max(1, int(rows / seconds))
            inputs = ["--input", week, "--airports", DATA / "airports.csv"]
            # So many windows, and watermarks so soon after a start, that most
            # checkpoints have some to commit.
            self.arguments = [*inputs, "--source-rate", rate,
                              "--out-of-orderness", "10min",
                              "--watermark-every", 100,
                              "--window", f"{WINDOW_MIN}min"]
            self.audit_arguments = [*inputs, "--window-min", WINDOW_MIN]

    def command(self, output, checkpoints, resume):
        """How to start it: from its newest checkpoint or from the
        beginning."""
        keys = {
            "execution.checkpointing.interval": f"{INTERVAL_MS}ms",
            "execution.checkpointing.dir": checkpoints,
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 1000,
            "restart-strategy.fixed-delay.delay": "50ms",
        }
        command = [self.program, *self.arguments,
                   "--output", output, "-p", self.options.parallelism,
                   "--metrics", "127.0.0.1:0"]
        for key, value in keys.items():
            command += ["-D", f"{key}={value}"]
        if self.options.processes:
            command += ["--processes", self.options.processes]
        command += ["--restore", "latest"] if resume else ["--overwrite"]
        return [str(each) for each in command]

    def audit(self, directory):
        """(good, the auditor's line, what it says is wrong)."""
        done = subprocess.run(
            [sys.executable, "-B", ROOT / "tools/audit", self.name,
             *map(str, self.audit_arguments), str(directory)],
            capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        return (done.returncode == 0, lines[-1] if lines else "no line",
                done.stderr)
