"""What a job that stands still is at is told by its log and its files."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from chaos_parts import life, stillness  # noqa: E402


class Silent:
    """A process whose log has been read."""

    def read_waiting_log(self):
        pass


class SightTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="flow-sight-")
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name) / "out"
        (self.out / "results").mkdir(parents=True)
        self.job = Path(folder.name) / "checkpoints" / "job"
        self.log = life.Log()
        self.sight = stillness.Sight(self.log, self.job.parent, self.out)

    def phase(self):
        return self.sight.phase(Silent())

    def publish(self, number, names):
        folder = self.job / f"chk-{number}"
        folder.mkdir(parents=True)
        (folder / "_metadata").write_bytes(b"\0" + names.encode() + b"\0")

    def run_until_begins(self):
        for kind, number in (("starts", None), ("running", None),
                             ("begins", 1)):
            self.log.add(kind, number)

    def test_before_it_runs_and_after_a_failure_it_restores(self):
        self.assertEqual(self.phase(), "restoring")
        self.log.add("starts")
        self.assertEqual(self.phase(), "restoring")
        self.log.add("running")
        self.assertEqual(self.phase(), "running")
        self.log.add("restarting")
        self.assertEqual(self.phase(), "restoring")

    def test_a_checkpoint_is_pending_until_it_is_published_or_given_up(self):
        self.run_until_begins()
        self.assertEqual(self.phase(), "checkpoint pending")
        self.publish(1, "")
        self.assertEqual(self.phase(), "running")
        self.log.add("complete", 1)
        self.log.add("begins", 2)
        self.assertEqual(self.phase(), "checkpoint pending")
        self.log.add("abandoned", 2)
        self.assertEqual(self.phase(), "running")

    def test_it_commits_while_a_part_that_was_published_is_hidden(self):
        self.run_until_begins()
        part = self.out / "results" / ".part-0-3.csv.tag"
        part.touch()
        self.assertEqual(self.phase(), "checkpoint pending")
        self.publish(1, part.name)
        self.assertEqual(self.phase(), "committing")
        self.log.add("complete", 1)
        self.assertEqual(self.phase(), "committing")
        part.unlink()
        (self.out / "results" / ".part-0-4.csv.tag").touch()  # of the next
        self.assertEqual(self.phase(), "running")

    def test_who_stands_still_goes_on_again(self):
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as it:
            with stillness.of([it.pid]):
                self.assertTrue(stillness.is_still(it.pid))
            os.waitid(os.P_PID, it.pid, os.WCONTINUED | os.WNOWAIT)
            it.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
