"""A disk that is full while a job takes checkpoints or writes results: the job
goes on or fails with path and reason, and goes on once there is room. The disk
is a small file system of its own; without the right to mount one these tests
are skipped."""

import os
import re
import subprocess
import sys
import threading
import time
import unittest

from programs import BIN, ROOT, TIMEOUT_SECONDS, Case, Ended, hidden_files, \
    parts, run
from sequence_test import audit

sys.path.insert(0, str(ROOT / "tools"))
from chaos_parts import harm  # noqa: E402

KEYS, PER_KEY, RATE = 100, 300, 10_000
FULL = "No space left on device"
RESTARTS = ("-Drestart-strategy.type=fixed-delay",
            "-Drestart-strategy.fixed-delay.attempts=1000",
            "-Drestart-strategy.fixed-delay.delay=50ms")


class FullDisk(Case):
    def setUp(self):
        super().setUp()
        try:
            self.disk = harm.SmallDisk(self.folder)
        except harm.Unable as why:
            self.skipTest(str(why))
        self.addCleanup(self.disk.close)
        self.log = []

    def command(self, output, checkpoints, *more):
        return [str(BIN / "sequence"), "--keys", str(KEYS), "--per-key",
                str(PER_KEY), "--rate", str(RATE), "--output", str(output),
                "-p", "2", "--summary", "json",
                "-Dexecution.checkpointing.interval=50ms",
                f"-Dexecution.checkpointing.dir={checkpoints}", *more]

    def start(self, *command):
        self.log.clear()
        self.job = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, FLOW_LOG_LEVEL="debug"))
        watchdog = threading.Timer(TIMEOUT_SECONDS, self.job.kill)
        watchdog.start()
        self.reader = threading.Thread(
            target=lambda: self.log.extend(self.job.stderr))
        self.reader.start()
        for last in (watchdog.cancel, self.job.stdout.close,
                     self.job.stderr.close, self.reader.join, self.job.wait,
                     self.job.kill):
            self.addCleanup(last)

    def await_log(self, pattern, since=0):
        """The index behind the first line that matches."""
        at = since
        while True:
            while at < len(self.log):
                at += 1
                if re.search(pattern, self.log[at - 1]):
                    return at
            self.assertTrue(self.reader.is_alive(),
                            f"{pattern} in\n{''.join(self.log[-30:])}")
            time.sleep(0.005)

    def end(self):
        out = self.job.stdout.read()
        code = self.job.wait()
        self.reader.join()
        return Ended(subprocess.CompletedProcess((), code, out,
                                                 "".join(self.log)))

    def assert_whole(self, output):
        wrong = [text for text in audit(output / "results", KEYS, PER_KEY)
                 if not text.startswith("attempts")]
        self.assertEqual(wrong, [])
        self.assertEqual(hidden_files(output), [])

    def assert_no_half_part(self, output):
        for path in parts(output / "results"):
            self.assertTrue(path.read_bytes().endswith(b"\n"), path)

    def test_no_room_for_checkpoints(self):
        for name, more, restarts in (
                ("tolerated",
                 ["-Dexecution.checkpointing.tolerable-failed-checkpoints=9999"],
                 False),
                ("restarted", RESTARTS, True)):
            with self.subTest(name):
                output = self.folder / f"out-{name}"
                self.start(*self.command(output, self.disk.path / name, *more))
                at = self.await_log(r"checkpoint \d+ is complete")
                with self.disk.full():
                    at = self.await_log(r"checkpoint \d+ is given up", at)
                self.await_log(r"checkpoint \d+ is complete", at)
                ended = self.end()
                self.assert_ended(ended)
                self.assertIn(FULL, ended.err)
                self.assertIn(str(self.disk.path / name), ended.err)
                self.assertEqual(ended.summary["restarts"] > 0, restarts)
                self.assert_whole(output)

    def test_no_room_for_results(self):
        output = self.disk.path / "out"
        self.start(*self.command(output, self.folder / "c", *RESTARTS))
        at = self.await_log(r"checkpoint \d+ is complete")
        with self.disk.full():
            at = self.await_log("starts again in", at)
            self.assert_no_half_part(output)
        self.await_log(r"checkpoint \d+ is complete", at)
        ended = self.end()
        self.assert_ended(ended)
        self.assertIn(FULL, ended.err)
        self.assertIn(str(output), ended.err)
        self.assert_whole(output)

    def test_a_job_that_fails_is_restored_once_there_is_room(self):
        output = self.disk.path / "out"
        command = self.command(output, self.folder / "c",
                               "-Drestart-strategy.type=none")
        self.start(*command)
        self.await_log(r"checkpoint \d+ is complete")
        with self.disk.full():
            ended = self.end()
            self.assertEqual(ended.code, 1, ended.err)
            self.assertRegex(ended.err, rf"{re.escape(str(output))}.*{FULL}")
            self.assertRegex(ended.err, r"it would go on from \S+/chk-\d+")
            self.assert_no_half_part(output)
        self.assert_ended(run("sequence", *command[1:], "--restore", "latest"))
        self.assert_whole(output)

    def test_a_job_given_up_says_what_failed_and_where_it_would_go_on(self):
        output = self.disk.path / "out"
        self.start(*self.command(output, self.folder / "c", *RESTARTS,
                                 "-Drestart-strategy.fixed-delay.attempts=2"))
        self.await_log(r"checkpoint \d+ is complete")
        with self.disk.full():
            ended = self.end()
        self.assertEqual(ended.code, 1, ended.err)
        self.assertEqual(ended.summary["restarts"], 2)
        failure = rf"\n  attempt \d: .*{re.escape(str(output))}.*{FULL}"
        self.assertRegex(ended.err, f"the last failures were{failure * 3}\n")
        resume = re.search(r"it would go on from (\S+/chk-\d+)", ended.err)
        self.assertTrue(resume, ended.err)
        self.assert_ended(run("sequence", *self.command(
            output, self.folder / "c", "--restore", resume[1])[1:]))
        self.assert_whole(output)

    def test_without_checkpoints_nothing_shows(self):
        output = self.disk.path / "out"
        self.start(str(BIN / "sequence"), "--keys", str(KEYS), "--per-key",
                   str(10 * PER_KEY), "--rate", "30000", "--output", str(output),
                   "-p", "2", "--summary", "json")
        self.await_log("job is running")
        with self.disk.full():
            ended = self.end()
            self.assertEqual(ended.code, 1, ended.err)
            self.assertRegex(ended.err, rf"{re.escape(str(output))}.*{FULL}")
            self.assertEqual(parts(output / "results"), [])
        self.assertEqual(ended.summary["status"], "failed")


if __name__ == "__main__":
    unittest.main()
