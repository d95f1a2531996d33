"""The flights job's results against an independent computation."""

import csv
import io
import random
import unittest

import flights_reference as reference
from programs import (AIRPORTS, PARALLELISMS, WEEK, Case, flights,
                      hidden_files, lines, rows)

COLUMNS = ["date", "delay", "distance", "origin", "destination"]
PLACES = reference.read_places(AIRPORTS)
ROWS = reference.read(WEEK)
TOTALS = reference.totals(ROWS, PLACES)
EVERYTHING = "100000d"  # nothing is out of order by more than this


def text_of(some_rows, columns=None, end="\n", **options):
    columns = columns or COLUMNS
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, **options)
    writer.writerow(columns)
    writer.writerows([row.get(name, "x,y") for name in columns]
                     for row in some_rows)
    return out.getvalue()


def arrival(row):
    return row["time"] + max(int(row["delay"]), 0) * reference.MINUTE


class Results(Case):
    def check_totals(self, path, expected, *more):
        for p in PARALLELISMS:
            with self.subTest(p=p):
                out = self.folder / f"out{p}"
                self.assert_ended(flights(path, out, "-p", p, *more))
                self.assertEqual(self.final(out), expected)
                self.assertEqual(rows(out / "late"), [])
                self.assertEqual(hidden_files(out), [])

    def final(self, out):
        lines(out / "results", reference.HEADER)
        return sorted(map(tuple, rows(out / "results")))

    def test_the_week_at_every_parallelism(self):
        self.check_totals(WEEK, TOTALS)

    def test_other_windows_and_another_bound_of_delay(self):
        window = 15 * reference.MINUTE
        self.check_totals(
            WEEK, reference.totals(ROWS, PLACES, window, delayed_after=0),
            "--window", "15min", "--delayed-after", 0)

    def test_shuffled_and_reversed_within_a_large_bound(self):
        shuffled = ROWS[:]
        random.Random(3).shuffle(shuffled)
        for name, some in (("shuffled", shuffled), ("reversed", ROWS[::-1])):
            with self.subTest(name):
                path = self.write(f"{name}.csv", text_of(some))
                out = self.folder / name
                self.assert_ended(flights(path, out, "-p", 2,
                                          "--out-of-orderness", EVERYTHING))
                self.assertEqual(self.final(out), TOTALS)
                self.assertEqual(rows(out / "late"), [])

    def test_the_same_rows_written_differently(self):
        some = ROWS[:20_000]
        other = ["extra", "origin", "distance", "more", "delay", "date"]
        forms = {
            "crlf": text_of(some, end="\r\n"),
            "bom": "\ufeff" + text_of(some),
            "quotes": text_of(some, quoting=csv.QUOTE_ALL),
            "order and more columns": text_of(some, other),
            "no end of the last line": text_of(some)[:-1],
            "an empty line at the end": text_of(some) + "\n",
        }
        expected = reference.totals(some, PLACES)
        for name, text in forms.items():
            with self.subTest(name):
                path = self.write("form.csv", text)
                self.assert_ended(flights(path, self.out, "-p", 2,
                                          "--overwrite"))
                self.assertEqual(self.final(self.out), expected)

    def test_late_rows_have_the_columns_of_the_input(self):
        other = ["more,commas", "origin", "delay", "date", "distance"]
        some = sorted(ROWS[:20_000], key=arrival)
        path = self.write("late.csv", text_of(some, other, end="\r\n"))
        self.assert_ended(flights(path, self.out, "--out-of-orderness", 0,
                                  "--watermark-every", 1))
        _, late = reference.simulate(some, PLACES, 0, 0)
        self.assertGreater(len(late), 100)
        header, *body = text_of(late, other)[:-1].split("\n")
        self.assertEqual(lines(self.out / "late", header), body)

    def test_an_airport_that_is_not_in_the_file_has_no_city(self):
        few = self.write("few.csv", "iata,city,state\nLAS,Las Vegas,NV\n")
        path = self.write("two.csv", text_of(ROWS[:50]))
        self.assert_ended(flights(path, self.out, "-p", 3, airports=few))
        self.assertEqual(
            self.final(self.out),
            reference.totals(ROWS[:50], {"LAS": ("Las Vegas", "NV")}))


class Late(Case):
    """Rows in the order of arrival, up to a day late."""

    def setUp(self):
        super().setUp()
        self.rows = sorted(ROWS, key=arrival)
        self.path = self.write("arrival.csv", text_of(self.rows))

    def test_firings_and_late_rows_are_a_function_of_the_input(self):
        for bound, lateness in ((30, 0), (0, 0), (10, 45), (0, 600)):
            with self.subTest(bound=bound, lateness=lateness):
                self.assert_ended(flights(
                    self.path, self.out, "--overwrite", "--watermark-every",
                    1, "--out-of-orderness", f"{bound}min",
                    "--allowed-lateness", f"{lateness}min"))
                firings, late = reference.simulate(
                    self.rows, PLACES, bound * reference.MINUTE,
                    lateness * reference.MINUTE)
                found = {}
                for row in rows(self.out / "results"):
                    found.setdefault(row[1], []).append(tuple(row))
                self.assertEqual(found, firings)
                self.assertEqual(rows(self.out / "late"),
                                 [[row[name] for name in COLUMNS]
                                  for row in late])

    def test_every_row_is_in_one_cell_or_once_in_late(self):
        for p in PARALLELISMS:
            for more in ((), ("--watermark-every", 7)):
                with self.subTest(p=p, more=more):
                    self.check_balance(p, more)

    def check_balance(self, p, more):
        bound, lateness = 5 * reference.MINUTE, 20 * reference.MINUTE
        ended = flights(self.path, self.out, "--overwrite", "-p", p,
                        "--out-of-orderness", bound, "--allowed-lateness",
                        lateness, "--summary", "json", *more)
        self.assert_ended(ended)
        late = [dict(zip(COLUMNS, row)) for row in rows(self.out / "late")]
        self.assertEqual(ended.summary["late_records"], len(late))
        left = {}
        allowed = {}
        may_be_late = reference.could_be_late(self.rows, bound, lateness)
        for row, may in zip(self.rows, may_be_late):
            key = tuple(row[name] for name in COLUMNS)
            left.setdefault(key, []).append(row)
            allowed[key] = allowed.get(key, 0) + may
        for row in late:
            key = tuple(row[name] for name in COLUMNS)
            self.assertTrue(left.get(key), f"{key} is no row of the input")
            left[key].pop()
            allowed[key] -= 1
            self.assertGreaterEqual(allowed[key], 0,
                                    f"{key} was in time for its window")
        final = {}
        for row in map(tuple, rows(self.out / "results")):
            old = final.get(row[:2])
            if old is None or int(row[4]) > int(old[4]):
                final[row[:2]] = row
        rest = [row for some in left.values() for row in some]
        self.assertEqual(sorted(final.values()),
                         reference.totals(rest, PLACES))

    def test_nothing_is_late_within_bound_and_lateness(self):
        for p in (1, 4):
            with self.subTest(p=p):
                self.assert_ended(flights(
                    self.path, self.out, "--overwrite", "-p", p,
                    "--out-of-orderness", "20h", "--allowed-lateness", "8h"))
                self.assertEqual(rows(self.out / "late"), [])


if __name__ == "__main__":
    unittest.main()
