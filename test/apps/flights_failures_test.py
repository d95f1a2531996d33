"""What the flights job says and leaves behind when something is wrong."""

import os
import re
import shutil
import subprocess
import unittest

from programs import Case, flights, hidden_files, lines, parts, rows

HEADER = "date,delay,distance,origin,destination"
GOOD = "2001-01-01T00:01:00,33,2176,LAS,PHL"
DEAD_LETTER = "file,line,column,reason,row"

# name: (bytes of the line, the column at which the trouble begins)
MALFORMED = {
    "a field too few": (b"2001-01-01T00:01:00,33,2176,LAS", None),
    "a field too many": (GOOD.encode() + b",x", None),
    "an open quote": (b'2001-01-01T00:01:00,33,2176,LAS,"PHL', None),
    "an empty line": (b"", 1),
    "a NUL": (b"2001-01-01T00:01:00,33,2176,L\0S,PHL", None),
    "a carriage return": (b"2001-01-01T00:01:00,33,2176,L\rS,PHL", 30),
    "a line over 1 MiB": (GOOD.encode() + b"x" * (1 << 20), None),
    "a number with a plus": (b"2001-01-01T00:01:00,+3,2176,LAS,PHL", 21),
    "a number with blanks": (b"2001-01-01T00:01:00, 3,2176,LAS,PHL", 21),
    "a decimal": (b"2001-01-01T00:01:00,3.5,2176,LAS,PHL", 21),
    "no number": (b"2001-01-01T00:01:00,,2176,LAS,PHL", 21),
    "a minus alone": (b"2001-01-01T00:01:00,-,2176,LAS,PHL", 21),
    "19 digits": (b"2001-01-01T00:01:00,1,1234567890123456789,LAS,PHL", 23),
    "30 February": (b"2001-02-30T00:01:00,33,2176,LAS,PHL", 1),
    "hour 25": (b"2001-01-01T25:01:00,33,2176,LAS,PHL", 1),
    "a month 13": (b"2001-13-01T00:01:00,33,2176,LAS,PHL", 1),
    "a second 60": (b"2001-01-01T00:01:60,33,2176,LAS,PHL", 1),
    "a date with a blank": (b"2001-01-01 00:01:00,33,2176,LAS,PHL", 1),
    "a date with a zone": (b"2001-01-01T00:01:00Z,33,2176,LAS,PHL", 1),
    "29 February of 1900": (b"1900-02-29T00:01:00,33,2176,LAS,PHL", 1),
}


def shown(line):
    """A line as a dead-letter file shows it: bytes that are not printable or
    not UTF-8 as \\xHH, cut after 1,024 bytes."""
    text = line[:1024].decode("utf-8", errors="surrogateescape")
    return "".join(
        f"\\x{ord(c) & 0xff:02X}"
        if ord(c) < 32 or ord(c) == 127 or 0xdc80 <= ord(c) <= 0xdcff else c
        for c in text)


class Malformed(Case):
    def file_with(self, line):
        good = (GOOD + "\n").encode()
        return self.write("in.csv", HEADER.encode() + b"\n" + good * 2 + line
                          + b"\n" + good * 3)

    def test_fail_says_where_and_what(self):
        for name, (line, column) in MALFORMED.items():
            with self.subTest(name):
                path = self.file_with(line)
                ended = flights(path, self.out, "-p", 2, "--overwrite")
                self.assert_ended(ended, 1)
                found = re.search(re.escape(str(path)) + r":4: (\d+): (.+)",
                                  ended.err)
                self.assertTrue(found, ended.err)
                if column:
                    self.assertEqual(int(found[1]), column)
                self.assertEqual(parts(self.out / "results"), [])
                self.assertEqual(hidden_files(self.out), [])

    def test_skip_counts(self):
        for name, (line, _) in MALFORMED.items():
            with self.subTest(name):
                ended = flights(self.file_with(line), self.out, "-p", 2,
                                "--overwrite", "--on-error", "skip",
                                "--summary", "json")
                self.assert_ended(ended)
                self.assertEqual(ended.summary["skipped_records"], 1)
                self.assertEqual(self.counted(), 5)

    def test_dead_letter_has_the_row_and_the_reason(self):
        for name, (line, column) in MALFORMED.items():
            with self.subTest(name):
                path = self.file_with(line)
                self.assert_ended(flights(path, self.out, "-p", 2,
                                          "--overwrite", "--on-error",
                                          "dead-letter"))
                folder = self.out / "dead-letter"
                lines(folder, DEAD_LETTER)
                [[file, number, at, reason, row]] = rows(folder)
                self.assertEqual((file, number), (str(path), "4"))
                self.assertTrue(reason)
                if column:
                    self.assertEqual(int(at), column)
                self.assertEqual(row.upper(), shown(line).upper())
                self.assertEqual(self.counted(), 5)

    def test_a_line_break_in_quotes_is_never_a_row(self):
        line = b'2001-01-01T00:01:00,33,2176,LAS,"PH\nL"'
        ended = flights(self.file_with(line), self.out)
        self.assert_ended(ended, 1)
        self.assertRegex(ended.err, r"in\.csv:4: \d+: ")
        ended = flights(self.file_with(line), self.out, "--overwrite",
                        "--on-error", "skip")
        self.assert_ended(ended)
        self.assertEqual(self.counted(), 5)

    def test_lines_are_counted_in_the_whole_file_at_any_parallelism(self):
        good = (GOOD + "\n") * 20_000
        path = self.write("big.csv", HEADER + "\n" + good + "bad\n" + good)
        for p in (1, 4, 7):
            ended = flights(path, self.out, "-p", p, "--overwrite")
            self.assert_ended(ended, 1)
            self.assertIn(f"{path}:20002: ", ended.err)

    def counted(self):
        return sum(int(row[4]) for row in rows(self.out / "results"))


class Surroundings(Case):
    def test_a_header_that_lacks_a_column_fails_whatever_on_error_says(self):
        path = self.write("in.csv", "date,delay,origin\n")
        for policy in ("fail", "skip", "dead-letter"):
            ended = flights(path, self.out, "--overwrite", "--on-error",
                            policy)
            self.assert_ended(ended, 1)
            self.assertRegex(ended.err, r"in\.csv:1: .*distance")

    def test_no_rows_are_no_error(self):
        for content in ("", HEADER, HEADER + "\n", "\ufeff" + HEADER):
            for p in (1, 3):
                with self.subTest(content=content, p=p):
                    path = self.write("in.csv", content)
                    self.assert_ended(flights(path, self.out, "-p", p,
                                              "--overwrite"))
                    self.assertEqual(rows(self.out / "results"), [])
                    self.assertEqual(hidden_files(self.out), [])

    def test_a_file_that_is_missing(self):
        missing = self.folder / "missing.csv"
        good = self.write("in.csv", f"{HEADER}\n{GOOD}\n")
        for ended in (flights(missing, self.out),
                      flights(good, self.out, airports=missing),
                      flights(self.folder, self.folder / "out2")):
            self.assert_ended(ended, 1)
            self.assertIn(str(self.folder), ended.err)
            self.assertEqual(parts(self.out / "results"), [])

    def test_a_file_without_permission(self):
        if os.geteuid() == 0 and not shutil.which("setpriv"):
            self.skipTest("runs as root and there is no setpriv")
        wrap = (["setpriv", "--reuid=65534", "--regid=65534",
                 "--clear-groups"] if os.geteuid() == 0 else [])
        os.chmod(self.folder, 0o755)
        path = self.write("in.csv", f"{HEADER}\n{GOOD}\n")
        path.chmod(0)
        ended = flights(path, "/tmp/flow-apps-never-made", wrap=wrap)
        self.assert_ended(ended, 1)
        self.assertIn(f"{path}: Permission denied", ended.err)
        path.chmod(0o644)
        shut = self.folder / "shut"
        shut.mkdir(mode=0o555)
        ended = flights(path, shut / "out", wrap=wrap)
        self.assert_ended(ended, 1)
        self.assertIn("Permission denied", ended.err)

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none",
                           disk], capture_output=True).returncode != 0:
            self.skipTest("a small file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        some = "".join(f"2001-01-{1 + i % 28:02}T{i % 24:02}:00:00,1,2,"
                       f"A{i % 977},B\n" for i in range(60_000))
        path = self.write("in.csv", HEADER + "\n" + some)
        for p in (1, 3):
            with self.subTest(p=p):
                out = disk / f"out{p}"
                ended = flights(path, out, "-p", p)
                self.assert_ended(ended, 1)
                self.assertIn("No space left on device", ended.err)
                self.assertEqual(hidden_files(out), [])
                for part in parts(out / "results"):
                    self.assertTrue(part.read_bytes().endswith(b"\n"))

    def test_an_output_that_is_not_empty(self):
        path = self.write("in.csv", f"{HEADER}\n{GOOD}\n")
        self.assert_ended(flights(path, self.out))
        before = rows(self.out / "results")
        ended = flights(path, self.out)
        self.assert_ended(ended, 2)
        self.assertIn("--overwrite", ended.err)
        self.assertEqual(rows(self.out / "results"), before)
        self.assert_ended(flights(path, self.out, "--overwrite", "-p", 2))
        self.assertEqual(rows(self.out / "results"), before)
        (self.out / "mine.txt").write_text("not of a job")
        self.assert_ended(flights(path, self.out, "--overwrite"))
        self.assertTrue((self.out / "mine.txt").exists())


if __name__ == "__main__":
    unittest.main()
