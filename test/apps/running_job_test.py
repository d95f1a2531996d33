"""What can be done with a job while it runs: metrics, signals, stopping."""

import glob
import re
import select
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.request

import flights_reference as reference
from programs import (AIRPORTS, BIN, TIMEOUT_SECONDS, WEEK, Case, Ended,
                      hidden_files, rows)

PLACES = reference.read_places(AIRPORTS)
TOTALS = reference.totals(reference.read(WEEK), PLACES)
TASK_TIME = re.compile(r'flow_task_(busy|idle|backpressured)_time_ms_per_second'
                       r'\{job="[^"]*",task="([^"]*)",subtask="(\d+)"\} (\d+)')


class Running(Case):
    def start(self, program, *arguments):
        self.job = subprocess.Popen(
            [str(BIN / program), *map(str, arguments), "--metrics",
             "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        watchdog = threading.Timer(TIMEOUT_SECONDS, self.job.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        first = self.job.stderr.readline()
        self.address = re.search(r"http://\S+", first)[0]

    def flights(self, p, rate):
        self.start("flights", "--input", WEEK, "--airports", AIRPORTS,
                   "--output", self.out, "-p", p, "--source-rate", rate,
                   "--summary", "json")

    def metrics(self):
        with urllib.request.urlopen(self.address, timeout=10) as answer:
            return answer.read().decode()

    def total(self, name, task):
        return sum(int(value) for value in re.findall(
            name + r'\{[^}]*task="' + task + r'[^}]*\} (\d+)', self.metrics()))

    def wait_until(self, holds):
        """Asks again and again; the watchdog ends a job that never gets
        there."""
        while not holds():
            self.assertIsNone(self.job.poll(), "the job has ended")

    def end(self):
        out, err = self.job.communicate()
        return Ended(subprocess.CompletedProcess((), self.job.returncode, out,
                                                 err))


class Stopping(Running):
    def test_no_window_is_closed_early_at_any_parallelism(self):
        for p in (1, 4):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(p=p, signal=number):
                    self.out = self.folder / f"out{p}-{number}"
                    self.flights(p, 60_000)
                    self.wait_until(lambda: self.total(
                        "flow_task_num_records_out_total", "add city") > 500)
                    self.job.send_signal(number)
                    ended = self.end()
                    self.assert_ended(ended)
                    self.assertEqual(ended.summary["status"], "stopped")
                    self.check_complete()

    def check_complete(self):
        """A window that was closed before all its rows had been read would
        have another count than in the whole file."""
        found = list(map(tuple, rows(self.out / "results")))
        self.assertGreater(len(found), 500)
        self.assertLess(len(found), len(TOTALS))
        self.assertEqual(len(set(found)), len(found))
        self.assertLessEqual(set(found), set(TOTALS))
        self.assertEqual(rows(self.out / "late"), [])
        self.assertEqual(hidden_files(self.out), [])

    def test_a_job_in_a_program_of_actors_stops_as_well(self):
        self.start("actor_bridge", "--readings", 1_000_000_000, "--summary",
                   "json")
        self.wait_until(lambda: self.total(
            "flow_task_num_records_in_total", "readings") > 1000)
        self.job.send_signal(signal.SIGUSR1)
        while "job is running" not in self.job.stderr.readline():
            continue
        self.job.send_signal(signal.SIGINT)
        ended = self.end()
        self.assert_ended(ended)
        self.assertEqual(ended.summary["status"], "stopped")
        self.assertEqual(ended.summary["records_in"],
                         ended.summary["records_out"])

    def test_the_second_signal_ends_it_at_once(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                self.out = self.folder / f"out{code}"
                self.flights(2, 1000)
                self.job.send_signal(signal.SIGSTOP)
                # Two that are different, so that both are kept.
                first = (signal.SIGTERM if number == signal.SIGINT
                         else signal.SIGINT)
                self.job.send_signal(first)
                self.job.send_signal(number)
                self.job.send_signal(signal.SIGCONT)
                self.assertIn(self.job.wait(), (130, 143))
                self.end()


class Looking(Running):
    def test_times_add_up_to_a_second(self):
        self.flights(2, 20_000)
        self.wait_until(lambda: self.total(
            "flow_task_num_records_in_total", "count per") > 20_000)
        spent = {}
        for kind, task, subtask, ms in TASK_TIME.findall(self.metrics()):
            spent.setdefault((task, subtask), {})[kind] = int(ms)
        self.assertGreaterEqual(len(spent), 7)
        for task, each in spent.items():
            self.assertEqual(len(each), 3)
            if not task[0].startswith("read airports"):
                self.assertLessEqual(abs(sum(each.values()) - 1000), 50,
                                     (task, each))
        self.job.send_signal(signal.SIGINT)
        self.assert_ended(self.end())

    def test_a_signal_tells_why_each_subtask_waits(self):
        self.flights(2, 2000)
        self.wait_until(lambda: self.total(
            "flow_task_num_records_in_total", "count per") > 500)
        self.job.send_signal(signal.SIGUSR1)
        seen = []
        while len(seen) < 8 and select.select([self.job.stderr], [], [], 30)[0]:
            seen.append(self.job.stderr.readline().rstrip())
        text = "\n".join(seen)
        self.assertIn("job is running", text)
        self.assertRegex(text, r"read flights -> event time \[1\] running, "
                         "waits for a timer: the rate limit")
        self.assertRegex(text, r"count per airport.* \[0\] running, waits for "
                         "input, watermark held by input 0 channel [01], from "
                         r"\"read flights -> event time\" \[[01]\]")
        self.job.send_signal(signal.SIGINT)
        self.assert_ended(self.end())


class Blocked(Running):
    def await_line(self, part):
        """Reads what the job says up to that; the watchdog ends the wait."""
        for line in self.job.stderr:
            if part in line:
                return
        self.fail(f"the job has ended without saying: {part}")

    def test_a_reader_that_stands_still_holds_up_no_signal(self):
        """A full pipe holds the print sink inside a write to stdout."""
        words = self.folder / "words.txt"
        words.write_text("".join(f"w{i % 50000}\n" for i in range(200_000)),
                         encoding="ascii")
        self.start("word_count", "--updates", "--input", words)
        self.await_line('in operator "print" for')
        self.job.send_signal(signal.SIGUSR1)
        self.await_line('waits for user code of operator "print"')
        self.job.send_signal(signal.SIGINT)
        self.await_line("stopping: sources end")
        self.assert_ended(self.end())


class Idle(Running):
    def cpu_ns(self):
        total = 0
        for path in glob.glob(f"/proc/{self.job.pid}/task/*/schedstat"):
            with open(path, encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total

    def test_a_job_without_input_costs_no_thousandth_of_a_core(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        self.start("word_count", "-p", 4, "--socket",
                   "127.0.0.1:%d" % server.getsockname()[1])
        connection, _ = server.accept()
        self.addCleanup(connection.close)
        connection.sendall(b"a b\n")
        self.job.stdout.readline()
        # What it costs can only be seen over some time; the start is not idle.
        least = None
        for _ in range(8):
            before, began = self.cpu_ns(), time.monotonic()
            time.sleep(3)
            share = (self.cpu_ns() - before) / 1e9 / (time.monotonic() - began)
            least = share if least is None else min(least, share)
            if least < 0.001:
                break
        self.job.send_signal(signal.SIGINT)
        self.end()
        self.assertLess(least, 0.001)


if __name__ == "__main__":
    unittest.main()
