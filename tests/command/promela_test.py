#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A second opinion: SPIN on what `gatherfuzz export --promela` writes, beside `gatherfuzz explore`.

usage: promela_test.py GATHERFUZZ SOURCE_FOLDER COUNT
Draws COUNT programs, the same each time, under policies that are broken and policies that are safe,
and has both say whether some order violates. Exit status: 77 if there is no spin or no C compiler.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

GATHERFUZZ, SOURCE, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
COMPILER = next(filter(shutil.which, ("gcc", "gcc-12", "clang-19")), None)
MAIL = os.path.join(SOURCE, "corpus", "00-the-mail.gather")
BROKEN = ("own-range", "need-flush-all", "sync-before-dec", "full-mm-leaf", "reset-range")
SAFE = ("widen-range", "force-levels", "full-mm", "sync-finish", "epoch-sync")  # within the limits
MOST_CALLS = 3  # a policy that waits can starve beyond that, which the model has not
MEGABYTES = 2000


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def pages(draw):
    """A range, more often a long one: two calls race where theirs overlap."""
    return draw.choice(((0, 4), (0, 4), (1, 4), (0, 3), (1, 3), (0, 2), (2, 4), (1, 2), (3, 4)))


def program(draw):
    """The text of a schedule: few pages, few calls, walkers at times."""
    cpus = draw.choice((2, 2, 2, 3))
    lines = ["gatherfuzz 1", f"cpus {cpus}", f"policy {draw.choice((*BROKEN, *BROKEN, *SAFE))}",
             f"arch {draw.choice(('x86', 'arm64', 'arm64'))}",
             f"batch {draw.choice((1, 2, 4, 4))}", "init"]
    maps = draw.choice(([(0, 4)], [(0, 4)], [(0, 4)], [(0, 2), (2, 4)], [(0, 1), (2, 4)]))
    lines += [f"  map {begin}..{end} rw" for begin, end in maps]
    if draw.random() < 0.95:
        lines.append("  present {}..{}".format(*draw.choice(((0, 4), (0, 4), (0, 4), (1, 3)))))
    for cpu in range(cpus):
        if draw.random() < 0.8:
            lines.append("  cached cpu{} {}..{}".format(cpu, *pages(draw)))
    calls = 0
    for cpu in range(cpus):
        lines.append(f"cpu{cpu}")
        for at in range(1 if cpus == 3 else draw.choice((1, 1, 2))):
            kind = draw.choices(("dontneed", "munmap", "read"), (9, 2, 4 * at))[0]
            kind = kind if calls < MOST_CALLS else "read"
            calls += kind != "read"
            lines.append(f"  read {draw.randrange(4)}" if kind == "read" else
                         "  {} {}..{}".format(kind, *pages(draw)))
    if draw.random() < 0.4:
        lines += [f"walk{draw.randrange(cpus)}", f"  fill {draw.randrange(4)}"]
    return "\n".join([*lines, "order", "  rest", ""])


class SecondOpinion(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def explored(self, path):
        """Whether some order violates, after every order."""
        said = json.loads(run(GATHERFUZZ, "explore", "--json", path).stdout)
        self.assertIn(said["stopped"], ("", "stopped at the first violation"), said)
        return said["verdict"] != "none"

    def exported(self, path):
        model = run(GATHERFUZZ, "export", "--promela", path)
        self.assertEqual(model.returncode, 0, model.stderr)
        return model.stdout

    def spun(self, model):
        """The same by SPIN: an assertion that fails, or a thread that cannot go on."""
        with open(os.path.join(self.folder, "model.pml"), "w", encoding="ascii") as file:
            file.write(model)
        for words in (["spin", "-a", "model.pml"],
                      [COMPILER, "-w", "-O0", "-DSAFETY", f"-DMEMLIM={MEGABYTES}", "-o", "pan",
                       "pan.c"]):
            made = run(*words, cwd=self.folder)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        said = run("./pan", "-n", "-m1000000", "-w22", cwd=self.folder).stdout
        for limit in ("max search depth too small", "out of memory", "aborting"):
            self.assertNotIn(limit, said)
        return int(re.search(r"errors: (\d+)", said)[1]) != 0

    def test_random_programs(self):
        draw = random.Random(1905)
        path = os.path.join(self.folder, "program.gather")
        broken = 0
        for number in range(COUNT):
            text = program(draw)
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            explored = self.explored(path)
            self.assertEqual(self.spun(self.exported(path)), explored, f"program {number}:\n{text}")
            broken += explored
        self.assertGreaterEqual(broken, COUNT // 5)
        self.assertGreaterEqual(COUNT - broken, COUNT // 5)

    def test_it_can_disagree(self):
        """Of a model in which the merged fix does not see other gathers, SPIN finds the race."""
        model = run(GATHERFUZZ, "export", "--promela", "--policy", "full-mm", MAIL).stdout
        self.assertFalse(self.spun(model))
        blind = model.replace("yes = tlb_flush_pending > 1", "yes = 0")
        self.assertNotEqual(blind, model)
        self.assertTrue(self.spun(blind))


if __name__ == "__main__":
    if not shutil.which("spin") or not COMPILER:
        print("no spin, or no C compiler: not tested")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
