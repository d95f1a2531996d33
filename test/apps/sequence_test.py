"""Audits what the sequence job wrote."""

import time
import unittest

from programs import PARALLELISMS, Case, hidden_files, parts, run

HEADER = "key,seq,attempt"


def audit(folder, keys, per_key):
    """Texts of what is wrong; empty when each key's numbers are there once
    and in order, in the parts of one subtask."""
    next_of = [0] * keys
    home = {}
    wrong = []
    attempts = set()
    for path in parts(folder):
        subtask = path.stem.split("-")[1]
        first, *body = path.read_text().splitlines()
        if first != HEADER:
            wrong.append(f"{path}: header {first}")
        for line in body:
            key, seq, attempt = map(int, line.split(","))
            if seq != next_of[key]:
                wrong.append(f"{path}: key {key}: {seq}, not {next_of[key]}")
            if home.setdefault(key, subtask) != subtask:
                wrong.append(f"{path}: key {key} is also in another subtask")
            attempts.add(attempt)
            next_of[key] = seq + 1
    wrong += [f"key {key} ends at {n}" for key, n in enumerate(next_of)
              if n != per_key]
    if len(attempts) > 1:
        wrong.append(f"attempts {attempts} of a run that had one")
    return wrong


class Sequence(Case):
    def test_each_record_arrives_once_and_in_order(self):
        for keys, per_key in ((1000, 100), (3, 20_000), (200_000, 1), (1, 1),
                              (0, 5), (5, 0)):
            for p in PARALLELISMS:
                with self.subTest(keys=keys, per_key=per_key, p=p):
                    ended = run("sequence", "--keys", keys, "--per-key",
                                per_key, "--output", self.out, "--overwrite",
                                "-p", p, "--summary", "json")
                    self.assert_ended(ended)
                    self.assertEqual(ended.summary["records_in"],
                                     keys * per_key)
                    self.assertEqual(
                        audit(self.out / "results", keys, per_key), [])
                    self.assertEqual(hidden_files(self.out), [])

    def test_a_rate_holds_it_back(self):
        began = time.monotonic()
        self.assert_ended(run("sequence", "--keys", 10, "--per-key", 200,
                              "--rate", 2000, "--output", self.out, "-p", 2))
        self.assertGreater(time.monotonic() - began, 0.8)
        self.assertEqual(audit(self.out / "results", 10, 200), [])


if __name__ == "__main__":
    unittest.main()
