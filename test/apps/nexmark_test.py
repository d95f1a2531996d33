"""Compares the queries of nexmark with SQL over the same events."""

import csv
import io
import json
import random
import subprocess
import sys
import unittest
from collections import Counter

import programs
from nexmark_reference import CHANGELOGS, SQL, Events, is_valid_changelog
from programs import Case, hidden_files, parts, read_csv, run

APPENDING = [query for query in SQL if query not in CHANGELOGS] + ["q13"]
QUERIES = sorted([*APPENDING, *CHANGELOGS], key=lambda name: int(name[1:]))
COUNT = 60_000
SEED = int(programs.os.environ.get("FLOW_TEST_SEED", "1"))


def odd_events(count, seed):
    """Events with ties in everything, gaps in time and id, texts that CSV and
    JSON have to escape, ids that never come."""
    rng = random.Random(seed)
    texts = ["", "plain", "a,b", 'say "so"', "two\nlines", "cr\rcr", "\t", "a\r\nb",
             "c" * 40, "ünï¢ode \U0001F600 with more than a few bytes",
             " blanks around ", ",", '"', "back\\slash"]
    urls = ["https://h/x/a/b/c/item.htm?q=1&channel_id=12&x=3", "a/b", "",
            "channel_id=5", "xchannel_id=5", "q&channel_id=", "///d1/d2/d3//",
            "x&channel_id=7&channel_id=8", "https://h/only,one"]
    channels = ["Google", "APPLE", "facebook", "baIdu", "channel-1", "other",
                "", 'quoted "one"', "much longer than what fits inline"]
    base = 1_436_918_400_000
    time = base
    person = auction = 0
    for number in range(count):
        time += rng.choice((0, 0, 0, 1, 7, 250))
        if rng.random() < 0.003:
            time += rng.choice((10_000, 9_999, 10_001, 31_000, 4_000_000))
        if rng.random() < 0.02:
            time += -time % rng.choice((2000, 10_000))
        # As much disorder as the bound allows.
        stamp = time - rng.choice((0, 0, 0, 500, 4000))
        kind = rng.choices(("person", "auction", "bid"), (2, 6, 40))[0]
        if kind == "person" or number == 0:
            person += rng.choice((1, 1, 3))
            yield {"type": "person", "id": person, "name": rng.choice(texts),
                   "emailAddress": rng.choice(texts), "creditCard": "1 2 3",
                   "city": rng.choice(texts),
                   "state": rng.choice(("OR", "CA", "WA", "ID", "")),
                   "dateTime": stamp, "extra": rng.choice(texts)}
        elif kind == "auction":
            auction += rng.choice((1, 1, 2))
            yield {"type": "auction", "id": auction,
                   "itemName": rng.choice(texts),
                   "description": rng.choice(texts),
                   "initialBid": rng.randrange(5), "reserve": 10,
                   "dateTime": stamp,
                   "expires": stamp + rng.choice((0, 100, 3000, 20_000)),
                   "seller": max(1, person + rng.randrange(-6, 4)),
                   "category": rng.randrange(9, 12),
                   "extra": rng.choice(texts)}
        else:
            yield {"type": "bid",
                   "auction": max(1, auction + rng.randrange(-8, 4)),
                   "bidder": max(1, person + rng.randrange(-5, 3)),
                   "price": rng.choice((0, 1, 500, 9_999, 10_000, 999_999,
                                        1_000_000, 1_101_321, 1_101_322,
                                        55_066_079, 55_066_080)),
                   "channel": rng.choice(channels), "url": rng.choice(urls),
                   "dateTime": stamp, "extra": rng.choice(texts)}


class Queries(Case):
    def assert_rows(self, found, wanted):
        """Multisets; of those that differ a few are shown."""
        found, wanted = Counter(found), Counter(wanted)
        self.assertEqual((list((found - wanted).items())[:5],
                          list((wanted - found).items())[:5]), ([], []))

    def check(self, query, events, *arguments, side_input=None):
        with self.subTest(query=query, arguments=arguments):
            self.assert_ended(run("nexmark", "--query", query, "--output",
                                  self.out, "--overwrite", *arguments))
            self.assertEqual(hidden_files(self.out), [])
            # As bytes: texts may hold line ends of any kind.
            printed = subprocess.run(
                [programs.BIN / "nexmark", "materialize", self.out],
                capture_output=True, check=True,
                timeout=programs.TIMEOUT_SECONDS).stdout.decode()
            header, *rows = csv.reader(io.StringIO(printed, newline=""))
            wanted = events.table(query, side_input)
            self.assert_rows(map(tuple, rows), wanted)
            if wanted:
                self.assertEqual(len(header), len(wanted[0]))
            if query in CHANGELOGS:
                wrong, standing = is_valid_changelog(
                    (op, tuple(row)) for path in parts(self.out / "results")
                    for op, *row in read_csv(path)[1:])
                self.assertEqual(wrong, [])
                self.assert_rows(
                    (row for row, n in standing.items() for _ in range(n)),
                    wanted)

    def generated(self, *arguments):
        path = self.folder / "events.ndjson"
        self.assert_ended(run("nexmark", "generate", "--output", path,
                              *arguments))
        return path

    def test_generated_events(self):
        arguments = ("--events", COUNT, "--seed", SEED)
        path = self.generated(*arguments)
        events = Events(path)
        for query in QUERIES:
            for p in (1, 2, 4):
                self.check(query, events, *arguments, "-p", p)
            self.check(query, events, "--input", path, "-p", 2)

    def test_events_in_binary(self):
        arguments = ("--events", 20_000, "--seed", SEED)
        events = Events(self.generated(*arguments))
        path = self.generated(*arguments, "--format", "binary")
        for query in ("q0", "q9", "q18", "q23"):
            for p in (1, 3):
                self.check(query, events, "--input", path, "-p", p)

    def test_slow_events_out_of_order(self):
        for rate, group in ((1000, 100), (100, 37), (1_000_000, 500),
                            (10_000_000, 1)):
            arguments = ("--events", COUNT // 4, "--seed", SEED,
                         "--event-rate", rate, "--out-of-order-group", group)
            events = Events(self.generated(*arguments))
            for query in QUERIES:
                self.check(query, events, *arguments, "-p", 2)

    def test_ties_gaps_and_texts_to_escape(self):
        lines = [json.dumps(event, ensure_ascii=number % 2 == 0)
                 for number, event in enumerate(odd_events(COUNT // 4, SEED))]
        path = self.write("odd.ndjson", "\n".join(lines) + "\n")
        events = Events(path)
        for query in QUERIES:
            for p in (1, 3):
                self.check(query, events, "--input", path, "-p", p)

    def test_side_input(self):
        rows = [(1001, "one"), (1001, "uno"), (1005, 'with, "quotes"'),
                (11_001, "no"), (1007, "")]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(
            [("key", "value"), *rows])
        side = self.write("side.csv", text.getvalue())
        path = self.generated("--events", 20_000)
        self.check("q13", Events(path), "--input", path, "--side-input", side,
                   side_input=rows)

    def test_checksum_is_that_of_the_table_at_every_parallelism(self):
        for query in QUERIES:
            found = {run("nexmark", "--query", query, "--events", 20_000, "-p",
                         p, "--summary", "json", *more).summary["checksum"]
                     for p in (1, 2, 3) for more in ((), ("--pregenerate",))}
            self.assertEqual(len(found), 1, query)
            self.assertNotEqual(found, {None})

    def test_all_prints_a_line_a_query_with_how_long_rows_took(self):
        for more in ((), ("--processes", 2)):
            ended = run("nexmark", "--all", "--events", 20_000, "-p", 2,
                        "--summary", "json", *more)
            self.assert_ended(ended)
            found = [json.loads(line) for line in ended.out.splitlines()]
            self.assertEqual([line["query"] for line in found],
                             [f"q{number}" for number in range(24)])
            for line in found:
                with self.subTest(query=line["query"], more=more):
                    self.assertEqual(line["events"], 20_000)
                    if line["query"] in ("q5", "q7", "q8", "q11", "q12"):
                        continue # their windows close when all is over
                    self.assertGreaterEqual(line["p50_ms"], 0)
                    self.assertGreaterEqual(line["p99_ms"], line["p50_ms"])

    def test_rows_that_are_written_are_timed_too(self):
        summary = run("nexmark", "--query", "q0", "--events", 20_000,
                      "--output", self.out, "--summary", "json").summary
        self.assertGreaterEqual(summary["p50_ms"], 0)

    def test_processing_time_windows_count_every_bid_once(self):
        path = self.generated("--events", 20_000)
        self.assert_ended(run("nexmark", "--query", "q12", "--input", path,
                              "--output", self.out, "-p", 2))
        counts = {}
        for part in parts(self.out / "results"):
            header, *rows = read_csv(part)
            self.assertEqual(header,
                             ["bidder", "bid_count", "starttime", "endtime"])
            for bidder, count, start, end in rows:
                self.assertEqual(int(start) % 10_000, 0)
                self.assertEqual(int(end), int(start) + 10_000)
                counts[int(bidder)] = counts.get(int(bidder), 0) + int(count)
        self.assertEqual(counts, Events(path).bids_per("bidder"))

    def test_partitions_hold_every_bid_once(self):
        arguments = ("--events", 20_000, "--event-rate", 100)
        events = Events(self.generated(*arguments))
        self.assert_ended(run("nexmark", "--query", "q10", *arguments,
                              "--output", self.out, "-p", 2))
        self.assertEqual(hidden_files(self.out), [])
        found = {}
        for folder in (self.out / "results").glob("dt=*/hm=*"):
            self.assertTrue((folder / "_SUCCESS").exists(), folder)
            rows = []
            for part in parts(folder):
                header, *some = read_csv(part)
                self.assertEqual(
                    header, ["auction", "bidder", "price", "dateTime", "extra"])
                rows += some
            found[folder.parent.name[3:], folder.name[3:]] = sorted(
                map(tuple, rows))
        self.assertEqual(found, events.bids_by_minute())


class Mistakes(Case):
    def fails(self, code, text, *arguments):
        ended = run("nexmark", *arguments)
        self.assertEqual(ended.code, code, ended.err)
        self.assertIn(text, ended.err)

    def test_command_lines(self):
        self.fails(2, "--query or --all")
        self.fails(2, "no query \"q99\"", "--query", "q99")
        self.fails(2, "leave --all out", "--all", "--output", self.out)
        self.fails(2, "953", "--query", "q0", "--out-of-order-group", "953")
        self.fails(2, "--output is missing", "generate")
        self.fails(2, "usage", "materialize")
        self.fails(3, "none", "materialize", self.folder / "none")
        self.assertEqual(run("nexmark", "--help").code, 0)
        self.assertEqual(run("nexmark", "generate", "--help").code, 0)

    def test_an_event_that_cannot_be_read_names_its_line(self):
        path = self.write("bad.ndjson", json.dumps(
            next(odd_events(1, 1))) + "\n" + '{"type":"bid"}\n')
        self.fails(1, f"{path}:2: field \"auction\" is missing", "--query",
                   "q0", "--input", path)
        whole = self.folder / "whole"
        self.assert_ended(run("nexmark", "generate", "--events", 3000,
                              "--format", "binary", "--output", whole))
        content = whole.read_bytes()
        for damaged in (content[:-1], content[:30],
                        content[:5000] + content[5004:],
                        content[:8] + b"\xff" * 4 + content[12:]):
            path = self.write("damaged", damaged)
            self.fails(1, "the file of events is damaged", "--query", "q0",
                       "--input", path)
        self.fails(1, "none.ndjson", "--query", "q0", "--input",
                   self.folder / "none.ndjson")

    def test_a_row_taken_back_that_was_never_there(self):
        (self.out / "results").mkdir(parents=True)
        (self.out / "results/part-0-0.csv").write_text(
            "op,a\n+I,1\n-U,2\n+U,3\n")
        self.fails(6, "never put in: 2", "materialize", self.out)


if __name__ == "__main__":
    if "--nightly" in sys.argv:
        sys.argv.remove("--nightly")
        COUNT = 1_000_000
        programs.TIMEOUT_SECONDS = 600
    unittest.main()
