#!/usr/bin/env python3
"""Builds flow-sim with one bug at a time and looks whether it is found.

usage: test/sim/mutants/run.py [--seeds N] [--build DIR] [NAME...]

Compiles only what the bug touches, beside a finished build, and prints a table:
the bug, the first seed that fails, what it says. A bug that N seeds (500) do
not find, or that does not apply any more, is a failure."""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[3]
# A header is compiled into these.
USERS_OF_HEADERS = ("test/sim/sim_job.cpp",)


def compile_command(build, source):
    commands = json.loads((build / "compile_commands.json").read_text())
    wanted = str(ROOT / source)
    for entry in commands:
        if os.path.realpath(entry["file"]) == wanted:
            return shlex.split(entry["command"]), entry["directory"]
    sys.exit(f"{source} is in no target of {build}")


def compile_mutated(build, source, overlay, target):
    """Compiles `source`, with headers of the overlay first."""
    command, directory = compile_command(build, source)
    mutated = overlay / source
    path = mutated if mutated.exists() else ROOT / source
    output = command.index("-o")
    command[output + 1] = str(target)
    command[command.index("-c") + 1] = str(path)
    command.insert(output, f"-I{overlay}")
    command = [each for each in command if not each.endswith("/ccache")]
    command += ["-w", "-O1"]
    subprocess.run(command, cwd=directory, check=True)


def link(build, objects, program):
    main = next(build.glob("test/sim/CMakeFiles/flow-sim.dir/main.cpp.o"))
    listed = subprocess.run(["ninja", "-t", "commands", "flow-sim"], cwd=build,
                            capture_output=True, text=True, check=True)
    command = listed.stdout.strip().splitlines()[-1]
    command = re.sub(r"-o \S+", f"-o {program}", command)
    # What the mutated objects define is not taken from the libraries.
    relative = os.path.relpath(main, build)
    command = command.replace(relative, " ".join([relative, *map(str, objects)]))
    subprocess.run(command, shell=True, cwd=build, check=True)


def build_mutant(build, mutant, folder):
    """The program with the bug; None when its line is not there any more."""
    _, path, before, after = mutant
    text = (ROOT / path).read_text()
    if text.count(before) < 1:
        return None
    overlay = folder / "overlay"
    (overlay / path).parent.mkdir(parents=True, exist_ok=True)
    (overlay / path).write_text(text.replace(before, after))
    sources = USERS_OF_HEADERS if path.endswith(".hpp") else (path,)
    objects = []
    for source in sources:
        objects.append(folder / (Path(source).name + ".o"))
        compile_mutated(build, source, overlay, objects[-1])
    link(build, objects, folder / "flow-sim")
    return folder / "flow-sim"


def find(program, seeds):
    """(first failing seed, what it says), or None."""
    for first in range(1, seeds + 1, 25):
        last = min(seeds, first + 24)
        try:
            done = subprocess.run([program, "--seeds", f"{first}..{last}"],
                                  capture_output=True, text=True, timeout=300,
                                  check=False)
        except subprocess.TimeoutExpired:
            return first, "does not end"
        match = re.search(r"^seed (\d+) FAILED\n  (.*)", done.stdout, re.M)
        if match:
            return int(match[1]), match[2]
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            return first, lines[-1] if lines else f"code {done.returncode}"
    return None


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(arguments)
    missed = 0
    print("| bug | seed | what is said |\n| --- | --- | --- |", flush=True)
    for mutant in MUTANTS:
        if options.names and mutant[0] not in options.names:
            continue
        with tempfile.TemporaryDirectory(prefix="flow-mutant-") as folder:
            program = build_mutant(options.build, mutant, Path(folder))
            found = program and find(program, options.seeds)
        if not found:
            missed += 1
        seed, text = found or ("-", "NOT FOUND" if program else "NO SUCH LINE")
        print(f"| {mutant[0]} | {seed} | {text} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
