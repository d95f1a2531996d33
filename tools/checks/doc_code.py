#!/usr/bin/env python3
"""The C++ of the documentation compiles: each fenced block marked cpp in docs/
stands, line by line, in a program under test/docs, which the tests build and
run. Indentation, empty lines, includes and a `return` may differ."""

import argparse
import os
import sys

import source_tree

PROGRAMS = "test/docs"


def plain(lines):
    stripped = (line.strip().removeprefix("return ") for line in lines)
    return [line for line in stripped
            if line and not line.startswith("#include")]


def blocks(text):
    """A list of (line, lines of code)."""
    found, block, start = [], None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if block is None and line.strip() == "```cpp":
            start, block = number, []
        elif block is not None and line.strip() == "```":
            found.append((start, plain(block)))
            block = None
        elif block is not None:
            block.append(line)
    return found


def holds(program, code):
    return any(program[at:at + len(code)] == code
               for at in range(len(program) - len(code) + 1))


def documents(root):
    for folder, _, names in os.walk(os.path.join(root, "docs")):
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), root)


def check(root):
    programs = []
    for name in sorted(os.listdir(os.path.join(root, PROGRAMS))):
        if name.endswith(".cpp"):
            text = source_tree.read(root, f"{PROGRAMS}/{name}")
            programs.append(plain(text.splitlines()))
    problems, count = [], 0
    for path in documents(root):
        for line, code in blocks(source_tree.read(root, path)):
            count += 1
            if not any(holds(program, code) for program in programs):
                problems.append(f"{path}:{line}: this code is in no program "
                                f"of {PROGRAMS}")
    return problems, count


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    options = parser.parse_args(arguments)
    problems, count = check(options.root)
    return source_tree.finish("doc_code", problems, f"{count} blocks")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
