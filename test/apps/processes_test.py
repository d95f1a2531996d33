"""Jobs in worker processes: the same results, and what happens when one of
the processes dies, sleeps or is spoken to by strangers."""

import os
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import unittest
from pathlib import Path

from programs import (AIRPORTS, BIN, ROOT, TIMEOUT_SECONDS, WEEK, Case,
                      Ended, flights, hidden_files, parts, rows, run)
from sequence_test import audit

LOOPBACK = "0100007F"
LISTENS = "0A"


def processes_of(job):
    """Pids by name of the launcher and its workers, children of `job`."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, name, state, parent = re.match(
                r"(\d+) \((.*)\) (\S) (\d+)", path.read_text()).groups()
        except (OSError, AttributeError):
            continue
        if state != "Z":
            found[int(pid)] = (name, int(parent))
    launchers = {pid for pid, (name, parent) in found.items()
                 if parent == job and name == "flow-launcher"}
    result = {"launcher": pid for pid in launchers}
    result.update({name: pid for pid, (name, parent) in found.items()
                   if parent in launchers and name.startswith("flow-worker")})
    return result


def alive_in(session):
    """Whether a process of this session is there, and no zombie."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = path.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        if int(of) == session and state != "Z":
            return True
    return False


def listening_sockets(pid):
    """(address, port) of every socket on which the process listens."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
        except OSError:
            continue
    result = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and fields[9] in inodes:
                address, port = fields[1].split(":")
                result.append((address, int(port, 16)))
    return result


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def frame(kind, payload, length=None, **fields):
    """As libflow/net/FORMAT.md has it, with right checksums."""
    head = struct.pack(
        "<4sBBHIIQQQI", b"FLF1", kind, 0, 0,
        len(payload) if length is None else length, fields.get("attempt", 0),
        fields.get("job", 0), 0, fields.get("sequence", 0),
        fields.get("channel", 0))
    head += struct.pack("<I", crc32c(payload) if payload else 0)
    return head + struct.pack("<I", crc32c(head)) + payload


def handshake(worker, role, token, version=1):
    texts = b"".join(struct.pack("<I", len(text)) + text for text in
                     (b"libflow", b"localhost", worker, token))
    return frame(1, struct.pack("<IBI", version, role, 0) + texts)


def memory_bytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


class Results(Case):
    def test_sequence(self):
        for count in (1, 2, 3):
            for p in (1, 2, 4):
                with self.subTest(processes=count, p=p):
                    ended = run("sequence", "--keys", 500, "--per-key", 200,
                                "--output", self.out, "--overwrite", "-p", p,
                                "--processes", count, "--summary", "json")
                    self.assert_ended(ended)
                    self.assertEqual(ended.summary["records_in"], 100_000)
                    self.assertEqual(ended.summary["records_out"], 100_000)
                    self.assertEqual(
                        audit(self.out / "results", 500, 200), [])
                    self.assertEqual(hidden_files(self.out), [])

    def test_flights(self):
        expected = None
        for count in (0, 1, 2, 3):
            for p in (1, 3):
                with self.subTest(processes=count, p=p):
                    self.assert_ended(flights(
                        WEEK, self.out, "--overwrite", "-p", p,
                        "--processes", count, "--out-of-orderness", "48h"))
                    found = sorted(rows(self.out / "results"))
                    expected = expected or found
                    self.assertEqual(found, expected)
                    self.assertEqual(rows(self.out / "late"), [])

    def test_words_that_are_printed(self):
        text = self.folder / "text"
        text.write_text("".join(f"w{i % 977} x{i % 31}\n"
                                for i in range(200_000)))
        expected = run("word_count", "--input", text, "-p", 2)
        self.assert_ended(expected)
        for count in (1, 2, 3):
            with self.subTest(processes=count):
                ended = run("word_count", "--input", text, "-p", 2,
                            "--processes", count)
                self.assert_ended(ended)
                self.assertEqual(sorted(ended.out.splitlines()),
                                 sorted(expected.out.splitlines()))

    def test_workers_adopt_the_max_parallelism_of_what_is_restored(self):
        job = ("sequence", "--keys", 100, "--per-key", 100, "--rate", 5000,
               "--output", self.out, "-Dexecution.checkpointing.interval=50ms",
               f"-Dexecution.checkpointing.dir={self.folder}/checkpoints")
        # More than the 128 key groups that few subtasks have.
        first = subprocess.Popen([str(BIN / job[0]), *map(str, job[1:]),
                                  "-p", "90"], stderr=subprocess.DEVNULL)
        self.addCleanup(first.wait)
        self.addCleanup(first.kill)
        while not any(self.folder.glob("checkpoints/*/chk-*/_metadata")):
            self.assertIsNone(first.poll(), "the job has ended")
        first.kill()
        first.wait()
        ended = run(*job, "-p", 2, "--processes", 2, "--restore", "latest",
                    "--summary", "json")
        self.assert_ended(ended)
        self.assertLess(ended.summary["records_in"], 10_000)
        # The parts of 90 subtasks and of 2, in the order of writing.
        audited = subprocess.run(
            [ROOT / "tools/audit", "sequence", "--keys", "100", "--per-key",
             "100", self.out], capture_output=True, text=True)
        self.assertEqual(audited.returncode, 0, audited.stderr)

    def test_another_run_does_not_find_an_empty_directory(self):
        self.out.mkdir()
        (self.out / "stranger").write_text("here before")
        ended = run("sequence", "--keys", 1, "--per-key", 1, "--output",
                    self.out, "--processes", 2)
        self.assertEqual(ended.code, 2)


class Faults(Case):
    def start(self, *more, keys=100, per_key=10_000):
        """A job of some seconds that most tests end earlier."""
        self.job = subprocess.Popen(
            [str(BIN / "sequence"), "--keys", str(keys), "--per-key",
             str(per_key), "--rate", "100000", "--output", str(self.out), "-p",
             "2", "--processes", "2", "--summary", "json", *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        watchdog = threading.Timer(TIMEOUT_SECONDS, self.job.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        for last in (self.job.stdout.close, self.job.stderr.close,
                     self.job.wait, self.job.kill):
            self.addCleanup(last)
        self.processes = {}
        self.wait_until(self.writes)

    def writes(self):
        """Both workers are there, and rows arrive."""
        self.processes = processes_of(self.job.pid)
        files = [path for path in self.out.rglob("*") if path.is_file()]
        return len(self.processes) == 3 and any(
            path.stat().st_size > 0 for path in files)

    def wait_until(self, holds):
        while not holds():
            self.assertIsNone(self.job.poll(), "the job has ended")

    def end(self):
        out, err = self.job.communicate()
        return Ended(subprocess.CompletedProcess((), self.job.returncode, out,
                                                 err))

    def assert_nothing_is_left(self):
        while alive_in(self.job.pid):  # the watchdog of ctest ends a vain wait
            pass

    def test_a_worker_is_killed(self):
        self.start()
        os.kill(self.processes["flow-worker-1"], signal.SIGKILL)
        ended = self.end()
        self.assertEqual(ended.code, 1)
        self.assertIn("worker 1 was killed by signal 9 (Killed)", ended.err)
        self.assertEqual(ended.summary["status"], "failed")
        self.assert_nothing_is_left()

    def test_with_checkpoints_another_worker_takes_over(self):
        for backend in ("filesystem", "memory"):
            with self.subTest(backend=backend):
                self.start(
                    "--overwrite", "-Dexecution.checkpointing.interval=100ms",
                    f"-Dexecution.checkpointing.dir={self.folder}/checkpoints",
                    f"-Dstate.backend.type={backend}",
                    "-Drestart-strategy.type=fixed-delay",
                    "-Drestart-strategy.fixed-delay.delay=50ms",
                    "-Drestart-strategy.fixed-delay.attempts=100",
                    keys=100, per_key=4000)
                for name in list(self.processes):
                    before = dict(self.processes)
                    pid = before[name]
                    os.kill(pid, signal.SIGKILL)
                    self.wait_until(
                        lambda: self.replaced(name, pid, before))
                    shown = self.committed_bytes()  # it runs, with the next
                    self.wait_until(lambda: self.committed_bytes() > shown)
                ended = self.end()
                self.assert_ended(ended)
                self.assertGreaterEqual(ended.summary["restarts"], 3)
                wrong = [text for text in audit(
                    self.out / "results", 100, 4000)
                    if not text.startswith("attempts")]
                self.assertEqual(wrong, [])
                self.assertEqual(hidden_files(self.out), [])
                self.assert_nothing_is_left()

    def committed_bytes(self):
        return sum(path.stat().st_size for path in parts(self.out / "results"))

    def replaced(self, name, pid, before):
        self.processes = processes_of(self.job.pid)
        return (len(self.processes) == len(before)
                and self.processes.get(name, pid) != pid)

    def test_a_worker_sleeps(self):
        self.start()
        os.kill(self.processes["flow-worker-0"], signal.SIGSTOP)
        ended = self.end()
        self.assertEqual(ended.code, 1)
        self.assertRegex(ended.err, r"worker 0 .*it was silent for \d+ ms")
        self.assert_nothing_is_left()

    def test_the_job_is_killed(self):
        self.start()
        self.job.kill()
        self.assert_nothing_is_left()

    def test_the_launcher_is_killed(self):
        self.start()
        os.kill(self.processes["launcher"], signal.SIGKILL)
        ended = self.end()
        self.assertEqual(ended.code, 1)
        self.assertIn("died with its launcher, which was killed by signal 9 "
                      "(Killed)", ended.err)
        self.assert_nothing_is_left()

    def test_the_job_is_stopped(self):
        self.start()
        self.job.send_signal(signal.SIGINT)
        ended = self.end()
        self.assertEqual(ended.code, 0)
        self.assertEqual(ended.summary["status"], "stopped")
        written = sum(len(path.read_text().splitlines()) - 1
                      for path in parts(self.out / "results"))
        self.assertEqual(written, ended.summary["records_in"])
        self.assertEqual(written, ended.summary["records_out"])
        self.assert_nothing_is_left()

    def test_strangers_do_no_harm(self):
        seed = int(os.environ.get("FLOW_TEST_SEED", random.randrange(1 << 32)))
        print("FLOW_TEST_SEED =", seed)
        noise = random.Random(seed)
        self.start()
        ports = []
        for name in ("flow-worker-0", "flow-worker-1"):
            ports += listening_sockets(self.processes[name])
        ports += listening_sockets(self.job.pid)
        self.assertEqual(len(ports), 6)
        for address, _ in ports:
            self.assertEqual(address, LOOPBACK)
        for _ in range(20):
            for _, port in ports:
                with socket.create_connection(("127.0.0.1", port)) as stranger:
                    begin = noise.choice([b"", b"FLF1", b"FLF1\1\0\0\0"])
                    stranger.sendall(begin + noise.randbytes(
                        noise.randrange(1, 5000)))
        ended = self.end()
        self.assertEqual(ended.code, 0, ended.err)
        self.assertEqual(audit(self.out / "results", 100, 10_000), [])

    def test_forged_and_mutated_frames_do_no_harm(self):
        seed = int(os.environ.get("FLOW_TEST_SEED", random.randrange(1 << 32)))
        print("FLOW_TEST_SEED =", seed)
        noise = random.Random(seed)
        self.start()
        pids = [self.job.pid, self.processes["flow-worker-0"],
                self.processes["flow-worker-1"]]
        ports = [port for pid in pids for _, port in listening_sockets(pid)]
        before = [memory_bytes(pid) for pid in pids]
        idle = []
        for _ in range(15):
            for port in ports:
                stranger = socket.create_connection(("127.0.0.1", port))
                idle.append(stranger)  # never closed by this side
                try:
                    stranger.sendall(self.forged(noise))
                except OSError:
                    pass  # it has been shown the door
        growth = [memory_bytes(pid) - known
                  for pid, known in zip(pids, before)]
        self.assertLess(max(growth), 64 << 20, growth)
        ended = self.end()
        for stranger in idle:
            stranger.close()
        self.assertEqual(ended.code, 0, ended.err)
        self.assertEqual(audit(self.out / "results", 100, 10_000), [])

    @staticmethod
    def forged(noise):
        """A connection of somebody who knows the format but not the token."""
        first = handshake(noise.choice((b"worker-0", b"worker-7", b"job", b"")),
                          noise.choice((1, 2, 77)), noise.randbytes(32),
                          noise.choice((1, 1, 2)))
        rest = b"".join(
            frame(noise.randrange(7), noise.randbytes(noise.randrange(300)),
                  channel=noise.randrange(9), attempt=noise.randrange(3))
            for _ in range(noise.randrange(5)))
        rest += frame(noise.choice((2, 4)), b"",
                      length=noise.choice((16 << 20, (16 << 20) + 1, 0xFFFFFFFF)))
        stream = bytearray(first + rest)
        for _ in range(noise.randrange(4)):
            stream[noise.randrange(len(stream))] ^= 1 << noise.randrange(8)
        return bytes(stream[:noise.randrange(1, len(stream) + 1)])

    def test_the_token_is_not_to_be_seen(self):
        self.start()

        def seen(pid, what):
            return set(Path(f"/proc/{pid}/{what}").read_bytes().split(b"\0"))

        for name in ("flow-worker-0", "flow-worker-1"):
            pid = self.processes[name]
            self.assertEqual(seen(pid, "cmdline"), seen(self.job.pid, "cmdline"))
            self.assertEqual(seen(pid, "environ") - seen(self.job.pid, "environ"),
                             {b"FLOW_WORKER_SPEC=3"})


if __name__ == "__main__":
    unittest.main()
