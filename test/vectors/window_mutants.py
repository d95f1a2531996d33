#!/usr/bin/env python3
"""Puts one bug at a time into what all window operators decide by, and looks
whether both their cases and the tests of the flights job find it: the harness
runs the code that jobs run.

usage: test/vectors/window_mutants.py [--build DIR]

Compiles only what the bug touches, beside a finished build. A bug that either
of the two does not find, or whose line is not there any more, is a failure."""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/sim/mutants"))

from run import compile_mutated  # noqa: E402

WINDOW = "libflow/windows/window.hpp"
SLICES = "libflow/windows/slice_window_operator.hpp"

# Name, file, what stands there, what the bug makes of it.
MUTANTS = [
    ("a window closes a millisecond late", WINDOW,
     "return window.cleanup_time(allowed_lateness) <= watermark;",
     "return window.cleanup_time(allowed_lateness) < watermark;"),
    ("lateness is not allowed", WINDOW,
     "return saturating_add(max_timestamp(), allowed_lateness.count());",
     "(void)allowed_lateness;\n    return max_timestamp();"),
    ("a late record does not fire its window again", SLICES,
     "if (target->complete) [[unlikely]]",
     "if (false)"),
]


def sources_with(path):
    """Of both programs, the source that includes the operator with the bug."""
    kind = "job_windows.cpp" if path == SLICES else "window_kind.cpp"
    return [("flow-harness", f"tools/harness/{kind}"),
            ("flights", "apps/flights/main.cpp")]


# Of the flights' tests those whose firings and late rows are exact.
FLIGHTS = ROOT / "test/apps/flights_results_test.py"
LATE_FLIGHTS = "Late.test_firings_and_late_rows_are_a_function_of_the_input"


def link(build, program, source, mutated, folder):
    listed = subprocess.run(["ninja", "-t", "commands", program], cwd=build,
                            capture_output=True, text=True, check=True)
    command = listed.stdout.strip().splitlines()[-1]
    objects = [each for each in command.split()
               if each.endswith(f"/{Path(source).name}.o")]
    assert len(objects) == 1, objects
    command = command.replace(objects[0], str(mutated))
    command = re.sub(r"-o \S+", f"-o {folder / program}", command)
    subprocess.run(command, shell=True, cwd=build, check=True)


def build_mutant(build, mutant, folder):
    """Both programs with the bug; False when its line is not there any more."""
    _, path, before, after = mutant
    text = (ROOT / path).read_text()
    if text.count(before) != 1:
        return False
    overlay = folder / "overlay"
    (overlay / path).parent.mkdir(parents=True)
    (overlay / path).write_text(text.replace(before, after))

    def build_one(program, source):
        mutated = folder / f"{program}.o"
        compile_mutated(build, source, overlay, mutated)
        link(build, program, source, mutated, folder)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(build_one, *each)
                     for each in sources_with(path)]:
            done.result()
    return True


def fails(command, folder):
    ended = subprocess.run(command, capture_output=True, text=True,
                           env={**os.environ, "FLOW_BIN": str(folder)},
                           timeout=600)
    return ended.returncode != 0


def found_by(folder):
    """Which of the two find the bug."""
    cases = sorted((ROOT / "test/vectors").glob("window_*.json"))
    return {
        "cases": fails([folder / "flow-harness", *cases], folder),
        "flights": fails([sys.executable, "-B", FLIGHTS, LATE_FLIGHTS],
                         folder),
    }


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    options = parser.parse_args(arguments)
    if any(found_by(options.build / "bin").values()):
        print("without a bug: FAILS")
        return 1
    missed = 0
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory(prefix="flow-mutant-") as name:
            folder = Path(name)
            if not build_mutant(options.build, mutant, folder):
                print(f"{mutant[0]}: NO SUCH LINE", flush=True)
                missed += 1
                continue
            found = found_by(folder)
        missed += not all(found.values())
        print(f"{mutant[0]}: " + ", ".join(
            f"{what} {'find it' if does else 'DO NOT FIND IT'}"
            for what, does in found.items()), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
