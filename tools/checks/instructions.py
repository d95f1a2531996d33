#!/usr/bin/env python3
"""Instructions per record of the hot loops, against test/golden.

usage: tools/checks/instructions.py [--update] [--bin DIR] [LOOP...]

Runs each query of nexmark and each loop of flow-bench under callgrind with two
numbers of records; what the difference costs is the loop's, without start and
end. Fails when a loop takes over 5 % more than test/golden/instructions.txt
says; --update writes that file, and the commit says why it grew."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test/golden/instructions.txt"
TOLERANCE = 1.05
# Records of the two runs: queries, and benches, whose records cost less.
EVENTS = 30_000, 90_000
RECORDS = 300_000, 900_000
QUERIES = [f"q{i}" for i in range(24)]
BENCHES = ["chain", "exchange", "keyed-count", "window-count"]
HEADER = """\
# Instructions per record, by tools/checks/instructions.py --update.
# Queries: a generated event, parallelism 1, rows counted with a checksum.
# Benches: a record through job and baseline together, one pair.
"""


def command_of(loop, records, folder):
    if loop in QUERIES:
        return [folder / "nexmark", "--query", loop, "--events", records, "-p",
                1]
    return [folder / "flow-bench", loop, "--records", records, "--pairs", 1,
            "-p", 1, "--keys", 1000]


def instructions(loop, records, folder):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         *map(str, command_of(loop, records, folder))],
        capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"error: {loop} under callgrind: {done.stderr[-2000:]}")
    return int(found.group(1))


def per_record(loop, folder):
    few, many = EVENTS if loop in QUERIES else RECORDS
    return round((instructions(loop, many, folder)
                  - instructions(loop, few, folder)) / (many - few))


def problem_of(loop, count, known):
    """What is wrong with a count, or None."""
    if known is None:
        return f"{loop}: its instructions are not known; use --update"
    if count > known * TOLERANCE:
        return f"{loop}: {count} instructions a record, {known} are known"
    return None


def read_golden():
    lines = GOLDEN.read_text().splitlines() if GOLDEN.exists() else []
    return {name: int(count) for name, count in
            (line.split() for line in lines if line[:1] not in ("", "#"))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("loops", nargs="*", default=[])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--bin", type=Path, default=Path(
        os.environ.get("FLOW_BIN", ROOT / "build/release/bin")))
    wanted = parser.parse_args()
    golden = read_golden()
    problems = []
    for loop in wanted.loops or [*QUERIES, *BENCHES]:
        count = per_record(loop, wanted.bin)
        known = golden.get(loop)
        print(f"{loop} {count} (known: {known})", flush=True)
        if wanted.update:
            golden[loop] = count
        elif problem := problem_of(loop, count, known):
            problems.append(problem)
    if wanted.update:
        GOLDEN.write_text(HEADER + "".join(
            f"{loop} {golden[loop]}\n" for loop in [*QUERIES, *BENCHES]
            if loop in golden))
    if problems:
        sys.exit("error: " + "\n".join(problems))


if __name__ == "__main__":
    main()
