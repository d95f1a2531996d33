"""The auditor finds what is wrong, and nothing else."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEQUENCE = "key,seq,attempt\n"
FLIGHTS = ("window_start,origin,city,state,flights,delayed,delay_sum_min,"
           "delay_max_min,distance_sum_miles\n")


class AuditTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="flow-audit-")
        self.addCleanup(self.folder.cleanup)
        self.out = Path(self.folder.name) / "out"
        (self.out / "results").mkdir(parents=True)

    def part(self, name, text, folder="results"):
        (self.out / folder).mkdir(exist_ok=True)
        (self.out / folder / name).write_text(text)

    def audit(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-B", ROOT / "tools/audit", *arguments, self.out],
            capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def sequence(self, keys=2, per_key=3):
        return self.audit("sequence", "--keys", str(keys), "--per-key",
                          str(per_key))

    def assert_sequence(self, *lines, found, rows_of_second_part=()):
        self.part("part-0-0.csv", SEQUENCE + "".join(lines))
        if rows_of_second_part:
            self.part("part-0-1.csv", SEQUENCE + "".join(rows_of_second_part))
        code, line = self.sequence()
        self.assertEqual((code, line), (found != GOOD, found))

    def test_a_right_output_over_two_parts(self):
        self.assert_sequence(
            "0,0,1\n", "1,0,1\n", "0,1,1\n", found=GOOD,
            rows_of_second_part=("0,2,2\n", "1,1,2\n", "1,2,2\n"))

    def test_a_lost_record(self):
        self.assert_sequence("0,0,1\n", "0,1,1\n", "0,2,1\n", "1,0,1\n",
                             "1,1,1\n",
                             found="AUDIT FAILED lost=1 doubled=0 "
                             "out_of_order=0")

    def test_a_doubled_record(self):
        self.assert_sequence("0,0,1\n", "0,1,1\n", "0,2,1\n", "1,0,1\n",
                             "1,1,1\n", "1,2,1\n", "1,2,1\n",
                             found="AUDIT FAILED lost=0 doubled=1 "
                             "out_of_order=0")

    def test_a_wrong_order(self):
        self.assert_sequence("0,0,1\n", "0,2,1\n", "0,1,1\n", "1,0,1\n",
                             "1,1,1\n", "1,2,1\n",
                             found="AUDIT FAILED lost=0 doubled=0 "
                             "out_of_order=2")

    def test_a_hidden_file_and_a_torn_part(self):
        self.part(".part-0-9.csv.x", "")
        self.part("part-0-0.csv", SEQUENCE + "0,0,1\n0,1,1\n0,2,1")
        code, line = self.sequence(keys=1)
        self.assertEqual(code, 1)
        self.assertTrue(line.endswith("other=2"), line)

    # Two numbers of one key: all rows but that by the clock.
    TWO_NUMBERS = (
        "sessions,0,0,2\n", "interval_join,0,0,0\n",
        "interval_join,0,1000,0\n", "timers,0,500,2\n",
        "growing_rules,0,0,-1\n", "growing_rules,0,1,5\n",
        "async_ordered,0,0,0\n", "async_ordered,0,1,7\n",
        "async_unordered,0,1,7\n", "async_unordered,0,0,0\n",
        "operator_lists,0,0,0\n", "operator_lists,0,1,0\n")

    def operators(self, *lines):
        self.part("part-0-0.csv", "branch,key,id,value\n" + "".join(lines))
        return self.audit("operators", "--keys", "1", "--per-key", "2")

    def test_rows_of_all_operators(self):
        right = self.TWO_NUMBERS
        self.assertEqual(self.operators(*right), (0, GOOD))
        self.assertEqual(self.operators(*right, "timers,0,-1,1\n"), (0, GOOD))
        failed = "AUDIT FAILED lost={} doubled={} out_of_order={}"
        for lines, line in (
                (right[1:], failed.format(1, 0, 0)),
                ((*right, right[3]), failed.format(0, 1, 0)),
                ((*right[:4], right[5], right[4], *right[6:]),
                 failed.format(0, 0, 1)),
                ((*right, "timers,0,-1,1\n", "timers,0,-1,1\n"),
                 failed.format(0, 1, 0)),
                (("sessions,0,0,1\n", *right[1:]),
                 failed.format(0, 0, 0) + " other=1"),
                ((*right, "sessions,0,700,1\n"),
                 failed.format(0, 0, 0) + " other=1")):
            self.assertEqual(self.operators(*lines), (1, line))

    def flights(self, *result_rows, late=()):
        work = Path(self.folder.name)
        (work / "in.csv").write_text(
            "date,delay,distance,origin,destination\n"
            "2001-01-01T00:01:00,33,100,LAS,PHL\n"
            "2001-01-01T00:59:00,-3,200,LAS,PHL\n"
            "2001-01-01T01:00:00,16,300,LAS,PHL\n")
        (work / "airports.csv").write_text(
            "iata,name,city,state\nLAS,x,Las Vegas,NV\n")
        self.part("part-0-0.csv", FLIGHTS + "".join(result_rows))
        if late:
            self.part("part-0-0.csv", "date,delay,distance,origin,"
                      "destination\n" + "".join(late), "late")
        return self.audit("flights", "--input", work / "in.csv",
                          "--airports", work / "airports.csv")

    def test_right_cells(self):
        self.assertEqual(self.flights(FIRST, SECOND), (0, GOOD))

    def test_a_late_row_belongs_to_no_cell(self):
        late = "2001-01-01T00:59:00,-3,200,LAS,PHL\n"
        self.assertEqual(self.flights(FIRST, SECOND, late=[late])[0], 1)
        less = "2001-01-01T00:00:00Z,LAS,Las Vegas,NV,1,1,33,33,100\n"
        self.assertEqual(self.flights(less, SECOND, late=[late]), (0, GOOD))

    def test_a_missing_cell_and_a_doubled_one(self):
        self.assertIn("lost=1", self.flights(FIRST)[1])
        self.assertIn("doubled=1", self.flights(FIRST, SECOND, SECOND)[1])

    def test_a_wrong_sum(self):
        wrong = SECOND.replace(",300", ",301")
        self.assertEqual(self.flights(FIRST, wrong)[0], 1)


GOOD = "AUDIT ok lost=0 doubled=0 out_of_order=0"
FIRST = "2001-01-01T00:00:00Z,LAS,Las Vegas,NV,2,1,30,33,300\n"
SECOND = "2001-01-01T01:00:00Z,LAS,Las Vegas,NV,1,1,16,16,300\n"

if __name__ == "__main__":
    unittest.main()
