#!/usr/bin/env python3
"""The commands in README.md, CONTRIBUTING.md and docs/ work.

Every fenced block marked sh runs as one script in the root of the repository.
A command that is itself a line of one of the scripts below is left out: it is
run there. `<!-- not run: reason -->` on the line before a block leaves it
out, too; at most two blocks, or one in four, may say so."""

import argparse
import os
import re
import subprocess
import sys

SCRIPTS = (".ci/run", "tools/test", "tools/demo", "tools/nightly")
NOT_RUN = re.compile(r"^<!-- not run: (\S.*) -->$")


def documents(root):
    found = ["README.md", "CONTRIBUTING.md"]
    for folder, _, names in os.walk(os.path.join(root, "docs")):
        found += [os.path.relpath(os.path.join(folder, name), root)
                  for name in names if name.endswith(".md")]
    return sorted(name for name in found
                  if os.path.exists(os.path.join(root, name)))


def blocks(text):
    """A list of (line, reason not to run or None, commands)."""
    found, block, reason, before = [], None, None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if block is None and line.strip() == "```sh":
            match = NOT_RUN.match(before.strip())
            reason = match.group(1) if match else None
            start, block = number, []
        elif block is not None and line.strip() == "```":
            found.append((start, reason, commands(block)))
            block = None
        elif block is not None:
            block.append(line)
        if line.strip():
            before = line
    return found


def commands(lines):
    """Lines that end in a backslash joined, comments and blanks left out."""
    joined, current = [], ""
    for line in lines:
        current += line.strip()
        if current.endswith("\\"):
            current = current[:-1]
            continue
        if current and not current.startswith("#"):
            joined.append(current)
        current = ""
    return joined


def run_elsewhere(root):
    """Lines of the scripts that CI runs, each taken as a command."""
    lines = set()
    for script in SCRIPTS:
        path = os.path.join(root, script)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines |= {re.sub(r"^step ('[^']*'|\S+) ", "", line.strip())
                          for line in file}
    return lines


def run(root, script):
    return subprocess.run(["bash", "-euo", "pipefail", "-c",
                           "\n".join(script)], cwd=root, check=False,
                          stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check(root):
    """Problems, and how many blocks ran, ran elsewhere, or must not run."""
    elsewhere = run_elsewhere(root)
    problems, counts = [], {"run": 0, "run elsewhere": 0, "not run": 0}
    for document in documents(root):
        with open(os.path.join(root, document), encoding="utf-8") as file:
            text = file.read()
        for line, reason, script in blocks(text):
            if reason:
                counts["not run"] += 1
                continue
            script = [command for command in script
                      if command not in elsewhere]
            if not script:
                counts["run elsewhere"] += 1
                continue
            counts["run"] += 1
            print(f"{document}:{line}: " + "; ".join(script), flush=True)
            done = run(root, script)
            if done.returncode != 0:
                problems.append(f"{document}:{line}: ended with "
                                f"{done.returncode}:\n{done.stdout}")
    if counts["not run"] > max(2, sum(counts.values()) // 4):
        problems.append(f"{counts['not run']} of {sum(counts.values())} "
                        "blocks are marked as not run; at most a quarter")
    return problems, counts


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=".")
    options = parser.parse_args(arguments)
    problems, counts = check(options.root)
    for problem in problems:
        print(problem)
    print("readme: " + ("failed" if problems else "ok") + ", blocks "
          + ", ".join(f"{what}: {n}" for what, n in counts.items()))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
