"""Kills jobs at any moment, starts them again, and audits what they committed.

Seeds are printed; FLOW_TEST_SEED replays one."""

import os
import random
import re
import signal
import subprocess
import time
import unittest

from programs import (AIRPORTS, BIN, WEEK, Case, hidden_files, parts, rows,
                      run)

KEYS, PER_KEY = 40, 500
MOST_RUNS = 40
SEED = int(os.environ.get("FLOW_TEST_SEED", time.time_ns() % 1_000_000))


def checkpoints_in(folder):
    """Ids of the completed checkpoints below a checkpoint directory."""
    return sorted(int(path.parent.name[len("chk-"):])
                  for path in folder.glob("*/chk-*/_metadata"))


def audit_sequence(folder, keys, per_key):
    """Texts of what is lost, doubled or out of order. Parts are read in the
    order of writing: by number, as a key may move to another subtask."""
    next_of = [0] * keys
    wrong = []
    order = sorted(parts(folder), key=lambda path: int(path.stem.split("-")[2]))
    for path in order:
        for line in path.read_text().splitlines()[1:]:
            key, seq, _ = map(int, line.split(","))
            if seq != next_of[key]:
                wrong.append(f"{path.name}: key {key}: {seq}, "
                             f"not {next_of[key]}")
            next_of[key] = seq + 1
    return wrong + [f"key {key} ends at {end}"
                    for key, end in enumerate(next_of) if end != per_key]


class Recovery(Case):
    def setUp(self):
        super().setUp()
        self.checkpoints = self.folder / "checkpoints"
        print(f"FLOW_TEST_SEED={SEED}")
        self.random = random.Random(SEED)

    def keys(self, interval="50ms"):
        return ["-D", f"execution.checkpointing.interval={interval}",
                "-D", f"execution.checkpointing.dir={self.checkpoints}"]

    def sequence(self, *more, interval="50ms"):
        return ["sequence", "--keys", KEYS, "--per-key", PER_KEY, "--rate",
                12_000, "--output", self.out, *self.keys(interval), *more]

    def flights(self, *more):
        return ["flights", "--input", WEEK, "--airports", AIRPORTS, "--output",
                self.out, "--source-rate", 60_000, "--watermark-every", 100,
                "--out-of-orderness", "1d", "--on-error", "dead-letter",
                *self.keys(), *more]

    def run_with_kills(self, job, kills, longest, processes=(0,)):
        """Kills each run at a random moment; the last one may end."""
        left = kills
        for _ in range(MOST_RUNS):
            how = (["--restore", "latest"] if checkpoints_in(self.checkpoints)
                   else ["--overwrite"])
            command = job("-p", self.random.choice((1, 2, 3)), *how,
                          "--processes", self.random.choice(processes))
            running = subprocess.Popen(
                [str(BIN / command[0]), *map(str, command[1:])],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait = self.random.uniform(0.02, longest) if left else 60
            try:
                out, err = running.communicate(timeout=wait)
            except subprocess.TimeoutExpired:
                self.assertTrue(left, "the job does not end")
                running.kill()
                running.communicate()
                left -= 1
                continue
            self.assertEqual(running.returncode, 0, err + out)
            return
        self.fail("the job is killed for ever")

    def test_a_killed_sequence_loses_and_doubles_nothing(self):
        self.run_with_kills(self.sequence, kills=5, longest=1.0)
        self.assertEqual(audit_sequence(self.out / "results", KEYS, PER_KEY),
                         [])
        self.assertEqual(hidden_files(self.out), [])

    def test_a_killed_sequence_of_processes_loses_and_doubles_nothing(self):
        self.run_with_kills(self.sequence, kills=3, longest=1.5,
                            processes=(0, 2))
        self.assertEqual(audit_sequence(self.out / "results", KEYS, PER_KEY),
                         [])

    def test_killed_flights_give_the_rows_of_an_undisturbed_run(self):
        self.run_with_kills(self.flights, kills=4, longest=1.2)
        calm = self.folder / "calm"
        self.assert_ended(run("flights", "--input", WEEK, "--airports",
                              AIRPORTS, "--output", calm, "--watermark-every",
                              100, "--out-of-orderness", "1d", "--on-error",
                              "dead-letter"))
        for folder in ("results", "late", "dead-letter"):
            self.assertEqual(sorted(rows(self.out / folder)),
                             sorted(rows(calm / folder)), folder)

    def test_a_stopped_job_commits_and_goes_on_from_there(self):
        command = self.sequence("-p", 2, "--summary", "json")
        running = subprocess.Popen(
            [str(BIN / command[0]), *map(str, command[1:])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_for_checkpoint()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 0, err)
        self.assertIn('"status":"stopped"', out)
        self.assertEqual(hidden_files(self.out / "results"), [])
        self.assertEqual(len(checkpoints_in(self.checkpoints)), 1)
        seen = len(rows(self.out / "results"))
        self.assertGreater(seen, 0)
        ended = run(*self.sequence("-p", 3, "--restore", "latest", "--summary",
                                   "json"))
        self.assert_ended(ended)
        self.assertEqual(ended.summary["records_in"], KEYS * PER_KEY - seen)
        self.assertEqual(audit_sequence(self.out / "results", KEYS, PER_KEY),
                         [])

    def wait_for_checkpoint(self):
        deadline = time.monotonic() + 30
        while not checkpoints_in(self.checkpoints):
            self.assertLess(time.monotonic(), deadline, "no checkpoint")
            time.sleep(0.01)

    def test_a_second_process_of_the_same_job_is_refused(self):
        command = self.sequence("-p", 1)
        running = subprocess.Popen(
            [str(BIN / command[0]), *map(str, command[1:])],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for_checkpoint()
            for how in (["--restore", "latest"], ["--overwrite"]):
                second = run(*self.sequence(*how))
                self.assertEqual(second.code, 1, second.err)
                self.assertIn("another process writes to the output",
                              second.err)
            job, = (each.name for each in self.checkpoints.iterdir())
            second = run("sequence", "--keys", KEYS, "--per-key", PER_KEY,
                         "--output", self.folder / "other", "--job-id", job,
                         "--restore", "latest", *self.keys())
            self.assertEqual(second.code, 1, second.err)
            self.assertIn("another process runs this job", second.err)
            self.assertEqual(running.wait(), 0)
            self.assertEqual(
                audit_sequence(self.out / "results", KEYS, PER_KEY), [])
        finally:
            running.kill()
            running.wait()

    def test_what_cannot_be_restored_is_said(self):
        ended = run(*self.sequence("--restore", "latest"))
        self.assertEqual(ended.code, 3, ended.err)
        self.assertIn("no checkpoint has completed", ended.err)
        ended = run(*self.sequence("--restore", self.folder / "nowhere"))
        self.assertEqual(ended.code, 3, ended.err)
        self.assert_ended(run(*self.sequence("-p", 1)))
        newest = next(self.checkpoints.glob("*/chk-*"))
        metadata = newest / "_metadata"
        whole = metadata.read_bytes()
        metadata.write_bytes(whole[:-1])
        ended = run(*self.sequence("--restore", "latest"))
        self.assertEqual(ended.code, 6, ended.err)
        self.assertIn(str(metadata), ended.err)
        metadata.write_bytes(whole)
        ended = run(*self.sequence("--restore", "latest", "-D",
                                   "pipeline.max-parallelism=256"))
        self.assertEqual(ended.code, 1, ended.err)
        self.assertIn("max parallelism of 128", ended.err)
        ended = run("flights", "--input", WEEK, "--airports", AIRPORTS,
                    "--output", self.folder / "other", "--restore", newest,
                    *self.keys())
        self.assertEqual(ended.code, 1, ended.err)
        self.assertRegex(ended.err, re.compile("uid count.*has no operator"))

    def test_a_damaged_state_file_ends_the_job(self):
        command = ["sequence", "--keys", 4000, "--per-key", 2, "--output",
                   self.out, *self.keys()]
        self.assert_ended(run(*command))
        state = next(self.checkpoints.glob("*/chk-*/state-*"))
        whole = state.read_bytes()
        half = len(whole) // 2
        changed = bytes([whole[half] ^ 1])
        for damage in (lambda: state.write_bytes(
                           whole[:half] + changed + whole[half + 1:]),
                       lambda: state.write_bytes(whole[:half]),
                       lambda: os.truncate(state, 1 << 40),
                       state.unlink):
            damage()
            ended = run(*command, "--restore", "latest")
            self.assertEqual(ended.code, 6, ended.err)
            self.assertIn(str(state), ended.err)
            self.assertIn("name an older one: --restore PATH", ended.err)
        state.write_bytes(whole)
        self.assert_ended(run(*command, "--restore", "latest"))

    def test_retained_checkpoints_are_as_many_as_wanted(self):
        self.assert_ended(run(*self.sequence(
            "-p", 1, "-D", "execution.checkpointing.num-retained=3")))
        self.assertEqual(len(checkpoints_in(self.checkpoints)), 3)
        self.assertEqual(
            len(list(self.checkpoints.glob("*/chk-*"))), 3)

    def test_checkpoints_in_memory_commit_as_well(self):
        ended = run("sequence", "--keys", 10, "--per-key", 1000, "--rate",
                    20_000, "--output", self.out, "-D",
                    "execution.checkpointing.interval=50ms", "--summary",
                    "json")
        self.assert_ended(ended)
        self.assertGreater(ended.summary["checkpoints_completed"], 3)
        self.assertEqual(audit_sequence(self.out / "results", 10, 1000), [])


if __name__ == "__main__":
    unittest.main()
