"""The earthquakes job's results against an independent computation."""

import csv
import io
import random
import unittest
from collections import Counter

from programs import (PARALLELISMS, ROOT, Case, check_expected, hidden_files,
                      lines, rows, run)

FEED = ROOT / "apps/earthquakes/data/earthquakes-2018w05.csv"
HEADER = "window_start,window_end,net,count,strongest,strongest_id"
HOUR = 3_600_000
DAY = 24 * HOUR


def read(path=FEED):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def iso(ms):
    from datetime import datetime, timezone
    text = datetime.fromtimestamp(ms // 1000, timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S")
    return text + (f".{ms % 1000:03d}Z" if ms % 1000 else "Z")


def windows_of(at, size, slide):
    start = at - at % slide
    while start > at - size:
        yield start
        start -= slide


def row_of(start, size, net, quakes):
    best = min(quakes, key=lambda q: (-float(q["mag"]),
                                      int(q["event_time_ms"]), q["id"]))
    return (iso(start), iso(start + size), net, str(len(quakes)), best["mag"],
            best["id"])


def complete(feed, size=DAY, slide=HOUR):
    """Final rows when nothing is late."""
    cells = {}
    for quake in feed:
        for start in windows_of(int(quake["event_time_ms"]), size, slide):
            cells.setdefault((start, quake["net"]), []).append(quake)
    return sorted(row_of(start, size, net, some)
                  for (start, net), some in cells.items())


def step_by_step(feed, size, slide, bound, lateness):
    """All rows in order, and the late ones, when a watermark follows each."""
    cells, late, out, fired = {}, [], [], set()
    mark = newest = None
    for quake in feed:
        at, net = int(quake["event_time_ms"]), quake["net"]
        taken = False
        for start in windows_of(at, size, slide):
            last = start + size - 1
            if mark is not None and last + lateness <= mark:
                continue
            taken = True
            cells.setdefault((start, net), []).append(quake)
            if mark is not None and last <= mark:
                out.append(row_of(start, size, net, cells[start, net]))
                fired.add((start, net))
        if not taken and mark is not None and at + lateness <= mark:
            late.append(quake)
        newest = at if newest is None else max(newest, at)
        mark = max(newest - bound - 1, mark if mark is not None else -DAY * 9999)
        for start, net in sorted(cells):
            if start + size - 1 <= mark and (start, net) not in fired:
                out.append(row_of(start, size, net, cells[start, net]))
                fired.add((start, net))
    for start, net in sorted(cells):
        if (start, net) not in fired:
            out.append(row_of(start, size, net, cells[start, net]))
    return out, late


def final(some):
    best = {}
    for row in some:
        key = tuple(row[:3])
        if key not in best or int(row[3]) > int(best[key][3]):
            best[key] = tuple(row)
    return sorted(best.values())


class Earthquakes(Case):
    def job(self, path, out, *more):
        self.assert_ended(run("earthquakes", "--input", path, "--output", out,
                              *more))
        lines(out / "results", HEADER)
        self.assertEqual(hidden_files(out), [])
        return rows(out / "results")

    def test_everything_in_time_at_every_parallelism(self):
        expected = complete(read())
        check_expected(self, "earthquakes", HEADER, expected)
        for p in PARALLELISMS:
            with self.subTest(p=p):
                out = self.folder / f"out{p}"
                found = self.job(FEED, out, "-p", p,
                                 "--out-of-orderness", "10d")
                self.assertEqual(sorted(map(tuple, found)), expected)
                self.assertEqual(rows(out / "late"), [])

    def test_late_but_within_the_lateness(self):
        found = self.job(FEED, self.out, "-p", 2, "--allowed-lateness", "10d")
        self.assertEqual(final(found), complete(read()))
        self.assertEqual(rows(self.out / "late"), [])

    def test_every_firing_with_a_watermark_after_each_row(self):
        for lateness, hours in (("48h", 48), ("0", 0), ("5h", 5)):
            with self.subTest(lateness):
                out = self.folder / lateness
                found = self.job(FEED, out, "-p", 1, "--watermark-every", 1,
                                 "--allowed-lateness", lateness)
                expected, late = step_by_step(read(), DAY, HOUR, 0,
                                              hours * HOUR)
                self.assertEqual(Counter(map(tuple, found)),
                                 Counter(expected))
                self.assertEqual(sorted(row[0] for row in rows(out / "late")),
                                 sorted(quake["id"] for quake in late))

    def test_other_windows(self):
        feed = read()
        random.Random(5).shuffle(feed)
        text = io.StringIO()
        writer = csv.DictWriter(text, feed[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(feed)
        path = self.write("shuffled.csv", text.getvalue())
        for size, slide in ((6, 4), (3, 3), (2, 5)):
            with self.subTest(size=size, slide=slide):
                out = self.folder / f"{size}-{slide}"
                found = self.job(path, out, "-p", 2, "--window", f"{size}h",
                                 "--slide", f"{slide}h",
                                 "--out-of-orderness", "10d")
                self.assertEqual(sorted(map(tuple, found)),
                                 complete(feed, size * HOUR, slide * HOUR))


if __name__ == "__main__":
    unittest.main()
