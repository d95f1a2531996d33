#!/usr/bin/env python3
"""Budgets and order of the source tree: lengths of functions, files and
lines, leftover markers, files that belong to nothing, READMEs of folders."""

import argparse
import json
import os
import re
import statistics
import sys

import cpp_functions
import source_tree

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 800
MAX_LINE_LENGTH = 100
MAX_README_LINES = 25
# Files that are over a budget for now, with the length they may not exceed:
# the list only ever gets shorter. Path -> lines.
FILE_EXCEPTIONS = {}
# (path, beginning of the function's head) -> lines.
FUNCTION_EXCEPTIONS = {}

# Written so that this file does not hold them.
MARKERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME",
                                         "X" * 3]) + r")\b")
SCRIPTS = (".hpp", ".cpp", ".py", ".cmake", ".sh", "CMakeLists.txt")
# Include graphs that start here are what a job author's program compiles.
PUBLIC = ("libflow/flow.hpp", "actors/flow_actors.hpp")
# Sources outside the build: cases that must not compile are named in the
# CMakeLists.txt beside them.
NOT_COMPILED = ("test/compile_fail/",)
README_FOLDERS = ("libflow", "actors")


def check_lengths(root):
    problems = []
    for path in source_tree.files(root, suffixes=SCRIPTS):
        lines = source_tree.read(root, path).splitlines()
        limit = FILE_EXCEPTIONS.get(path, MAX_FILE_LINES)
        if len(lines) > limit:
            problems.append(f"{path}: {len(lines)} lines, at most {limit}")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_LINE_LENGTH:
                problems.append(f"{path}:{number}: {len(line)} characters, "
                                f"at most {MAX_LINE_LENGTH}")
            if MARKERS.search(line):
                problems.append(f"{path}:{number}: leftover marker")
    return problems


def function_limit(path, head):
    for (place, beginning), limit in FUNCTION_EXCEPTIONS.items():
        if place == path and head.startswith(beginning):
            return limit
    return MAX_FUNCTION_LINES


def check_functions(root):
    """Problems, and the lengths of all functions."""
    problems, lengths = [], []
    for path in source_tree.files(root):
        text = source_tree.read(root, path)
        for line, length, head in cpp_functions.functions(text):
            lengths.append(length)
            limit = function_limit(path, head)
            if length > limit:
                problems.append(f"{path}:{line}: function of {length} lines, "
                                f"at most {limit}: {head[:60]}")
    return problems, lengths


def compiled_together(file):
    """The sources that CMake has put into one, or the file itself."""
    if os.path.basename(os.path.dirname(file)) != "Unity":
        return [file]
    with open(file, encoding="utf-8") as text:
        return re.findall(r'^#include "(.*)"', text.read(), re.MULTILINE)


def compiled_sources(root, compile_commands):
    base = os.path.realpath(root)
    return {os.path.relpath(os.path.realpath(file), base)
            for entry in compile_commands
            for file in compiled_together(entry["file"])}


def named_beside(root, path):
    """Whether the CMakeLists.txt of the folder names the file."""
    folder, name = os.path.split(path)
    listing = os.path.join(folder, "CMakeLists.txt")
    if not os.path.exists(os.path.join(root, listing)):
        return False
    return name in source_tree.read(root, listing).split()


def check_dead_files(root, compile_commands):
    sources = compiled_sources(root, compile_commands)
    alive = source_tree.closure(root, [*sources, *PUBLIC])
    problems = []
    for path in source_tree.files(root):
        if path in alive:
            continue
        if path.startswith(NOT_COMPILED) and named_beside(root, path):
            continue
        what = ("no target compiles it" if path.endswith(".cpp")
                else "no source includes it")
        problems.append(f"{path}: {what}")
    return problems


def check_readmes(root):
    problems = []
    folders = {}
    for path in source_tree.files(root, README_FOLDERS):
        folder, name = os.path.split(path)
        if folder not in README_FOLDERS:
            folders.setdefault(folder, []).append(name)
    for folder, names in sorted(folders.items()):
        readme = os.path.join(folder, "README.md")
        if not os.path.exists(os.path.join(root, readme)):
            problems.append(f"{folder}: README.md is missing")
            continue
        text = source_tree.read(root, readme)
        if len(text.splitlines()) > MAX_README_LINES:
            problems.append(f"{readme}: over {MAX_README_LINES} lines")
        # A header and its source may be named once, without the suffix.
        words = set(re.findall(r"\w+(?:\.\w+)?", text))
        for name in names:
            if name not in words and os.path.splitext(name)[0] not in words:
                problems.append(f"{readme}: does not name {name}")
    return problems


def facts(lengths):
    if not lengths:
        return "no functions"
    ordered = sorted(lengths)
    return (f"{len(lengths)} functions, lines: median "
            f"{statistics.median(ordered):g}, p95 "
            f"{ordered[len(ordered) * 95 // 100]}, longest {ordered[-1]}")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    parser.add_argument("--build", help="folder of compile_commands.json; "
                        "without it, dead files are not looked for")
    options = parser.parse_args(arguments)
    problems, lengths = check_functions(options.root)
    problems += check_lengths(options.root) + check_readmes(options.root)
    if options.build:
        with open(os.path.join(options.build, "compile_commands.json"),
                  encoding="utf-8") as file:
            problems += check_dead_files(options.root, json.load(file))
    return source_tree.finish("tidy", problems, facts(lengths))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
