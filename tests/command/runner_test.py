#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The runner of command tests: what holds passes, and each line that does not is named."""
import contextlib
import io
import os
import sys
import tempfile
import textwrap
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import runner  # pylint: disable=wrong-import-position

# Each expectation of this run holds; and does not, as the second has it.
RUN = r"""run: printf 'one two\nthree\n  four 4\n'; echo bad >&2; echo x >file; exit 3
exits: 3
"""
LINES = (
    ("exits: 3", "exits: 0"),
    ("prints: one two", "prints: one three"),
    ("prints: bad", "prints: worse"),
    ("prints: hre", "prints: {{^}}hre"),
    ("prints: four 4", "prints: fou{{r{2}}} 4"),
    ("prints: {{^}}thr{{e+$}}", "prints: tw{{$}}"),
    ("prints-line: {{  }}four {{[0-9]}}", "prints-line: four 4"),
    ("prints-not: five", "prints-not: thr"),
    ("prints-not: five", "prints-not: bad"),
    ("prints-times: 2 e", "prints-times: 3 e"),
    ("prints-times: 0 five", "prints-times: 1 five"),
    ("prints-lines: 3", "prints-lines: 4"),
    ("says: two three four", "says: two four"),
    ("says: one two\n  three", "says: bad"),
    ("errors: 1 line", "errors: nothing"),
    ("writes: file", "writes: other"),
    ("writes-not: other", "writes-not: file"),
    ("prints: [[word]]", "prints: [[other]]"),
    ("prints: one\n  two", "prints: one\\\n  two"),
    ("prints-times: [[two]] e", "prints-times: [[three]] e"),
)
LET = "let: word = echo two\nlet: other = echo tw.\nlet: two = echo 2\nlet: three = echo 3\n"


class Runner(unittest.TestCase):
    def run_test(self, text, *arguments):
        """The exit status, and what is said."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.test")
            with open(path, "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
            with contextlib.redirect_stdout(io.StringIO()) as said:
                status = runner.main([path, *arguments])
            return status, said.getvalue().replace(path, "a.test")

    def test_a_wrong_line_is_named(self):
        for right, wrong in LINES:
            with self.subTest(right=right):
                self.assertEqual(self.run_test(LET + RUN + right + "\n"), (0, ""))
            with self.subTest(wrong=wrong):
                status, said = self.run_test(LET + RUN + wrong + "\n")
                self.assertEqual(status, 1)
                name, _, value = wrong.partition(": ")
                value = " ".join(value.replace("\\\n  ", "").split())
                self.assertIn("a.test:5: run: printf ", said)
                self.assertIn(f"  a.test:7: {name}: {value}\n    ", said)
                self.assertTrue("output:\n  | one two\n  | three\n" in said, said)
                self.assertTrue("errors:\n  | bad\n" in said, said)
                self.assertTrue(said.endswith("a.test: 1 failures\n"), said)

    def test_the_status_is_0_where_nothing_is_said(self):
        self.assertEqual(self.run_test("run: true\n"), (0, ""))
        status, said = self.run_test("# a comment\nrun: false\n")
        self.assertEqual(status, 1)
        self.assertIn("a.test:2: exits: 0\n    exit status 1, expected 0\n", said)
        self.assertEqual(self.run_test("run: false | cat\n")[0], 1)
        self.assertEqual(self.run_test("let: x = false\nrun: true\n")[0], 1)

    def test_output_is_a_file(self):
        text = ("file: a\n  one\n\n   two\n\nlet: name = echo a\n"
                "run: printf 'one\\n\\n two\\n'\noutput: ")
        self.assertEqual(self.run_test(text + "a"), (0, ""))
        self.assertEqual(self.run_test(text + "$name"), (0, ""))
        self.assertEqual(self.run_test(text + "nothing")[0], 1)
        self.assertEqual(self.run_test(text.replace(" two", " too") + "a"), (0, ""))
        self.assertEqual(self.run_test(text.replace("   two", "  two") + "a")[0], 1)
        self.assertEqual(self.run_test(text + "nowhere")[0], 1)

    def test_json(self):
        text = "let: two = echo 2\nrun: echo '{\"a\": [1, 2], \"b\": null}'\njson: "
        self.assertEqual(self.run_test(text + "o['a'][1] == int(two) and o['b'] is None"), (0, ""))
        for wrong in ("o['a'] == []", "o['c'] == 1", "o == nothing"):
            self.assertEqual(self.run_test(text + wrong)[0], 1, wrong)
        self.assertEqual(self.run_test("run: echo '{'\njson: True")[0], 1)

    def test_it_goes_on_after_a_failure(self):
        status, said = self.run_test("run: echo a\nprints: b\nprints: c\nrun: false\nrun: true\n")
        self.assertEqual(status, 1)
        self.assertIn("a.test: 3 failures\n", said)

    def test_commands_of_several_lines(self):
        self.assertEqual(self.run_test("""\
            run: echo one \\
              two

            # A script.
            run:
              for i in 1 2; do
                echo $i

              done
            prints-lines: 2
            prints-line: 2
            """), (0, ""))

    def test_programs_and_variables(self):
        text = "run: mine -c 'echo $where'\nprints-line: here\n"
        self.assertEqual(self.run_test(text, "--program", "mine=/bin/sh", "--let", "where=here"),
                         (0, ""))
        status, _ = self.run_test(text, "--program", "mine=/bin/sh", "--let", "where=there")
        self.assertEqual(status, 1)

    def test_ctrl_c(self):
        text = """\
            file: waits
              import signal, sys, time
              def end(*_):
                  sys.exit(7)
              signal.signal(signal.SIGINT, end)
              open("written", "w").write("x")
              print("ready", flush=True)
              while True:
                  time.sleep(1)
            run: ctrl-c --once-written written "$python" waits
            exits: 7
            prints-line: ready
            run: ctrl-c true
            """
        self.assertEqual(self.run_test(text, "--let", f"python={os.path.realpath(sys.executable)}"),
                         (0, ""))

    def test_what_cannot_fail_or_be_read_is_refused(self):
        for text, why in (
                ("", "a.test: runs nothing"),
                ("file: a\n  b\n", "a.test: runs nothing"),
                ("run:\n", "a.test:1: run of nothing"),
                ("run: true\nprint: a\n", "a.test:2: expected one of "),
                ("run: true\nprints:\n", "a.test:2: prints nothing would always hold"),
                ("prints: a\nrun: true\n", "a.test:1: prints of no run"),
                ("run: true\nfile: a\nprints: a\n", "a.test:3: prints of no run"),
                ("run: true\nprints: {{(}}\n", "a.test:2: not a pattern: "),
                ("run: true\nprints: [[a]]\n", "a.test:2: there is no variable a"),
                ("run: true\nexits: one\n", "a.test:2: exits takes a number"),
                ("run: true\nprints-times: a\n", "a.test:2: prints-times takes a number"),
                ("run: true\nerrors: some\n", "a.test:2: errors are nothing or 1 line")):
            with self.subTest(text):
                status, said = self.run_test(text)
                self.assertEqual(status, 2)
                self.assertIn(why, said)


if __name__ == "__main__":
    unittest.main()
