"""The unique_visitors job's results against an independent computation."""

import unittest
from collections import defaultdict

from programs import Case, check_expected, hidden_files, lines, rows, run

MASK = (1 << 64) - 1


def splitmix64(state):
    x = (state + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def exact(events, users, rate, seed, base, window, slide):
    """Users of every window that holds an event, by its start."""
    slices = defaultdict(set)
    for e in range(events):
        at = base + e * 1000 // rate
        slices[at - at % slide].add(splitmix64((seed + e) & MASK) % users)
    count = window // slide
    result = {}
    for start in {first - k * slide for first in slices for k in range(count)}:
        result[start] = len(set().union(
            *(slices.get(start + k * slide, ()) for k in range(count))))
    return result


def iso(ms):
    from datetime import datetime, timezone
    text = datetime.fromtimestamp(ms // 1000, timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S")
    return text + (f".{ms % 1000:03d}Z" if ms % 1000 else "Z")


def ms_of(iso):
    from datetime import datetime, timezone
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if "." in iso else "%Y-%m-%dT%H:%M:%SZ"
    time = datetime.strptime(iso, form).replace(tzinfo=timezone.utc)
    return round(time.timestamp() * 1000)


class UniqueVisitors(Case):
    base = 1_600_000_000_000

    def job(self, out, *more):
        ended = run("unique_visitors", "--output", out, *more)
        self.assert_ended(ended)
        self.assertIn("memory per window: ", ended.out)
        self.assertEqual(hidden_files(out), [])
        return [(ms_of(row[0]), ms_of(row[1]), *map(int, row[2:]))
                for row in rows(out / "results")]

    def check_close(self, found, expected, window):
        self.assertEqual({row[0] for row in found}, set(expected))
        self.assertEqual(len(found), len(expected))
        errors = []
        for start, end, estimate, *counted in found:
            self.assertEqual(end - start, window)
            right = expected[start]
            if counted:
                self.assertEqual(counted[0], right)
            off = abs(estimate - right)
            self.assertTrue(off <= 2 or off <= 0.02 * right,
                            (start, estimate, right))
            errors.append(off / right)
        self.assertLess(sum(errors) / len(errors), 0.01)

    def test_both_sketches_with_the_number_itself(self):
        events, users, rate, seed = 40_000, 9_000, 200, 7
        expected = exact(events, users, rate, seed, self.base, 60_000, 5_000)
        # Estimates depend on the sketch; the numbers themselves do not.
        check_expected(self, "unique_visitors", "window_start,window_end,exact",
                       [(iso(start), iso(start + 60_000), count)
                        for start, count in sorted(expected.items())])
        for sketch in ("hll", "bloom"):
            with self.subTest(sketch):
                out = self.folder / sketch
                found = self.job(out, "--events", events, "--users", users,
                                 "--rate", rate, "--seed", seed, "--window",
                                 "1min", "--slide", "5s", "--sketch", sketch,
                                 "--exact", "-p", 2)
                lines(out / "results", "window_start,window_end,estimate,exact")
                self.check_close(found, expected, 60_000)

    def test_the_usual_windows(self):
        events, users, rate, seed = 60_000, 1_000_000, 20, 3
        expected = exact(events, users, rate, seed, self.base, 3_600_000,
                         10_000)
        found = self.job(self.out, "--events", events, "--users", users,
                         "--rate", rate, "--seed", seed)
        lines(self.out / "results", "window_start,window_end,estimate")
        self.check_close(found, expected, 3_600_000)

    def test_visits_from_a_file_out_of_order(self):
        times = [self.base + (i * 7919) % 50_000 for i in range(3_000)]
        path = self.write("visits.csv", "time_ms,user\n" + "".join(
            f"{at},u{i % 700}\n" for i, at in enumerate(times)))
        slices = defaultdict(set)
        for i, at in enumerate(times):
            slices[at - at % 2_000].add(i % 700)
        expected = {}
        for start in {first - k * 2_000 for first in slices for k in range(5)}:
            expected[start] = len(set().union(
                *(slices.get(start + k * 2_000, ()) for k in range(5))))
        found = self.job(self.out, "--input", path, "--window", "10s",
                         "--slide", "2s", "--exact")
        self.check_close(found, expected, 10_000)

    def test_a_filter_that_is_too_large_is_refused(self):
        ended = run("unique_visitors", "--users", 100_000_000, "--sketch",
                    "bloom", "--output", self.out)
        self.assertEqual(ended.code, 2, ended.err)
        self.assertIn("MiB", ended.err)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main()
