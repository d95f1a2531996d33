"""Options, explanations and summaries of the jobs."""

import json
import re
import unittest

from programs import AIRPORTS, WEEK, Case, flights, run

SUMMARY = {"job", "status", "records_in", "records_out", "late_records",
           "skipped_records", "seconds", "cpu_seconds", "peak_rss_bytes",
           "checkpoints_completed", "restarts"}


class CommandLine(Case):
    def test_mistakes_end_with_2_and_name_the_option(self):
        good = ("--input", WEEK, "--airports", AIRPORTS, "--output", self.out)
        for job, arguments, text in (
                ("flights", (), "--input"),
                ("flights", ("--input", WEEK), "--airports"),
                ("flights", (*good, "--windw", "1h"), "--window"),
                ("flights", (*good[:-1], ""), "--output"),
                ("flights", (*good, "--window", "soon"), "--window"),
                ("flights", (*good, "--window", "0"), "--window"),
                ("flights", (*good, "--on-error", "ignore"), "--on-error"),
                ("flights", (*good, "-p", "0"), "-p"),
                ("flights", (*good, "-D", "no.such=1"), "no.such"),
                ("flights", (*good, "--restore", "latest"), "--restore"),
                ("flights", (*good, "-D", "execution.checkpointing.dir="
                             f"{self.out.parent}/./{self.out.name}/c"),
                 "execution.checkpointing.dir"),
                ("word_count", (), "--input"),
                ("word_count", ("--input", WEEK, "--socket", "a:1"),
                 "--socket"),
                ("word_count", ("--socket", "nowhere"), "nowhere"),
                ("sequence", ("--keys", "-1", "--per-key", "1", "--output",
                              self.out), "--keys")):
            with self.subTest(job=job, arguments=arguments):
                ended = run(job, *arguments)
                self.assert_ended(ended, 2)
                self.assertIn(text, ended.err)
                self.assertFalse(self.out.exists())

    def test_help(self):
        for job, option in (("flights", "--delayed-after"),
                            ("word_count", "--updates"),
                            ("sequence", "--per-key")):
            ended = run(job, "--help")
            self.assert_ended(ended)
            self.assertIn(option, ended.out)
            self.assertIn("--parallelism", ended.out)

    def test_explain_shows_the_job_and_touches_nothing(self):
        shown = {}
        for form in ("text", "json", "dot"):
            ended = flights(WEEK, self.out, "--explain", form, "-p", 3)
            self.assert_ended(ended)
            self.assertIn("count per airport", ended.out)
            self.assertFalse(self.out.exists())
            shown[form] = ended.out
        json.loads(shown["json"])
        self.assertRegex(shown["text"], "at-least-once|exactly-once")
        self.assertTrue(re.match(r"digraph", shown["dot"]), shown["dot"])

    def test_summary_is_the_last_line(self):
        for ended in (
                flights(WEEK, self.out, "--summary", "json", "-p", 2),
                run("word_count", "--input", AIRPORTS, "--summary", "json"),
                run("sequence", "--keys", 10, "--per-key", 10, "--output",
                    self.folder / "out2", "--summary", "json")):
            self.assert_ended(ended)
            summary = ended.summary
            self.assertLessEqual(SUMMARY, summary.keys())
            self.assertEqual(summary["status"], "finished")
            self.assertGreater(summary["peak_rss_bytes"], 0)


if __name__ == "__main__":
    unittest.main()
