"""The queries of nexmark against SQL over the same events while checkpoints
are taken and the job fails three times on its way."""

import csv
import io
import os
import subprocess
import sys
import unittest

import programs
from nexmark_reference import CHANGELOGS, SQL, Events, is_valid_changelog
from programs import Case, Ended, hidden_files, parts

SEED = int(os.environ.get("FLOW_TEST_SEED", "1"))
PROGRAM = os.environ.get("FLOW_FAILING_NEXMARK",
                         programs.ROOT / "build/release/test/failing_nexmark")
TABLES = sorted([*SQL, "q13"], key=lambda name: int(name[1:]))
FAILURES = 3
# (parallelism, worker processes, state backend) and whether the job fails.
SMALL = [(2, 0, "memory", True)]
ALL = [(1, 0, "memory", False), (2, 0, "memory", False),
       (4, 0, "memory", False), (2, 2, "memory", False),
       (1, 0, "memory", True), (4, 0, "filesystem", True),
       (2, 2, "filesystem", True)]


class Scale:
    """How much is run; --nightly makes it more."""
    events = 30_000
    seconds = 1.2  # that a run without failures takes
    interval = "40ms"
    rate = 1000  # events per second of their own time
    ways = SMALL


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def csv_lines(rows):
    """Rows as lines of CSV, sorted as bytes."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return sorted(text.getvalue().encode().split(b"\n")[:-1])


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
        cls.events = Events(file)
        print(f"FLOW_TEST_SEED={SEED}", file=sys.stderr)

    def run_query(self, query, parallelism, processes, backend, fails):
        command = [PROGRAM, "--query", query, *self.arguments, "--output",
                   self.out, "--overwrite", "-p", parallelism, "--summary",
                   "json", "-D",
                   f"execution.checkpointing.interval={Scale.interval}", "-D",
                   f"execution.checkpointing.dir={self.folder}/checkpoints",
                   "-D", f"state.backend.type={backend}", "--source-rate",
                   int(Scale.events / Scale.seconds)]
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
        # Pipelines that nothing connects fail and restart each by itself, or
        # together if they fail at the same moment.
        self.assertIn(ended.summary["restarts"],
                      range(FAILURES, FAILURES * parallelism + 1)
                      if fails else (0,))
        self.assertGreater(ended.summary["checkpoints_completed"], 1)
        self.assertEqual(hidden_files(self.out), [])

    def check(self, query, verify):
        """Runs the query in every way; verify(fails) looks at the results."""
        for way in Scale.ways:
            with self.subTest(query=query, way=way):
                self.run_query(query, *way)
                verify(way[-1])

    def assert_lines(self, found, wanted):
        if found == wanted:
            return
        self.assertEqual((sorted(set(found) - set(wanted))[:5],
                          sorted(set(wanted) - set(found))[:5], len(found)),
                         ([], [], len(wanted)))
        self.fail("the rows differ in number")

    def assert_changelog(self, wanted):
        wrong, standing = is_valid_changelog(
            read_csv(path)[1:] for path in parts(self.out / "results"))
        self.assertEqual(wrong[:5], [])
        self.assert_lines(
            csv_lines(row for row, n in standing.items() for _ in range(n)),
            wanted)

    def check_table(self, query):
        wanted = csv_lines(self.events.table(query))
        self.assertNotEqual(wanted, [])

        def verify(fails):
            printed = subprocess.run(
                [programs.BIN / "nexmark", "materialize", self.out],
                capture_output=True, check=True,
                timeout=programs.TIMEOUT_SECONDS).stdout
            self.assert_lines(printed.split(b"\n")[1:-1], wanted)
            if query in CHANGELOGS and fails:
                self.assert_changelog(wanted)

        self.check(query, verify)

    def test_tables(self):
        for query in TABLES:
            self.check_table(query)

    def test_windows_by_the_clock_count_every_bid_once(self):
        wanted = self.events.bids_per("bidder")

        def verify(_):
            counts = {}
            for part in parts(self.out / "results"):
                for bidder, count, start, end in read_csv(part)[1:]:
                    self.assertEqual(int(start) % 10_000, 0)
                    self.assertEqual(int(end), int(start) + 10_000)
                    counts[int(bidder)] = (counts.get(int(bidder), 0)
                                           + int(count))
            self.assertEqual(counts, wanted)

        self.check("q12", verify)

    def test_partitions_hold_every_bid_once(self):
        wanted = self.events.bids_by_minute()

        def verify(_):
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


if __name__ == "__main__":
    if "--nightly" in sys.argv:
        sys.argv.remove("--nightly")
        Scale.events = int(os.environ.get("FLOW_TEST_EVENTS", 1_000_000))
        Scale.seconds = 2.5
        Scale.interval = "200ms"
        Scale.rate = int(os.environ.get("FLOW_TEST_EVENT_RATE", 10_000))
        Scale.ways = ALL
        programs.TIMEOUT_SECONDS = 600
    unittest.main()
