"""Random flights files with random options against the rules of late rows.

Prints its seed; FLOW_TEST_SEED repeats a run, FLOW_TEST_ROUNDS sets how many
files there are."""

import csv
import datetime
import io
import os
import random
import unittest

import flights_reference as reference
from programs import AIRPORTS, Case, flights, hidden_files, parts, rows

COLUMNS = ["date", "delay", "distance", "origin", "destination"]
PLACES = reference.read_places(AIRPORTS)
SEED = int(os.environ.get("FLOW_TEST_SEED") or random.SystemRandom()
           .randrange(1 << 30))
ROUNDS = int(os.environ.get("FLOW_TEST_ROUNDS", "15"))
DAY = 24 * reference.HOUR
ODD_ORIGINS = ["???", 'q"x', "a,b", " sp "]


def iso(ms):
    """As reference.iso, for every year."""
    moment = (reference.EPOCH.replace(tzinfo=None)
              + datetime.timedelta(milliseconds=ms))
    text = f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}"
    return text + (f".{ms % 1000:03}Z" if ms % 1000 else "Z")


class Input:
    """Rows, and how they are written."""

    def __init__(self, chance):
        self.rows = self.some_rows(chance)
        self.put_in_order(chance)
        self.columns = COLUMNS + ["extra"] * chance.randrange(2)
        chance.shuffle(self.columns)
        self.text = self.written(chance)

    @staticmethod
    def some_rows(chance):
        base = datetime.datetime(chance.choice([1, 1969, 1970, 2001, 2024]),
                                 chance.choice([1, 2, 12]),
                                 chance.choice([1, 28]))
        origins = chance.sample(sorted(PLACES), chance.choice([1, 3, 50]))
        span = chance.choice([3600, 86_400, 3 * 86_400])
        found = []
        for _ in range(chance.choice([0, 1, 5, 200, 3000, 10_000])):
            date = base + datetime.timedelta(seconds=chance.randrange(span))
            text = f"{date.year:04}-{date:%m-%dT%H:%M:%S}"
            found.append({
                "date": text, "time": reference.milliseconds(text),
                "delay": str(chance.choice([0, -5, 15, 16, -1116, 10**15 - 1,
                                            chance.randrange(-200, 1700)])),
                "distance": str(chance.randrange(5000)),
                "origin": chance.choice(origins + ODD_ORIGINS),
                "destination": "X", "extra": 'é,"z"'})
        return found

    def put_in_order(self, chance):
        self.rows.sort(key=lambda row: row["time"])
        order = chance.choice(["sorted", "arrival", "shuffled", "reversed",
                               "near"])
        if order == "arrival":  # up to 28 hours late
            self.rows.sort(key=lambda row: row["time"] + max(
                0, int(row["delay"])) % (28 * 60) * reference.MINUTE)
        elif order == "shuffled":
            chance.shuffle(self.rows)
        elif order == "reversed":
            self.rows.reverse()
        elif order == "near":
            self.rows.sort(key=lambda row: row["time"]
                           + chance.randrange(40 * reference.MINUTE))

    def written(self, chance):
        out = io.StringIO()
        writer = csv.writer(
            out, lineterminator=chance.choice(["\n", "\r\n"]),
            quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
        writer.writerow(self.columns)
        writer.writerows([row[name] for name in self.columns]
                         for row in self.rows)
        text = out.getvalue()
        if chance.random() < 0.3:
            text = text.rstrip("\r\n")
        return chance.choice(["", "", "\ufeff"]) + text

    def as_read(self, row):
        return tuple(row[name] for name in self.columns)


class Options:
    def __init__(self, chance):
        self.window = chance.choice([reference.HOUR, reference.MINUTE, DAY,
                                     7 * reference.MINUTE, 1000, 999])
        self.bound = chance.choice([0, 1000, 10 * reference.MINUTE,
                                    30 * reference.MINUTE,
                                    28 * reference.HOUR, 10**15])
        self.lateness = chance.choice([0, 0, reference.MINUTE, reference.HOUR,
                                       28 * reference.HOUR, 9 * 10**18])
        self.parallelism = chance.choice([1, 2, 4, 7])
        self.every = chance.choice([0, 1, 1, 7, 1000])
        self.delayed_after = chance.choice([15, 0, -3, 100])

    def arguments(self):
        return ("-p", self.parallelism, "--watermark-every", self.every,
                "--window", self.window, "--out-of-orderness", self.bound,
                "--allowed-lateness", self.lateness, "--delayed-after",
                self.delayed_after, "--summary", "json", "--overwrite")


class RandomFlights(Case):
    def setUp(self):
        super().setUp()
        former = reference.iso
        self.addCleanup(setattr, reference, "iso", former)
        reference.iso = iso

    def test_random_files_and_options(self):
        print(f"FLOW_TEST_SEED={SEED}", flush=True)
        for number in range(ROUNDS):
            chance = random.Random(SEED + number)
            given, options = Input(chance), Options(chance)
            with self.subTest(seed=SEED + number, rounds=1,
                              options=options.arguments()):
                path = self.write("in.csv", given.text)
                ended = flights(path, self.out, *options.arguments())
                self.assert_ended(ended)
                self.check(given, options, ended.summary)

    def check(self, given, options, summary):
        self.assertEqual(hidden_files(self.out), [])
        found = [tuple(row) for row in rows(self.out / "results")]
        late = [tuple(row) for row in rows(self.out / "late")]
        self.assertEqual(summary["late_records"], len(late))
        self.assertEqual(summary["records_out"], len(late) + len(found))
        self.assertEqual(summary["records_in"], len(given.rows) + len(PLACES))
        self.check_homes()
        self.check_balance(given, options, found, late)
        if options.parallelism == options.every == 1:
            firings, wanted = reference.simulate(
                given.rows, PLACES, options.bound, options.lateness,
                options.window, options.delayed_after)
            by_origin = {}
            for row in found:
                by_origin.setdefault(row[1], []).append(row)
            self.assertEqual(by_origin, firings)
            self.assertEqual(late, [given.as_read(row) for row in wanted])

    def check_homes(self):
        """All rows of a key are in one subtask's parts."""
        homes = {}
        for path in parts(self.out / "results"):
            with open(path, newline="", encoding="utf-8") as file:
                for row in list(csv.reader(file))[1:]:
                    home = path.stem.split("-")[1]
                    self.assertEqual(homes.setdefault(row[1], home), home)

    def check_balance(self, given, options, found, late):
        """Each row is in one cell or once in late, where it may be."""
        may_be_late = reference.could_be_late(
            given.rows, options.bound, options.lateness, options.window)
        left, allowed = {}, {}
        for row, may in zip(given.rows, may_be_late):
            key = given.as_read(row)
            left.setdefault(key, []).append(row)
            allowed[key] = allowed.get(key, 0) + may
        for key in late:
            self.assertTrue(left.get(key), f"{key} is no row of the input")
            left[key].pop()
            allowed[key] -= 1
            self.assertGreaterEqual(allowed[key], 0, f"{key} was in time")
        final = {}
        for row in found:
            before = final.get(row[:2])
            if before is not None:
                self.assertGreater(int(row[4]), int(before[4]))
                self.assertGreater(options.lateness, 0)
            final[row[:2]] = row
        rest = [row for some in left.values() for row in some]
        self.assertEqual(sorted(final.values()),
                         reference.totals(rest, PLACES, options.window,
                                          options.delayed_after))


if __name__ == "__main__":
    unittest.main()
