"""The queries of nexmark against SQL over the same events while checkpoints
are taken and the job fails three times on its way."""

import itertools
import os
import re
import subprocess
import sys
import time
import unittest

import programs
from nexmark_reference import CHANGELOGS, SQL, is_valid_changelog
from nexmark_tables import Sum, Tables, differences, lines_of
from programs import Case, Ended, hidden_files, parts, read_csv

SEED = int(os.environ.get("FLOW_TEST_SEED", "1"))
PROGRAM = programs.Path(os.environ.get(
    "FLOW_FAILING_NEXMARK",
    programs.ROOT / "build/release/test/failing_nexmark"))
QUERIES = sorted([*SQL, "q13"], key=lambda name: int(name[1:]))
# Nothing connects the subtasks of these.
PIPELINES = {"q0", "q1", "q2", "q13", "q14", "q21", "q22"}
FAILURES = 3
WANTED_FAILURE = "a failure that the test wants"
# (parallelism, worker processes), state backend, whether the job fails.
SMALL = [((2, 0), "memory", True)]
ALL = list(itertools.product([(1, 0), (2, 0), (4, 0), (2, 2)],
                             ["memory", "filesystem"], [False, True]))


class Scale:
    """How much is run; --nightly makes it more."""
    events = 30_000
    seconds = 1.2  # without its failures; a run that has none takes half
    interval = "40ms"
    rate = 1000  # events per second of their own time
    ways = SMALL
    tells = False  # how long each way took


class Failures(Case):
    @classmethod
    def setUpClass(cls):
        cls.path = programs.Path(
            programs.tempfile.mkdtemp(prefix="flow-nexmark-"))
        cls.addClassCleanup(programs.shutil.rmtree, cls.path,
                            ignore_errors=True)
        file = cls.path / "events.ndjson"
        arguments = ["--events", str(Scale.events), "--seed", str(SEED),
                     "--event-rate", str(Scale.rate)]
        subprocess.run([programs.BIN / "nexmark", "generate", "--output", file,
                        *arguments], check=True)
        cls.arguments = arguments
        cls.tables = Tables(file, Scale.events,
                            PROGRAM.parent / "nexmark_tables")
        print(f"FLOW_TEST_SEED={SEED}", file=sys.stderr)

    def run_query(self, query, shape, backend, fails):
        parallelism, processes = shape
        command = [PROGRAM, "--query", query, *self.arguments, "--output",
                   self.out, "--overwrite", "-p", parallelism, "--summary",
                   "json", "-D",
                   f"execution.checkpointing.interval={Scale.interval}", "-D",
                   f"execution.checkpointing.dir={self.folder}/checkpoints",
                   "-D", f"state.backend.type={backend}", "--source-rate",
                   int(Scale.events / Scale.seconds * (1 if fails else 2))]
        if processes:
            command += ["--processes", processes]
        share = Scale.events // parallelism
        after = share // (FAILURES + 2) if fails else share * 2
        command += ["-D", "restart-strategy.type=fixed-delay", "-D",
                    "restart-strategy.fixed-delay.attempts=20", "-D",
                    "restart-strategy.fixed-delay.delay=20ms"]
        ended = Ended(subprocess.run(
            [str(each) for each in command], capture_output=True, text=True,
            timeout=programs.TIMEOUT_SECONDS,
            env={**os.environ, "FLOW_NEXMARK_FAIL_AFTER": str(after)}))
        self.assert_ended(ended)
        self.assert_failures(ended, query, parallelism, fails)
        self.assertGreater(ended.summary["checkpoints_completed"], 1)
        self.assertEqual(hidden_files(self.out), [])

    def assert_failures(self, ended, query, parallelism, fails):
        """What is connected fails in its first three attempts, as the program
        says by name, and for no other reason. Pipelines that nothing connects
        count attempts of their own; one that fails while another waits for its
        restart starts again with it, and both are one restart of the job."""
        attempts = {}
        for where, attempt, text in re.findall(
                r"^\S+ error nexmark-\S+ .*?\[(\d+)\]#(\d+): (.*)$", ended.err,
                re.MULTILINE):
            self.assertIn(WANTED_FAILURE, text)
            region = int(where) if query in PIPELINES else 0
            attempts.setdefault(region, []).append(int(attempt))
        self.assertEqual(len(re.findall(r"^\S+ error ", ended.err,
                                        re.MULTILINE)),
                         sum(map(len, attempts.values())), ended.err)
        regions = parallelism if query in PIPELINES else 1
        failing = list(range(1, FAILURES + 1)) if fails else []
        self.assertEqual([sorted(attempts.get(region, []))
                          for region in range(regions)],
                         [failing] * regions, ended.err)
        restarts = ended.summary["restarts"]
        self.assertGreaterEqual(restarts, len(failing))
        self.assertLessEqual(restarts, len(failing) * regions)

    def check(self, query, verify):
        """Runs the query in every way; verify() looks at the results."""
        for way in Scale.ways:
            with self.subTest(query=query, way=way):
                begin = time.monotonic()
                self.run_query(query, *way)
                middle = time.monotonic()
                verify()
                if Scale.tells:
                    (parallelism, processes), backend, fails = way
                    print(f"{query} p={parallelism} processes={processes} "
                          f"{backend} {'three' if fails else 'no'} failures: "
                          f"right, {middle - begin:.1f} s to run, "
                          f"{time.monotonic() - middle:.1f} s to compare",
                          file=sys.stderr, flush=True)

    def lines(self):
        """Of each part in order, without headers."""
        for path in parts(self.out / "results"):
            yield lines_of(path)[1:]

    def standing_lines(self):
        """What a changelog leaves, which never takes back what is not there."""
        wrong, standing = is_valid_changelog(
            (line[:2].decode(), line[3:]) for lines in self.lines()
            for line in lines)
        self.assertEqual(wrong[:5], [])
        return [line for line, n in standing.items() for _ in range(n)]

    def assert_table(self, query, lists, wanted):
        """@param lists  makes an iterator of lists of lines"""
        found = Sum()
        for lines in lists():
            found.add(lines)
        if found.value != wanted.value:
            self.assertEqual(differences(
                itertools.chain.from_iterable(lists()),
                lines_of(self.tables.file(query))), ([], []))
            self.fail("the sum of the lines is wrong, their table is not")

    def check_table(self, query):
        wanted = Sum().add(lines_of(self.tables.file(query)))
        self.assertNotEqual(wanted.value, Sum().value)

        def verify():
            if query not in CHANGELOGS:
                self.assert_table(query, self.lines, wanted)
                return
            standing = self.standing_lines()
            self.assert_table(query, lambda: [standing], wanted)
            printed = subprocess.run(
                [programs.BIN / "nexmark", "materialize", self.out],
                capture_output=True, check=True,
                timeout=programs.TIMEOUT_SECONDS).stdout.split(b"\n")[1:-1]
            self.assertTrue(printed == sorted(standing),
                            "materialize prints another table")

        self.check(query, verify)

    def test_q12_counts_every_bid_once_in_windows_by_the_clock(self):
        wanted = self.tables.events.bids_per("bidder")

        def verify():
            counts = {}
            for part in parts(self.out / "results"):
                for bidder, count, start, end in read_csv(part)[1:]:
                    self.assertEqual(int(start) % 10_000, 0)
                    self.assertEqual(int(end), int(start) + 10_000)
                    counts[int(bidder)] = (counts.get(int(bidder), 0)
                                           + int(count))
            self.assertEqual(counts, wanted)

        self.check("q12", verify)

    def test_q10_has_every_bid_once_in_its_partition(self):
        wanted = self.tables.events.bids_by_minute()

        def verify():
            found = {}
            for folder in (self.out / "results").glob("dt=*/hm=*"):
                self.assertTrue((folder / "_SUCCESS").exists(), folder)
                rows = [row for part in parts(folder)
                        for row in read_csv(part)[1:]]
                found[folder.parent.name[3:], folder.name[3:]] = sorted(
                    map(tuple, rows))
            self.assertEqual(found.keys(), wanted.keys())
            for partition, rows in found.items():
                self.assertTrue(rows == wanted[partition], partition)

        self.check("q10", verify)


for name in QUERIES:
    setattr(Failures, f"test_{name}",
            lambda self, query=name: self.check_table(query))

if __name__ == "__main__":
    if "--nightly" in sys.argv:
        sys.argv.remove("--nightly")
        Scale.events = int(os.environ.get("FLOW_TEST_EVENTS", 1_000_000))
        Scale.seconds = 2.5
        Scale.interval = "200ms"
        Scale.rate = int(os.environ.get("FLOW_TEST_EVENT_RATE", 10_000))
        Scale.ways = ALL
        Scale.tells = True
        programs.TIMEOUT_SECONDS = 600
    unittest.main()
