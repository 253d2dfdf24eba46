#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""From a patch to a verdict, on a tree that is no kernel's (tests/model/kernel_tree).

usage: patching_test.py SOURCE BUILD [TEST]...
"""
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "scripts"))
# pylint: disable=wrong-import-position
from lib.command import Problem
from patching import confine, mails, tell

GATHER = "mm/mmu_gather.c"
NESTED = "  if (mm_tlb_flush_nested(tlb->mm)) tlb->fullmm = 1;\n"
WORSE = 10
GIT = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
       "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def state_of(folder):
    """All that is there: names, times, contents."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[path] = (os.stat(path).st_mtime_ns, hashlib.sha1(file.read()).hexdigest())
    return found


class Trees(unittest.TestCase):
    """A git repository of the tree, and what makes patches of it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.tree = self.scratch + "/tree"
        subprocess.run(["cp", "-r", f"{SOURCE}/tests/model/kernel_tree", self.tree], check=True)
        self.git("init", "-q")
        self.commit("the tree")

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.tree, check=True, text=True,
                              stdout=subprocess.PIPE, env={**os.environ, **GIT}).stdout

    def commit(self, subject):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)

    def edit(self, old, new, file=GATHER):
        text = read(f"{self.tree}/{file}")
        self.assertIn(old, text)
        write(f"{self.tree}/{file}", text.replace(old, new, 1))

    def series(self, *edits, name="series.mbox"):
        """An mbox of a commit for each edit (subject, old, new[, file]); the tree is as before."""
        for subject, *edit in edits:
            self.edit(*edit)
            self.commit(subject)
        write(f"{self.scratch}/{name}",
              self.git("format-patch", "--cover-letter", "--stdout", f"HEAD~{len(edits)}"))
        self.git("reset", "-q", "--hard", f"HEAD~{len(edits)}")
        return name

    def script(self, name, *arguments):
        """In the scratch folder."""
        return subprocess.run(
            [f"{SOURCE}/scripts/{name}", *arguments], cwd=self.scratch, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, check=False, env=self.environment())

    def environment(self):
        return {**os.environ, "GATHERFUZZ_COMMAND": f"{BUILD}/gatherfuzz",
                "GATHERFUZZ_BUILD": self.scratch + "/build"}

    def fuzz(self, *arguments):
        return self.script("fuzz", "--kernel", "tree", "--executions", "2000", "--patch",
                           *arguments)


BREAKS = ("mm: no flush of others", NESTED, "")
OUT = "work/unfinished/out"  # what scripts/watch calls its own folders, too
WORD = ("mm: a word", "static void", "/* a <b> */\nstatic void")
RENAMES = ("mm: rename", "static void reset(", "static void clear_all(")


class Patches(Trees):
    def test_for_the_worse(self):
        patch, before = self.series(BREAKS), state_of(self.tree)
        ran = self.fuzz(patch, "--junit", "junit.xml")
        self.assertEqual(ran.returncode, WORSE, ran.stderr + ran.stdout)
        self.assertEqual(before, state_of(self.tree))
        self.assertTrue(ran.stdout.isascii())
        self.assertLessEqual(max(len(line) for line in ran.stdout.splitlines()
                                 if not line.startswith(("replay: ", "page: "))), 72)
        for arch in ("x86", "arm64"):
            self.assertRegex(ran.stdout, f"{arch}: CHANGED FOR THE WORSE: none before")
        self.assertRegex(ran.stdout, r"(?m)^ *\d+ +pending_inc = 1$")
        self.assertIn("compiled and run", ran.stdout)
        self.assertNotIn("not seen", ran.stdout)
        for line in re.findall(r"^replay: (.*)", ran.stdout, re.M):
            self.assertEqual(subprocess.run(line, shell=True, cwd=self.scratch, check=False,
                                            stdout=subprocess.DEVNULL).returncode, 1, line)
        for page in re.findall(r"^page: +(.*)", ran.stdout, re.M):
            self.assertIn("<html", read(os.path.join(self.scratch, page)))
        junit = xml.etree.ElementTree.parse(self.scratch + "/junit.xml").getroot()
        self.assertEqual((junit.get("tests"), junit.get("failures")), ("2", "2"))

    def test_harmless(self):
        order = ("order", "tlb->start = ~0ul;\n  tlb->end = 0;",
                 "tlb->end = 0;\n  tlb->start = ~0ul;")
        for number, edit in enumerate((RENAMES, WORD, order)):
            if edit is RENAMES:
                self.edit("static void reset(", "static void clear_all(")
                text = read(f"{self.tree}/{GATHER}").replace("reset(tlb)", "clear_all(tlb)")
                write(f"{self.tree}/{GATHER}", text)
                write(f"{self.scratch}/{number}", self.git("diff"))
                self.git("checkout", "-q", ".")
            else:
                self.series(edit, name=str(number))
            ran = self.fuzz(str(number), "--arch", "x86", "--json")
            self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
            answer = json.loads(ran.stdout)
            self.assertFalse(answer["worse"])
            self.assertGreater(answer["archs"][0]["states"]["after"], 1000)
            self.assertEqual(answer["hunks"][0]["state"],
                             "no code" if edit is WORD else "compiled and run")

    def test_series(self):
        """Which patch of it began it, also where a later one mends it."""
        mended = ("mm: again", "void tlb_finish_mmu(struct mmu_gather* tlb) {\n",
                  "void tlb_finish_mmu(struct mmu_gather* tlb) {\n" + NESTED)
        ran = self.fuzz(self.series(WORD, BREAKS, mended), "--arch", "x86")
        self.assertEqual(ran.returncode, WORSE, ran.stderr + ran.stdout)
        self.assertIn("since patch 2 of 3 (mm: no flush of others), and not at the end",
                      " ".join(ran.stdout.split()))

    def test_riscv(self):
        """Judged where a patch touches it, or where it is named."""
        tlb_h = "arch/riscv/include/asm/tlb.h"
        self.series(("riscv: no tables", " || tlb->freed_tables", "", tlb_h))
        ran = self.fuzz("series.mbox")
        self.assertEqual(ran.returncode, WORSE, ran.stderr + ran.stdout)
        self.assertIn("tree (x86, arm64, riscv):", " ".join(ran.stdout.split()))
        for arch in ("x86", "arm64"):
            self.assertIn(f"{arch}: no verdict changed", ran.stdout)
        self.assertIn("riscv: CHANGED FOR THE WORSE: none before, freed-table-cached after",
                      ran.stdout)
        self.series(("riscv: a word", "static", "/* a */ static", tlb_h), name="named.mbox")
        ran = self.fuzz("named.mbox", "--arch", "riscv", "--config", "riscv:GATHERFUZZ_SBI=y")
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertIn("tree (riscv):", " ".join(ran.stdout.split()))

    def test_hunks(self):
        """What is run, only compiled, not seen."""
        write(self.tree + "/mm/mprotect.c", "int mprotect;\n")
        flush = "void tlb_flush_mmu("
        self.edit(flush, "int never(int a) {\n  return a;\n}\n\n" + flush)
        self.commit("more")
        self.series(("one", "return a;", "return a + 1;"),
                    ("two", "int m", "long m", "mm/mprotect.c"),
                    ("three", '"tlbi "', '"TLBI "', "arch/arm64/include/asm/tlbflush.h"),
                    ("four", "#include <not", "#include <none", "include/linux/mm_inline.h"),
                    ("five", ">= 2", "> 1", "include/linux/mm_inline.h"))
        ran = self.fuzz("series.mbox", "--json", "--arch", "arm64")
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertEqual(
            [hunk["state"] for hunk in json.loads(ran.stdout)["hunks"]],
            ["compiled, not run", "not seen", "not seen", "not seen", "compiled and run"])

    def expect_error(self, content, pattern):
        write(self.scratch + "/bad", content)
        ran = self.fuzz("bad")
        self.assertEqual(ran.returncode, 2, ran.stdout)
        self.assertRegex(ran.stderr, pattern)
        self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)

    def test_errors(self):
        diff = "--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-x\n+y\n"
        for content, pattern in (
                ("", "bad is empty"), ("words\n", "no diff in bad"),
                ("From: a@b\nSubject: s\n\nwords\n", "no diff in bad"),
                (diff.format("../../etc/passwd"), r"the path '\.\./\.\./etc/passwd' is outside"),
                (diff.format("/etc/passwd"), "the path '/etc/passwd' is outside"),
                (diff.format(".git/config"), r"the path '\.git/config' is outside"),
                ("diff --git a/x b/x\nnew file mode 120000\n" + diff.format("x"), "links"),
                (diff.format(GATHER), "bad does not apply to .*/tree: patch failed: " + GATHER),
                (diff.format("mm/none.c"), "bad does not apply to .*/tree: mm/none.c: No such")):
            self.expect_error(content, pattern)
        self.series(("mm: odd", "reset(tlb);\n  inc", "rest(tlb);\n  inc"), name="bad")
        self.expect_error(
            read(self.scratch + "/bad"),
            rf"with bad:2 \(mm: odd\), .* does not build for x86: {GATHER}:\d+:.*rest")
        self.assertEqual(glob.glob(self.scratch + "/build/kernel-objects/*/tree.so*/"), [])

    def test_what_breaks_out(self):
        """The compiler sees no file of the user's, and code that runs has none, and no network."""
        if confine.kind() != "bubblewrap":
            self.skipTest("bubblewrap does not work here")
        write(self.scratch + "/secret", "#define SECRET 1\n")
        self.series(("mm: odd", "#include <asm/tlb.h>",
                     f'#include <asm/tlb.h>\n#include "{self.scratch}/secret"'), name="bad")
        self.expect_error(read(self.scratch + "/bad"), "'.*/secret' file not found")

    def test_without_walls(self):
        """Where bubblewrap does not work, the answer says so."""
        write(self.scratch + "/bwrap", "#!/bin/sh\nexit 1\n")
        os.chmod(self.scratch + "/bwrap", 0o755)
        usual = self.environment
        self.environment = lambda: {**usual(), "PATH": self.scratch + ":" + os.environ["PATH"]}
        ran = self.fuzz(self.series(WORD), "--arch", "x86")
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertIn("Not confined: bubblewrap does not work here", ran.stdout)


class Mails(Trees):
    def test_kinds(self):
        self.series(BREAKS, RENAMES)
        found = mails.read_patches([self.scratch + "/series.mbox"], "/")
        self.assertEqual([patch.subject for patch in found], [BREAKS[0], RENAMES[0]])
        self.assertEqual([file.path for file in found[0].files], [GATHER])
        hunk, = found[0].files[0].hunks
        self.assertEqual((len(hunk.removed), hunk.added), (1, []))
        self.assertEqual(read(f"{self.tree}/{GATHER}").splitlines()[hunk.removed[0] - 1] + "\n",
                         NESTED)
        with self.assertRaisesRegex(Problem, "cannot read /nowhere"):
            mails.read_patches(["/nowhere"], "/")

    def test_narrow(self):
        rows = [" step  cpu0" + " " * 60 + "cpu1", "       dontneed 1..2:",
                "    1   pte_read(1)", "    2" + " " * 66 + " pte_clear(1)", "    ... 3 steps"]
        self.assertEqual(tell.narrow(["words " * 20, "", *rows])[2:],
                         ["", " step cpu0            cpu1", "      dontneed 1..2:",
                          "    1  pte_read(1)", "    2                  pte_clear(1)",
                          "      ... 3 steps"])

    def test_narrow_keeps_what_is_long(self):
        rows = [" step  cpu0", "       dontneed 1..2:",
                "   14   [walk] walk_pte(3) fills TLB, mapping 1  <- old: none since step 9",
                "          (cpu0)", "   15   tlb_flush_done(3)", "", "excused: nothing is said"]
        self.assertEqual(tell.narrow(rows)[2:],
                         [" step cpu0, each two columns to the right of the one before",
                          "      dontneed 1..2:",
                          "   14  [walk] walk_pte(3) fills TLB, mapping 1  <- old: none since step",
                          "        9 (cpu0)", "   15  tlb_flush_done(3)"])


class Bisect(Trees):
    def test_thirty_commits(self):
        for number in range(1, 31):
            if number == 14:  # a time in which it does not build, and which bisection comes to
                self.edit("reset(tlb);\n  inc", "rest(tlb);\n  inc")
            if number == 17:
                self.edit("rest(tlb);\n  inc", "reset(tlb);\n  inc")
            if number == 19:
                self.edit(NESTED, "")
            write(f"{self.tree}/other", str(number))
            self.commit(f"commit {number}")
        write(f"{self.tree}/{GATHER}", "the user's own edit")
        before = state_of(self.tree)
        schedule = f"{SOURCE}/corpus/00-the-mail.gather"
        ran = self.script("bisect", "--kernel", "tree", "HEAD~30", "HEAD", schedule)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertIn("commit 19\n", ran.stdout)
        self.assertEqual(before, state_of(self.tree))
        ran = self.script("bisect", "--kernel", "tree", "HEAD~5", "HEAD", schedule)
        self.assertEqual(ran.returncode, 2)
        self.assertRegex(ran.stderr, "HEAD~5 is not good: the schedule violates there")
        ran = self.script("bisect", "--kernel", "tree", "HEAD~30", "nothing", schedule)
        self.assertRegex(ran.stderr, "nothing is no commit of the repository")


class Watch(Trees):
    def watch(self, *more):
        return ["watch", "--kernel", "tree", "--out", OUT, "--executions", "2000", "--arch",
                "x86", *more, "patches", "--once"]

    def about(self):
        found = [json.loads(read(path))
                 for path in glob.glob(self.scratch + f"/{OUT}/patches/*/about.json")]
        return {each["name"]: each for each in found}

    def test_each_once_and_after_a_kill(self):
        os.mkdir(self.scratch + "/patches")
        self.series(BREAKS, name="patches/1-breaks")
        self.series(WORD, name="patches/2-word")
        write(self.scratch + "/patches/3-climbs", "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-x\n+y\n")
        write(self.scratch + "/patches/4-huge", "x" * (mails.MOST_BYTES + 1))
        os.symlink("/etc/passwd", self.scratch + "/patches/5-link")
        os.mkfifo(self.scratch + "/patches/6-pipe")
        with subprocess.Popen([f"{SOURCE}/scripts/{self.watch()[0]}", *self.watch()[1:]],
                              cwd=self.scratch, env=self.environment(), stdout=subprocess.DEVNULL,
                              start_new_session=True) as first:
            while not glob.glob(self.scratch + f"/{OUT}/unfinished/*"):
                time.sleep(0.05)
            os.killpg(first.pid, signal.SIGKILL)
        self.assertEqual(self.about(), {})
        ran = self.script(*self.watch())
        self.assertEqual(ran.returncode, 0, ran.stderr)
        about = self.about()
        self.assertEqual(sorted(about), ["1-breaks", "2-word", "3-climbs", "4-huge"])
        self.assertEqual([about[name]["verdict"] for name in sorted(about)],
                         ["changed for the worse", "no verdict changed", "not judged",
                          "not judged"])
        index = read(self.scratch + f"/{OUT}/index.html")
        self.assertEqual(len(re.findall("<tr><td>", index)), 4)
        # What answers name is where they say, from OUT or by its whole path.
        named = {path for file in glob.glob(self.scratch + f"/{OUT}/patches/*/answer.*")
                 for path in re.findall(r'[^\s"]+/[0-9a-f]{40}/[^\s"]+', read(file))}
        self.assertTrue(named)
        for path in named:
            self.assertTrue(os.path.exists(os.path.join(self.scratch, OUT, path)), path)
        self.assertEqual(os.listdir(self.scratch + f"/{OUT}/unfinished"), [])
        self.assertFalse(glob.glob(self.scratch + f"/{OUT}/**/mmu_gather.c", recursive=True))
        before = state_of(self.scratch + f"/{OUT}/patches")
        self.script(*self.watch())
        self.assertEqual(before, state_of(self.scratch + f"/{OUT}/patches"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
