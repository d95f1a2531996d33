#!/usr/bin/env python3
"""A wrong use is refused by the compiler, readably.

The file compiles as it is, so that nothing but the wrong use can be at fault.
With FLOW_COMPILE_FAIL defined the compiler refuses it, says what EXPECT
matches, and needs at most twelve lines."""

import argparse
import re
import subprocess
import sys

MAX_LINES = 12
# As a job author's build would see it, less what differs from one terminal
# to the next.
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
         "-fdiagnostics-color=never"]
# How CONTRIBUTING.md and the template's README advise to compile.
SHORT = ["-fmax-errors=1", "-fno-diagnostics-show-caret",
         "-ftemplate-backtrace-limit=1"]


def compile_file(compiler, root, file, flags):
    return subprocess.run([compiler, *FLAGS, *flags, "-I", root, file],
                          capture_output=True, text=True, check=False)


def check(compiler, root, file, expect):
    """The reason why the file does not pass, or None."""
    done = compile_file(compiler, root, file, [])
    if done.returncode != 0:
        return "does not compile without the wrong use:\n" + done.stderr
    done = compile_file(compiler, root, file,
                        [*SHORT, "-DFLOW_COMPILE_FAIL"])
    if done.returncode == 0:
        return "compiles with the wrong use"
    if not re.search(expect, done.stderr):
        return f"the diagnostics do not match {expect!r}:\n" + done.stderr
    lines = len(done.stderr.splitlines())
    if lines > MAX_LINES:
        return (f"{lines} lines of diagnostics, at most {MAX_LINES}:\n"
                + done.stderr)
    return None


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--root", default=".")
    parser.add_argument("--expect", required=True)
    parser.add_argument("file")
    options = parser.parse_args(arguments)
    reason = check(options.compiler, options.root, options.file,
                   options.expect)
    if reason:
        print(f"{options.file}: {reason}")
        return 1
    print(f"{options.file}: refused as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
