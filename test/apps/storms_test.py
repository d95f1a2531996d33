"""The storms job's results against an independent computation."""

import csv
import io
import random
import unittest
from datetime import datetime, timedelta
from itertools import groupby

from programs import (PARALLELISMS, ROOT, Case, check_expected, hidden_files,
                      lines, rows, run)

STORMS = ROOT / "apps/storms/data/storms-1975-2020.csv"
HEADER = ("storm_id,session_start,session_end,observations,duration_hours,"
          "wind_max_kn,pressure_min_mb,category_path")


def read(path=STORMS):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def time_of(row):
    return datetime.strptime(row["ts"], "%Y-%m-%dT%H:%M:%SZ")


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def sessions(storms, gap):
    by_storm = {}
    for row in storms:
        by_storm.setdefault(row["storm_id"], []).append(row)
    result = []
    for storm, some in by_storm.items():
        some = sorted(some, key=time_of)
        begin = 0
        for i in range(1, len(some) + 1):
            if i < len(some) and time_of(some[i]) - time_of(some[i - 1]) <= gap:
                continue
            result.append(summary(storm, some[begin:i], gap))
            begin = i
    return sorted(result)


def summary(storm, some, gap):
    first, last = time_of(some[0]), time_of(some[-1])
    return (storm, iso(first), iso(last + gap), str(len(some)),
            f"{(last - first).total_seconds() / 3600:.1f}",
            str(max(int(row["wind_kn"]) for row in some)),
            str(min(int(row["pressure_mb"]) for row in some)),
            ">".join(key for key, _ in groupby(row["category"]
                                               for row in some)))


class Storms(Case):
    def job(self, path, out, *more):
        self.assert_ended(run("storms", "--input", path, "--output", out,
                              *more))
        lines(out / "results", HEADER)
        self.assertEqual(hidden_files(out), [])
        return sorted(map(tuple, rows(out / "results")))

    def test_all_storms_at_every_parallelism(self):
        expected = sessions(read(), timedelta(hours=24))
        self.assertGreaterEqual(len(expected), 512)
        check_expected(self, "storms", HEADER, expected)
        for p in PARALLELISMS:
            with self.subTest(p=p):
                self.assertEqual(self.job(STORMS, self.folder / f"{p}",
                                          "-p", p), expected)

    def test_other_gaps(self):
        for hours in (1, 6, 240):
            with self.subTest(hours=hours):
                self.assertEqual(
                    self.job(STORMS, self.folder / f"{hours}", "--gap",
                             f"{hours}h"),
                    sessions(read(), timedelta(hours=hours)))

    def test_a_season_out_of_order(self):
        season = [row for row in read() if row["ts"].startswith("2005")]
        # Observations at one time keep their order.
        times = sorted({row["ts"] for row in season})
        random.Random(1).shuffle(times)
        season.sort(key=lambda row: times.index(row["ts"]))
        text = io.StringIO()
        writer = csv.DictWriter(text, season[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(season)
        path = self.write("2005.csv", text.getvalue())
        self.assertEqual(self.job(path, self.out, "-p", 2),
                         sessions(season, timedelta(hours=24)))


if __name__ == "__main__":
    unittest.main()
