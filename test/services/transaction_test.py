"""The transactional store by itself, and the sinks that write to it while the
store, the job and its worker processes are killed."""

import collections
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("FLOW_TEST_PROGRAMS",
                               ROOT / "build/release/test"))
COUNT = 6000
RATE = 2500  # numbers a second
MOST_SECONDS = 120
KINDS = ("two-phase", "write-ahead")


class StoreProcess:
    """The store; it has the same port and journal in all its lives."""

    def __init__(self, folder, *more):
        self.journal = Path(folder) / "journal"
        self.more = more
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-B", ROOT / "tools/services/transaction_store",
             "--journal", self.journal, "--port", str(self.port), *self.more],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.split()[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, *requests):
        """The answers to the requests, over one connection."""
        with socket.create_connection(("127.0.0.1", self.port)) as link, \
                link.makefile("rw") as lines:
            answers = []
            for each in requests:
                lines.write(each + "\n")
                lines.flush()
                answers.append(lines.readline().rstrip("\n"))
            return answers

    def rows(self):
        return [int(each) for each in self.ask("rows")[0].split()[1:]]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="flow-store-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def store(self, *more, name="store"):
        folder = self.folder / name
        folder.mkdir()
        store = StoreProcess(folder, *more)
        self.addCleanup(store.kill)
        return store


class Store(Case):
    def test_a_transaction_shows_with_its_commit(self):
        store = self.store()
        self.assertEqual(
            store.ask("begin a", "write a 1 2", "begin a", "rows", "prepare a",
                      "rows", "commit a", "commit a", "rows", "list"),
            ["ok", "ok", "error a is there already", "ok", "ok", "ok", "ok",
             "ok", "ok 1 2", "ok"])

    def test_a_kill_loses_what_is_open_and_nothing_else(self):
        store = self.store()
        store.ask("begin a", "write a 1", "prepare a", "commit a", "begin b",
                  "write b 2", "prepare b", "begin c", "write c 3", "put d 4")
        store.kill()
        store.start()
        self.assertEqual(
            store.ask("rows", "list", "write c 3", "commit b", "put d 4",
                      "has d", "has e", "rows"),
            ["ok 1 4", "ok b", "gone", "ok", "ok", "ok yes", "ok no",
             "ok 1 4 2"])

    def test_what_is_torn_at_the_end_of_the_journal_does_not_count(self):
        store = self.store()
        store.ask("put a 1", "put b 22 23")
        store.kill()
        whole = store.journal.read_bytes()
        for cut in range(len(b"put a 1 .\n"), len(whole)):
            store.journal.write_bytes(whole[:cut])
            store.start()
            self.assertEqual(store.ask("rows", "put c 5", "rows"),
                             ["ok 1", "ok", "ok 1 5"])
            store.kill()
        store.start()

    def test_transactions_time_out(self):
        store = self.store("--open-timeout", "0.2", "--prepared-timeout", "0.2")
        store.ask("begin a", "begin b", "prepare b")
        end = time.monotonic() + 10
        while store.ask("list")[0] != "ok" and time.monotonic() < end:
            pass
        self.assertEqual(store.ask("write a 1", "commit b", "rows"),
                         ["gone", "gone", "ok"])


class Sinks(Case):
    def start_job(self, store, kind, *more):
        job = subprocess.Popen(
            [PROGRAMS / "store_job", "--store", str(store.port), "--sink", kind,
             "--count", str(COUNT), "--source-rate", str(RATE), "-p", "2",
             "--job-id", "1" * 32,
             "-Dexecution.checkpointing.interval=50ms",
             f"-Dexecution.checkpointing.dir={self.folder}/{kind}",
             "-Drestart-strategy.type=fixed-delay",
             "-Drestart-strategy.fixed-delay.attempts=1000",
             "-Drestart-strategy.fixed-delay.delay=50ms", *more],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            errors="replace")
        self.addCleanup(job.stderr.close)
        self.addCleanup(job.wait)
        self.addCleanup(job.kill)
        return job

    def assert_each_once(self, store):
        counted = collections.Counter(store.rows())
        self.assertEqual([n for n, times in counted.items() if times > 1], [],
                         "doubled")
        self.assertEqual(sorted(set(range(1, COUNT + 1)) - set(counted)), [],
                         "lost")
        self.assertEqual(store.ask("list")[0], "ok", "left over")

    def end_of(self, job):
        _, log = job.communicate(timeout=MOST_SECONDS)
        return job.returncode, log

    def test_undisturbed(self):
        for kind in KINDS:
            for processes in (0, 2):
                with self.subTest(kind=kind, processes=processes):
                    store = self.store(name=f"{kind}-{processes}")
                    job = self.start_job(store, kind, "--processes",
                                         str(processes))
                    code, log = self.end_of(job)
                    self.assertEqual(code, 0, log)
                    self.assert_each_once(store)

    def test_a_store_that_comes_back(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                store = self.store(name=kind)
                job = self.start_job(store, kind)
                kills = 0
                while kills < 4:
                    self.await_rows(store, job, more_than=kills * 800)
                    store.kill()
                    time.sleep(0.1 * kills)  # how long it is away
                    store.start()
                    kills += 1
                code, log = self.end_of(job)
                self.assertEqual(code, 0, log)
                self.assert_each_once(store)

    def await_rows(self, store, job, more_than):
        end = time.monotonic() + MOST_SECONDS
        while len(store.rows()) <= more_than:
            self.assertIsNone(job.poll(), "the job has ended")
            self.assertLess(time.monotonic(), end, "no rows")
            time.sleep(0.01)

    def test_kills_of_both(self):
        seed = int(os.environ.get("FLOW_TEST_SEED", random.randrange(1 << 32)))
        print("FLOW_TEST_SEED =", seed)
        noise = random.Random(seed)
        for kind in KINDS:
            for processes in ("0", "2"):
                with self.subTest(kind=kind, processes=processes):
                    self.kill_both(kind, processes, noise)

    def kill_both(self, kind, processes, noise):
        shutil.rmtree(self.folder / kind, ignore_errors=True)
        store = self.store(name=f"{kind}-{processes}")
        job = self.start_job(store, kind, "--processes", processes)
        for _ in range(8):
            try:
                job.wait(noise.uniform(0.05, 0.6))
                break
            except subprocess.TimeoutExpired:
                pass
            victims = noise.choice(("store", "job", "both"))
            if victims != "job":
                store.kill()
            if victims != "store":
                job.send_signal(signal.SIGKILL)
                job.wait()
            if victims != "job":
                time.sleep(noise.uniform(0, 0.3))
                store.start()
            if victims != "store":
                job = self.start_job(store, kind, "--processes", processes,
                                     *self.how_to_go_on(kind))
        code, log = self.end_of(job)
        self.assertEqual(code, 0, log)
        self.assert_each_once(store)

    def how_to_go_on(self, kind):
        done = any((self.folder / kind).glob("*/chk-*/_metadata"))
        return ("--restore", "latest") if done else ()


if __name__ == "__main__":
    unittest.main()
