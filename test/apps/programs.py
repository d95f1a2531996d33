"""Runs the jobs from outside and reads what they wrote."""

import csv
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FLOW_BIN", ROOT / "build/release/bin"))
DATA = ROOT / "apps/flights/data"
WEEK = DATA / "flights-2001-week1.csv"
AIRPORTS = DATA / "airports.csv"
PARALLELISMS = (1, 2, 4, 7)
TIMEOUT_SECONDS = 60


class Ended:
    """A program that has ended."""

    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def summary(self):
        return json.loads(self.out.splitlines()[-1])


def run(program, *arguments, wrap=()):
    command = [*map(str, wrap), str(BIN / program), *map(str, arguments)]
    return Ended(subprocess.run(command, capture_output=True, text=True,
                                timeout=TIMEOUT_SECONDS))


def flights(input_file, output, *more, wrap=(), airports=AIRPORTS):
    return run("flights", "--input", input_file, "--airports", airports,
               "--output", output, *more, wrap=wrap)


def parts(folder):
    """Paths by (subtask, number); nothing hidden counts."""
    found = {}
    for path in Path(folder).glob("part-*.csv"):
        _, subtask, number = path.stem.split("-")
        found[int(subtask), int(number)] = path
    return [found[key] for key in sorted(found)]


def lines(folder, header):
    """All lines of all parts without their ends; checks header and ends."""
    result = []
    for path in parts(folder):
        text = path.read_bytes().decode("utf-8")
        assert text.endswith("\n") and "\r" not in text, path
        first, *rest = text[:-1].split("\n")
        assert first == header, (path, first)
        result += rest
    return result


def rows(folder):
    """All rows of all parts as lists of fields, without headers."""
    result = []
    for path in parts(folder):
        result += read_csv(path)[1:]
    return result


def read_csv(path):
    """All rows of a file as lists of fields, the header first."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def check_expected(case, job, header, computed):
    """The output that lies beside a job is what an independent computation
    gives; FLOW_WRITE_EXPECTED=1 writes it."""
    path = ROOT / "apps" / job / "expected" / "results.csv"
    if os.environ.get("FLOW_WRITE_EXPECTED"):
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            file.write(header + "\n")
            csv.writer(file, lineterminator="\n").writerows(computed)
    with open(path, newline="", encoding="utf-8") as file:
        first, *lines_of_file = csv.reader(file)
    case.assertEqual(",".join(first), header)
    case.assertEqual([tuple(row) for row in lines_of_file],
                     [tuple(map(str, row)) for row in computed])


def hidden_files(folder):
    return [path for path in Path(folder).rglob("*")
            if path.is_file() and path.name.startswith(".")]


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = 2000

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="flow-apps-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.out = self.folder / "out"

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes)
                         else content.encode())
        return path

    def assert_ended(self, ended, code=0):
        self.assertEqual(ended.code, code, ended.err + ended.out)
