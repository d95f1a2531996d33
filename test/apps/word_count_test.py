"""The word_count job against a count in Python."""

import collections
import random
import re
import signal
import socket
import subprocess
import threading
import unittest

from programs import BIN, ROOT, TIMEOUT_SECONDS, Case, lines, run

TEXTS = [ROOT / "LICENSE", ROOT / "README.md",
         *sorted((ROOT / "libflow").rglob("*.hpp"))]


def words(text):
    return re.findall(rb"[a-z0-9_]+", text.lower())


def counts(text):
    return {word.decode(): n
            for word, n in collections.Counter(words(text)).items()}


def parsed(some_lines):
    return [(word, int(n))
            for word, n in (line.split(",") for line in some_lines)]


class Files(Case):
    def setUp(self):
        super().setUp()
        self.text = b"".join(path.read_bytes() for path in TEXTS)
        self.path = self.write("text", self.text)

    def test_totals_at_every_parallelism(self):
        expected = sorted(counts(self.text).items())
        for p in range(1, 8):
            with self.subTest(p=p):
                ended = run("word_count", "--input", self.path, "--output",
                            self.out, "--overwrite", "-p", p)
                self.assert_ended(ended)
                found = parsed(lines(self.out / "results", "word,count"))
                self.assertEqual(sorted(found), expected)

    def test_without_output_it_prints(self):
        for p in (1, 3):
            ended = run("word_count", "--input", self.path, "-p", p)
            self.assert_ended(ended)
            self.assertEqual(dict(parsed(ended.out.splitlines())),
                             counts(self.text))

    def check_updates(self, found):
        last = {}
        for word, n in found:
            self.assertEqual(n, last.get(word, 0) + 1)
            last[word] = n
        self.assertEqual(last, counts(self.text))

    def test_updates_grow_to_the_total(self):
        for p in (1, 4):
            with self.subTest(p=p):
                ended = run("word_count", "--input", self.path, "--updates",
                            "--output", self.out, "--overwrite", "-p", p)
                self.assert_ended(ended)
                self.check_updates(
                    parsed(lines(self.out / "results", "word,count")))
                ended = run("word_count", "--input", self.path, "--updates",
                            "-p", p)
                self.check_updates(parsed(ended.out.splitlines()))

    def test_odd_files(self):
        random_bytes = random.Random(5).randbytes(300_000)
        long_line = b"Word wOrd " * 400_000
        long_word = b"a" * (3 << 20)
        for name, text in {"empty": b"", "no words": b"-- \n\xc3\xa4 .\n",
                           "no line end": b"a B a", "bytes": random_bytes,
                           "crlf": b"a b\r\na\r\n", "line": long_line,
                           "long words": b"b " + long_word + b" c " + long_word
                           }.items():
            with self.subTest(name):
                path = self.write("odd", text)
                ended = run("word_count", "--input", path, "-p", 2)
                self.assert_ended(ended)
                self.assertEqual(dict(parsed(ended.out.splitlines())),
                                 counts(text))

    def test_memory_does_not_grow_with_the_file(self):
        random_words = [b"word%06d" % i for i in range(100_000)]
        random.Random(7).shuffle(random_words)
        block = b"\n".join(b" ".join(random_words[i:i + 10])
                           for i in range(0, 100_000, 10)) + b"\n"
        path = self.write("large", block * 48)
        ended = run("word_count", "--input", path, "--output", self.out, "-p",
                    2, "--summary", "json")
        self.assert_ended(ended)
        self.assertLess(ended.summary["peak_rss_bytes"], 256 << 20)
        found = parsed(lines(self.out / "results", "word,count"))
        self.assertEqual(len(found), 100_000)
        self.assertEqual({n for _, n in found}, {48})


class Sockets(Case):
    """A server that sends text and keeps the connection, as `nc -lk` does."""

    def setUp(self):
        super().setUp()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]

    def start(self, *more):
        job = subprocess.Popen(
            [BIN / "word_count", "--socket", self.address, *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        watchdog = threading.Timer(TIMEOUT_SECONDS, job.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        connection, _ = self.server.accept()
        self.addCleanup(connection.close)
        return job, connection

    def read_count(self, job, total):
        return [job.stdout.readline().decode().rstrip("\n")
                for _ in range(total)]

    def finish(self, job, found):
        with job.stdout, job.stderr:
            out, err = job.stdout.read(), job.stderr.read()
        self.assertEqual(job.wait(), 0, err)
        return found + out.decode().splitlines()

    def check(self, found, text):
        last = {}
        for word, n in parsed(found):
            self.assertEqual(n, last.get(word, 0) + 1)
            last[word] = n
        self.assertEqual(last, counts(text))

    def test_updates_appear_while_the_connection_is_open(self):
        job, connection = self.start()
        connection.sendall(b"one two\n")
        found = self.read_count(job, 2)
        connection.sendall(b"Two three\n")
        found += self.read_count(job, 2)
        job.send_signal(signal.SIGINT)
        self.check(self.finish(job, found), b"one two two three")

    def test_an_interrupt_prints_what_was_read_and_ends_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            job, connection = self.start("-p", "2")
            text = b"a bb ccc a\n" * 50_000
            connection.sendall(text)
            found = self.read_count(job, 200_000)
            job.send_signal(number)
            self.check(self.finish(job, found), text)

    def test_an_interrupt_in_the_middle_of_much_text(self):
        job, connection = self.start()
        text = b"x y z\n" * 10

        def send():
            try:
                while True:
                    connection.sendall(text)
            except OSError:
                pass

        sender = threading.Thread(target=send)
        sender.start()
        found = self.read_count(job, 30_000)
        job.send_signal(signal.SIGINT)
        found = self.finish(job, found)
        connection.close()
        sender.join()
        last = collections.Counter()
        for word, n in parsed(found):
            last[word] += 1
            self.assertEqual(n, last[word])
        # All that was read was processed, up to the middle of a line.
        self.assertLessEqual(last["x"] - last["z"], 1)
        self.assertGreaterEqual(last["x"], last["y"])
        self.assertGreaterEqual(last["y"], last["z"])

    def test_an_interrupt_counts_a_line_without_end(self):
        job, connection = self.start()
        connection.sendall(b"one two\nthree one")
        found = self.read_count(job, 2)
        job.send_signal(signal.SIGINT)
        self.check(self.finish(job, found), b"one two three one")

    def test_the_end_of_the_connection_ends_the_job(self):
        job, connection = self.start()
        connection.sendall(b"to be or not to be")
        connection.close()
        self.check(self.finish(job, []), b"to be or not to be")

    def test_a_server_that_is_not_there(self):
        self.server.close()
        ended = run("word_count", "--socket", self.address)
        self.assert_ended(ended, 1)
        self.assertIn(self.address, ended.err)


if __name__ == "__main__":
    unittest.main()
