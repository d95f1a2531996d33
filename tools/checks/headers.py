#!/usr/bin/env python3
"""Every header compiles alone.

A header is proven when a compiled source includes it first (without a
precompiled header), or by compiling it here with the project's flags. What
compiled is remembered by the content of the header and of all it includes."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

import source_tree

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
            "-Werror"]


def proven_by_sources(root, compile_commands):
    """Headers that are the first include of a source of this build."""
    proven = set()
    for entry in compile_commands:
        if "cmake_pch" in entry.get("command", ""):
            continue
        path = os.path.relpath(entry["file"], os.path.realpath(root))
        if path.startswith("..") or not os.path.exists(entry["file"]):
            continue
        found = source_tree.includes(source_tree.read(root, path))
        if found and source_tree.own(found[0][2]):
            proven.add(found[0][2])
    return proven


def key(root, path, command):
    """Changes whenever compiling `path` could have another outcome."""
    state = hashlib.sha256("\0".join(command).encode())
    for name in sorted(source_tree.closure(root, [path])):
        state.update(name.encode() + b"\0")
        with open(os.path.join(root, name), "rb") as file:
            state.update(file.read() + b"\0")
    return state.hexdigest()


def compile_alone(root, path, command):
    """The diagnostics, empty if there are none. The header is included from
    an empty source, since as a main file it would draw a warning."""
    done = subprocess.run(command + ["-fsyntax-only", "-x", "c++", "-"],
                          input=f'#include "{path}"\n', cwd=root, text=True,
                          capture_output=True, check=False)
    if done.returncode == 0:
        return ""
    return done.stderr or f"compiler ended with {done.returncode}"


def read_lines(path):
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return set(file.read().split())
    return set()


def check(root, command, headers, cache=None, jobs=2):
    """Problems, and how many headers had to be compiled."""
    known = read_lines(cache)
    keys = {path: key(root, path, command) for path in headers}
    waiting = [path for path in headers if keys[path] not in known]
    problems = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda path: compile_alone(root, path, command),
                            waiting)
        for path, diagnostics in zip(waiting, outcomes):
            if diagnostics:
                problems.append(f"{path} does not compile alone:\n"
                                + "\n".join(diagnostics.splitlines()[:10]))
            else:
                known.add(keys[path])
    if cache:
        with open(cache, "w", encoding="utf-8") as file:
            current = known & set(keys.values())
            file.writelines(line + "\n" for line in sorted(current))
    return problems, len(waiting)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--build", help="folder of compile_commands.json")
    parser.add_argument("--without", action="append", default=[],
                        help="a folder whose headers are not checked")
    options = parser.parse_args(arguments)
    commands, cache = [], None
    if options.build:
        cache = os.path.join(options.build, "headers-checked.txt")
        with open(os.path.join(options.build, "compile_commands.json"),
                  encoding="utf-8") as file:
            commands = json.load(file)
    proven = proven_by_sources(options.root, commands)
    headers = [path for path in
               source_tree.files(options.root, suffixes=(".hpp",))
               if path not in proven
               and not path.startswith(tuple(options.without))]
    command = [options.compiler, "-std=c++20", "-I", ".", *WARNINGS]
    problems, compiled = check(options.root, command, headers, cache)
    return source_tree.finish(
        "headers", problems,
        f"{len(headers)} headers, {compiled} compiled, "
        f"{len(proven)} first in a source")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
