#!/usr/bin/env python3
"""Instructions per event of the queries of nexmark, and per record of the hot
loops of flow-bench, against test/golden.

usage: tools/checks/instructions.py [--update] [--bin DIR] [NAME...]

Runs each under callgrind with two numbers of events; what the difference costs
is the loop's, without start and end. Of flow-bench only what the tasks of the
engine do counts, not the loop beside them. Fails when one takes over 5 % more
than test/golden/instructions.txt says; --update writes that file, and the
commit says why it grew."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test/golden/instructions.txt"
TOLERANCE = 1.05
QUERIES = [f"q{i}" for i in range(24)]
# Few keys, so that both runs have them all, and so many that some sessions end.
# By row, sliding windows fire after every ten records of a key; what counts are
# two functions, each in sliding windows and in tumbling ones.
BENCHES = {
    "chain": ["--keys", "10000"],
    "exchange": ["--keys", "10000"],
    "keyed-count": ["--keys", "10000"],
    "window-count": ["--keys", "10000"],
    "sliding": ["--keys", "1000", "--per", "row"],
    "session": ["--keys", "30000"],
}
NAMES = QUERIES + list(BENCHES)
HEADER = """\
# Instructions per event, by tools/checks/instructions.py --update: generated,
# parallelism 1, rows counted with a checksum. Behind the queries those per
# record of benches, within the engine's tasks.
"""


def events_of(name):
    """Of the two runs."""
    return (30_000, 90_000) if name in QUERIES else (200_000, 600_000)


def command(name, events, folder):
    if name in QUERIES:
        return ([], [folder / "nexmark", "--query", name, "--events",
                     str(events), "-p", "1"])
    # One pair is never repeated.
    return (["--toggle-collect=flow::task::step()"],
            [folder / "flow-bench", name, "--records", str(events),
             *BENCHES[name], "--pairs", "1", "-p", "1"])


def instructions(name, events, folder):
    options, program = command(name, events, folder)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         *options, *program],
        capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found or found.group(1) == "0":
        sys.exit(f"error: {name} under callgrind: {done.stderr[-2000:]}")
    return int(found.group(1))


def per_event(name, folder):
    few, many = events_of(name)
    return round((instructions(name, many, folder)
                  - instructions(name, few, folder)) / (many - few))


def problem_of(name, count, known):
    """What is wrong with a count, or None."""
    if known is None:
        return f"{name}: its instructions are not known; use --update"
    if count > known * TOLERANCE:
        return f"{name}: {count} instructions an event, {known} are known"
    return None


def read_golden():
    lines = GOLDEN.read_text().splitlines() if GOLDEN.exists() else []
    return {name: int(count) for name, count in
            (line.split() for line in lines if line[:1] not in ("", "#"))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", default=[])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--bin", type=Path, default=Path(
        os.environ.get("FLOW_BIN", ROOT / "build/release/bin")))
    wanted = parser.parse_args()
    golden = read_golden()
    problems = []
    for name in wanted.names or NAMES:
        count = per_event(name, wanted.bin)
        known = golden.get(name)
        print(f"{name} {count} (known: {known})", flush=True)
        if wanted.update:
            golden[name] = count
        elif problem := problem_of(name, count, known):
            problems.append(problem)
    if wanted.update:
        GOLDEN.write_text(HEADER + "".join(
            f"{name} {golden[name]}\n" for name in NAMES if name in golden))
    if problems:
        sys.exit("error: " + "\n".join(problems))


if __name__ == "__main__":
    main()
