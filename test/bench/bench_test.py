#!/usr/bin/env python3
"""Runs a bench of flow-bench with few records and checks what it prints; or,
with `usage`, how it answers to what it does not know."""

import json
import subprocess
import sys

RECORDS = {"latency": 20000, "calibrate": 100000, "nexmark": 50000,
           "latency-of-windows": 400000}
# Benches that an option of another chooses.
CALLS = {"sliding-per-row": ["sliding", "--per", "row"],
         "latency-of-windows": ["latency", "--rate", "200000"],
         "checkpoint": ["checkpoint", "--state", "4MiB"],
         "checkpoint-stall": ["checkpoint-stall", "--state", "4MiB"],
         "recovery": ["recovery", "--state", "1MiB"],
         "recovery-of-processes": ["recovery", "--state", "1MiB",
                                   "--processes", "2"]}
# What every line has, and what the benches add.
COMMON = ["bench", "config", "records", "parallelism", "pairs",
          "runtime_ns_per_record", "baseline_ns_per_record",
          "wall_records_per_second", "messages", "peak_rss_bytes",
          "steal_percent", "checksum_equal"]
ADDED = {
    "chain": ["ratio", "fused_ns_per_record"],
    "exchange": ["ratio"],
    "keyed-count": ["ratio"],
    "window-count": ["ratio"],
    "sliding": ["ratio", "slide_ms", "extra_rows"],
    "sliding-per-row": ["ratio", "ns_per_row", "extra_rows", "bytes_per_cell"],
    "session": ["ratio"],
    "interval-join": ["ratio"],
    "memory": ["ratio", "rss_growth_bytes"],
    "latency": ["p50_us", "p90_us", "p99_us", "p999_us", "max_us",
                "noise_p99_us"],
    "latency-of-windows": ["p50_us", "p90_us", "p99_us", "p999_us", "max_us",
                           "noise_p99_us", "results"],
    "backend": ["ratio", "runtime_bytes_per_key", "baseline_bytes_per_key"],
    "checkpoint": ["ratio", "checkpoint_ms", "checkpoint_bytes"],
    "checkpoint-stall": ["ratio", "checkpoints", "stall_p90_ms",
                         "stall_max_ms", "without_max_ms"],
    "recovery": ["ratio", "faults", "recovery_p99_ms"],
    "recovery-of-processes": ["ratio", "faults", "recovery_p99_ms"],
    "calibrate": ["keyed_update_ns", "copy_64_bytes_ns"],
    "nexmark": ["ratio", "events_per_core_second"],
    "scale": ["ratio_to_step_before"],
}
# Lines of benches that print several.
LINES = {"memory": 3, "nexmark": 24, "scale": 13, "sliding": 4,
         "sliding-per-row": 3, "checkpoint": 5, "checkpoint-stall": 3}
PAIRED = ["chain", "exchange", "keyed-count", "window-count", "sliding",
          "sliding-per-row", "session", "interval-join", "nexmark", "backend"]


def check(condition, text):
    if not condition:
        sys.exit(f"failed: {text}")


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True,
                          text=True, timeout=100, check=False)


def check_line(bench, line):
    found = json.loads(line)
    for key in COMMON + ADDED[bench]:
        check(key in found, f"{key} is missing")
    check(found["bench"] == CALLS.get(bench, [bench])[0],
          "it is about another bench")
    check(found["checksum_equal"] is True, "the results differ")
    check(found["verdict"].startswith("defect") is False, found["verdict"])
    if bench in PAIRED:
        check(len(found["pairs"]) == 2, "there are not two pairs")
        check(set(found["ratio"]) == {"median", "p5", "p95"}, "a bad ratio")
    if bench in PAIRED and bench not in ("chain", "nexmark"):
        check(found["messages"] > 0, "no batch went through a mailbox")


def check_bench(program, bench):
    records = str(RECORDS.get(bench, 200000))
    ended = run(program, *CALLS.get(bench, [bench]), "--records", records,
                "--keys", "1000", "--most-keys", "1000000", "--pairs", "2",
                "--json")
    check(ended.returncode == 0, f"exit {ended.returncode}: {ended.stderr}")
    lines = ended.stdout.splitlines()
    check(len(lines) == LINES.get(bench, 1),
          f"{len(lines)} lines")
    for line in lines:
        check_line(bench, line)


def check_usage(program):
    text = run(program, "--help")
    check(text.returncode == 0, "--help fails")
    for bench in ADDED:
        name = " ".join(CALLS.get(bench, [bench]))
        name = name.split(" --rate")[0].split(" --state")[0]
        check(name in text.stdout, f"--help does not describe {name}")
    for arguments, part in [(["no-such-bench"], "no-such-bench"),
                            (["chain", "--state", "1MiB"], "--state"),
                            (["chain", "--backend", "memory"], "--backend"),
                            (["chain", "--processes", "2"], "--processes"),
                            (["chain", "--rate", "1000"], "--rate"),
                            (["session", "--per", "row"], "--per"),
                            (["sliding", "--per", "record"], "--per"),
                            (["keyed-count", "--bytes", "64"], "--bytes"),
                            (["chain", "--records", "many"], "--records"),
                            ([], "--help")]:
        ended = run(program, *arguments)
        check(ended.returncode == 2, f"{arguments}: exit {ended.returncode}")
        check(part in ended.stderr, f"{arguments}: {ended.stderr}")
        check(ended.stdout == "", f"{arguments}: something on stdout")


def main():
    program, what = sys.argv[1:]
    if what == "usage":
        check_usage(program)
    else:
        check_bench(program, what)


if __name__ == "__main__":
    main()
