#!/usr/bin/env python3
"""Instructions per event of the queries of nexmark, against test/golden.

usage: tools/checks/instructions.py [--update] [--bin DIR] [qN...]

Runs each query under callgrind with two numbers of events; what the difference
costs is the loop's, without start and end. (flow-bench repeats a pair that was
disturbed, so that its instructions say nothing.) Fails when a query takes over
5 % more than test/golden/instructions.txt says; --update writes that file, and
the commit says why it grew."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test/golden/instructions.txt"
TOLERANCE = 1.05
EVENTS = 30_000, 90_000  # of the two runs
QUERIES = [f"q{i}" for i in range(24)]
HEADER = """\
# Instructions per event, by tools/checks/instructions.py --update: generated,
# parallelism 1, rows counted with a checksum.
"""


def instructions(query, events, folder):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         folder / "nexmark", "--query", query, "--events", str(events), "-p",
         "1"],
        capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"error: {query} under callgrind: {done.stderr[-2000:]}")
    return int(found.group(1))


def per_event(query, folder):
    few, many = EVENTS
    return round((instructions(query, many, folder)
                  - instructions(query, few, folder)) / (many - few))


def problem_of(query, count, known):
    """What is wrong with a count, or None."""
    if known is None:
        return f"{query}: its instructions are not known; use --update"
    if count > known * TOLERANCE:
        return f"{query}: {count} instructions an event, {known} are known"
    return None


def read_golden():
    lines = GOLDEN.read_text().splitlines() if GOLDEN.exists() else []
    return {name: int(count) for name, count in
            (line.split() for line in lines if line[:1] not in ("", "#"))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("queries", nargs="*", default=[])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--bin", type=Path, default=Path(
        os.environ.get("FLOW_BIN", ROOT / "build/release/bin")))
    wanted = parser.parse_args()
    golden = read_golden()
    problems = []
    for query in wanted.queries or QUERIES:
        count = per_event(query, wanted.bin)
        known = golden.get(query)
        print(f"{query} {count} (known: {known})", flush=True)
        if wanted.update:
            golden[query] = count
        elif problem := problem_of(query, count, known):
            problems.append(problem)
    if wanted.update:
        GOLDEN.write_text(HEADER + "".join(
            f"{query} {golden[query]}\n" for query in QUERIES if query in golden))
    if problems:
        sys.exit("error: " + "\n".join(problems))


if __name__ == "__main__":
    main()
