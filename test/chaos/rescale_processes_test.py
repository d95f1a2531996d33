"""Operators of every kind, operator lists among them, go on in other numbers of
subtasks and of worker processes; each run but the last is killed amid its
work."""

import argparse
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from chaos_parts import life, workload  # noqa: E402

BIN = Path(os.environ.get("FLOW_BIN", ROOT / "build/release/bin"))
# (subtasks, worker processes; 0: all in the job's own).
LEGS = ((2, 2), (3, 3), (1, 0), (4, 2), (2, 3))
CHECKPOINTS_PER_LEG = 2
INPUT_SECONDS = 15  # with the subtasks of the first leg
PATIENCE_SECONDS = 60


class RescaleTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="flow-rescale-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.options = argparse.Namespace(bin=BIN, parallelism=LEGS[0][0],
                                          processes=LEGS[0][1])
        self.job = workload.Workload("operators", INPUT_SECONDS, self.options)

    def run_leg(self, number):
        self.options.parallelism, self.options.processes = LEGS[number]
        log = life.Log()
        command = self.job.command(self.folder / "out",
                                   self.folder / "checkpoints", number > 0)
        now = life.Life(command, log, self.folder / "log")
        try:
            if number + 1 == len(LEGS):
                self.assertEqual(now.process.wait(PATIENCE_SECONDS), 0,
                                 self.end_of_log())
            else:
                self.assertTrue(
                    log.wait_for(lambda: completed(log) >= CHECKPOINTS_PER_LEG,
                                 PATIENCE_SECONDS), self.end_of_log())
                self.assertTrue(now.alive, "it has ended before it was killed")
        finally:
            now.kill()
        self.assertEqual(log.last("resumes") is not None, number > 0)

    def end_of_log(self):
        return "".join((self.folder / "log").read_text().splitlines(True)[-30:])

    def test_operators_of_every_kind(self):
        for number in range(len(LEGS)):
            self.run_leg(number)
        good, line, wrong = self.job.audit(self.folder / "out")
        self.assertTrue(good, f"{line}\n{wrong}")


def completed(log):
    return sum(1 for _, kind, _ in log.events if kind == "complete")


if __name__ == "__main__":
    unittest.main()
