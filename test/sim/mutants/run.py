#!/usr/bin/env python3
"""Builds flow-sim with one bug at a time and looks whether it is found.

usage: test/sim/mutants/run.py [--seeds N] [--build DIR] [--write FILE] [NAME...]

Builds flow-sim without bugs first, each source by itself, then only what a bug
touches, and prints a table: the bug, the first seed that fails, what it says.
A bug that N seeds (500) do not find, or whose line is not there any more, is a
failure. --write puts the table into a file, too; with NAMEs it replaces their
lines there."""

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
HEAD = ("| bug of one line | first seed that fails | what it says |\n"
        "| --- | --- | --- |\n")
LONGEST_RUN_S = 600
TIMED_OUT = 124
FEW = 3


def build_without_bugs(build):
    subprocess.run(["cmake", "--preset", "release", "-B", build,
                    "-DFLOW_UNITY=OFF", "-DFLOW_BUILD_APPS=OFF"],
                   cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["cmake", "--build", build, "--target", "flow-sim"],
                   stdout=subprocess.DEVNULL, check=True)


def compile_command(build, source):
    commands = json.loads((build / "compile_commands.json").read_text())
    wanted = str(ROOT / source)
    for entry in commands:
        if os.path.realpath(entry["file"]) == wanted:
            return shlex.split(entry["command"]), entry["directory"]
    sys.exit(f"{source} is in no target of {build}")


def users_of_header(build, header):
    """Sources whose objects are to be compiled anew: those of the simulation
    that include the header, and of the libraries, where they are few. Else it
    holds templates, which only the simulated job makes use of."""
    listed = subprocess.run(["ninja", "-t", "deps"], cwd=build, check=True,
                            capture_output=True, text=True)
    found = {"test/sim": set(), "libflow": set()}
    for block in listed.stdout.split("\n\n"):
        target, _, deps = block.partition("\n")
        source = re.match(
            r"(?:test/sim/)?CMakeFiles/(?:flow|flow_runtime|flow_sim)\.dir/"
            r"(\S+\.cpp)\.o:", target)
        if not source or not re.search(rf"/{re.escape(header)}$", deps, re.M):
            continue
        if target.startswith("test/sim/"):
            found["test/sim"].add(f"test/sim/{source[1]}")
        else:
            found["libflow"].add(source[1])
    few = found["libflow"] if len(found["libflow"]) <= FEW else set()
    return sorted(found["test/sim"] | few)


def compile_mutated(build, source, overlay, target):
    """Compiles `source`, with headers of the overlay first."""
    command, directory = compile_command(build, source)
    mutated = overlay / source
    path = mutated if mutated.exists() else ROOT / source
    output = command.index("-o")
    command[output + 1] = str(target)
    command[command.index("-c") + 1] = str(path)
    command = [each for each in command if not each.endswith("/ccache")]
    command += ["-w", "-O1"]
    # The overlay comes before the tree, in which headers are found else.
    tree = command.index(f"-I{ROOT}")
    command.insert(tree, f"-I{overlay}")
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
    sources = users_of_header(build, path) if path.endswith(".hpp") else [path]
    objects = []
    for source in sources:
        objects.append(folder / (Path(source).name + ".o"))
        compile_mutated(build, source, overlay, objects[-1])
    link(build, objects, folder / "flow-sim")
    return folder / "flow-sim"


def find(program, seeds):
    """(first failing seed, what it says), or None."""
    with subprocess.Popen(["timeout", str(LONGEST_RUN_S), program, "--seeds",
                           f"1..{seeds}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            if failed := re.match(r"seed (\d+) FAILED", line):
                text = running.stdout.readline().strip()
                running.terminate()
                return failed[1], text
        lines = running.stderr.read().strip().splitlines()
    if running.returncode == 0:
        return None
    if running.returncode == TIMED_OUT:
        sys.exit(f"{program}: {seeds} seeds take over {LONGEST_RUN_S} s")
    text = lines[-1] if lines else f"ends with {running.returncode}"
    return seed_of_end(program, seeds), text


def seed_of_end(program, seeds):
    """The first seed in which the program ends before it can say so."""
    for seed in range(1, seeds + 1):
        done = subprocess.run([program, "--seeds", f"{seed}..{seed}"],
                              capture_output=True, timeout=LONGEST_RUN_S)
        if done.returncode != 0:
            return str(seed)
    sys.exit(f"{program}: fails with seeds 1..{seeds}, and with none alone")


def row_of(mutant, options):
    """The line of the table, and whether the bug is found."""
    with tempfile.TemporaryDirectory(prefix="flow-mutant-") as folder:
        program = build_mutant(options.build, mutant, Path(folder))
        found = program and find(program, options.seeds)
    missing = "NOT FOUND" if program else "NO SUCH LINE"
    seed, text = found or ("-", missing)
    text = text.replace(f"{folder}/overlay/", "").replace("|", "\\|")
    return f"| {mutant[0]} | {seed} | {text} |\n", bool(found)


def write_table(path, rows):
    """Rows of bugs that were not run stay as they are."""
    known = {}
    if path.exists():
        for line in path.read_text().splitlines(keepends=True):
            known[line.split("|")[1].strip() if "|" in line else ""] = line
    known.update(rows)
    lines = [known[each[0]] for each in MUTANTS if each[0] in known]
    path.write_text("# What the simulation finds\n\n"
                    "Written by `test/sim/mutants/run.py --write`.\n\n"
                    + HEAD + "".join(lines))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--build", type=Path, default=ROOT / "build/mutants")
    parser.add_argument("--write", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(arguments)
    build_without_bugs(options.build)
    missed = 0
    rows = {}
    print(HEAD, end="", flush=True)
    for mutant in MUTANTS:
        if options.names and mutant[0] not in options.names:
            continue
        rows[mutant[0]], found = row_of(mutant, options)
        missed += not found
        print(rows[mutant[0]], end="", flush=True)
        if options.write:
            write_table(options.write, rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
