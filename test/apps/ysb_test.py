"""Counts the views of the ysb job again."""

import unittest

from programs import Case, rows, run

BASE = 1_436_918_400_000


def views(events, rate):
    """Views by campaign and window, by the definition of the events."""
    counts = {}
    for i in range(0, events, 3):
        key = i % 1000 // 10, (BASE + i * 1000 // rate) // 10_000 * 10_000
        counts[key] = counts.get(key, 0) + 1
    return counts


class Ysb(Case):
    def test_both_variants_count_every_view_once(self):
        for events, rate in ((100_000, 3000), (7, 1), (0, 1)):
            for variant, *more in (("memory",), ("json",),
                                   ("memory", "--pregenerate"),
                                   ("json", "--pregenerate")):
                for p in (1, 2, 4):
                    with self.subTest(events=events, variant=variant, p=p,
                                      more=more):
                        self.assert_ended(run(
                            "ysb", "--events", events, "--event-rate", rate,
                            "--variant", variant, "--output", self.out,
                            "--overwrite", "-p", p, *more))
                        found = {}
                        for campaign, start, end, count in rows(
                                self.out / "results"):
                            self.assertEqual(int(end), int(start) + 10_000)
                            key = int(campaign), int(start)
                            self.assertNotIn(key, found)
                            found[key] = int(count)
                        self.assertEqual(found, views(events, rate))


if __name__ == "__main__":
    unittest.main()
