#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""recipes.py SOURCE BUILD COMPILER [LAUNCHER]: what docs/architecture.md says it takes to add
something is all that it takes, and the compiler names what is missing.

It copies the tree, adds each of RECIPES (a row of a table, and a file at most), builds the command
once, and uses what is new. Then it leaves out, one after another, what must not be left out
(MISTAKES), and looks at what the compiler says.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent

# What is added: its name, the table and its new row, the new file. No recipe has more than one of
# each.
RECIPES = [
    ("an operation", "model/kernel/ops.def",
     'GATHERFUZZ_OP(kMlock, "mlock", 40, MlockPath, .help = "changes nothing")',
     ("mlock.cc", "model/kernel/mlock.cc")),
    ("a step", "model/points.def",
     'GATHERFUZZ_POINT(vma_lock, 127, relaxed, "keep the pages of a VMA", .has_page = true, '
     ".touches = kTouchesNothing, .teaches = Teaches::kNothing)", None),
    ("a kind of violation", "model/violations.def",
     'GATHERFUZZ_VIOLATION(MlockOfNothing, "mlock-of-nothing", kBalance, kOrder, '
     '"a call locks pages that no VMA has", "{cpu} locks page {page}: {detail}.", '
     '"")', None),
    ("a strategy", "harness/search/strategies.def",
     'GATHERFUZZ_STRATEGY(kLowest, "lowest", MakeLowest, "the lowest that can move")',
     ("lowest.cc", "harness/search/lowest.cc")),
]
# From outside of the tree: GATHERFUZZ_EXTRA_POLICIES.
OUTSIDE = ["svade.cc"]

# What is wrong, where (file, what is replaced, by what), what is compiled, what the compiler says.
MISTAKES = [
    ("a step that does not say what it teaches",
     ("model/points.def", r", \.teaches = Teaches::kNothing\)\s*\Z", ")"),
     "harness/conflict.cc", "points.def: vma_lock does not say .teaches"),
    ("a step that does not say what it touches",
     ("model/points.def", r"\.touches = kTouchesNothing, (?=\.teaches = Teaches::kNothing\)\s*\Z)",
      ""), "harness/conflict.cc", "points.def: vma_lock does not say .touches"),
    ("a step with the byte code of another",
     ("model/points.def", r"vma_lock, 127", "vma_lock, 182"), "harness/bytes.cc",
     "has the byte code of another"),
    ("an operation with the byte code of another",
     ("model/kernel/ops.def", r'"mlock", 40', '"mlock", 11'), "harness/bytes.cc",
     "two operations of ops.def have one byte code"),
    ("a kind that does not say what it leaves",
     ("model/violations.def", r'mlock-of-nothing", kBalance, kOrder,',
      'mlock-of-nothing", kBalance,'), "harness/cause.cc",
     "too few arguments|GATHERFUZZ_VIOLATION"),
    ("a way to be about something that nobody tells",
     ("model/violation.h", r"  kBalance,\n", "  kBalance,\n  kNew,\n"),
     "triage/tell/explain/chain.cc", "enumeration value 'kNew' not (explicitly )?handled"),
    ("a new stale entry that nobody tells",
     ("model/violations.def", r'"mlock-of-nothing", kBalance', '"mlock-of-nothing", kLeaf'),
     "harness/cause.cc", "mlock-of-nothing is about a stale entry and does not say how it ends"),
]

SCHEDULE = """gatherfuzz 1
cpus 2
policy full-mm
arch {arch}

init
  map 0..4 rw
  present 0..4
  cached cpu1 0..4

cpu0
  mlock {range}
  dontneed 0..2

cpu1
  write 1
  mlock 0..1

order
  cpu0 until vma_lock
  rest {rest}
"""


def fail(text):
    print("FAILED:", text)
    sys.exit(1)


def run(words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          check=False, **more)


class Tree:
    def __init__(self, source, root, compiler, launcher):
        self.root, self.compiler, self.launcher = root, compiler, launcher
        names = run(["git", "-C", source, "ls-files", "-z", "--", "CMakeLists.txt", "model",
                     "harness", "explore", "triage", "command", "packaging", "bench",
                     "fuzz"])
        for name in filter(None, names.stdout.split("\0")):
            if (source / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / name, root / name)

    def add_recipes(self):
        for what, table, row, file in RECIPES:
            assert "\n" not in row, what
            with open(self.root / table, "a", encoding="utf-8") as out:
                out.write(row + "\n")
            if file:
                shutil.copy(HERE / file[0], self.root / file[1])

    def build(self):
        outside = ";".join(str(HERE / name) for name in OUTSIDE)
        out = self.root / "build"
        made = run(["cmake", "-S", self.root, "-B", out, "-G", "Ninja", "-DGATHERFUZZ_TESTS=OFF",
                    "-DGATHERFUZZ_TARGETS=OFF", "-DGATHERFUZZ_BENCH=OFF", "-DCMAKE_BUILD_TYPE=None",
                    "-DCMAKE_CXX_FLAGS=-O1", f"-DCMAKE_CXX_COMPILER={self.compiler}",
                    f"-DCMAKE_CXX_COMPILER_LAUNCHER={self.launcher}",
                    f"-DGATHERFUZZ_EXTRA_POLICIES={outside}"])
        if made.returncode == 0:
            made = run(["ninja", "-C", out, "gatherfuzz"])
        if made.returncode != 0:
            fail("the build: " + "\n".join((made.stdout + made.stderr).splitlines()[-30:]))
        return out / "gatherfuzz"

    def compile(self, name):
        return run([self.compiler, "-std=c++20", "-fsyntax-only", "-Werror=switch",
                    "-Werror=switch-enum", "-I", self.root, self.root / name])


class User:
    """Uses what is new."""

    def __init__(self, program, scratch, corpus):
        self.program, self.scratch, self.corpus = program, scratch, corpus

    def expect(self, status, pattern, *words):
        got = run([self.program, *words], cwd=self.scratch)
        if got.returncode != status or not re.search(pattern, got.stdout + got.stderr):
            fail(f"gatherfuzz {' '.join(map(str, words))}: status {got.returncode}, expected "
                 f"{status} and '{pattern}':\n{got.stdout}{got.stderr}")

    def write(self, name, **parts):
        (self.scratch / name).write_text(SCHEDULE.format(**parts), encoding="utf-8")

    def all(self):
        self.expect(0, "svade +SFENCE.VMA", "policies")
        for arch in ("x86", "svade"):
            for rest in ("", "lowest 1", "pct 3"):
                self.write("good.gather", arch=arch, range="0..2", rest=rest)
                self.expect(0, "none", "run", "good.gather")
        self.expect(0, r"vma_lock\(0\)", "run", "--trace", "good.gather")
        self.expect(0, "every order", "explore", "good.gather")
        self.expect(0, "", "explore", "--verify", "good.gather")
        self.expect(0, "", "encode", "good.gather", "-o", "good.bytes")
        self.expect(0, r"mlock 0\.\.2[^$]*until vma_lock", "show", "good.bytes", "--policy",
                    "full-mm", "--arch", "svade")
        self.write("bad.gather", arch="svade", range="8..9", rest="")
        self.expect(1, "mlock-of-nothing", "run", "bad.gather")
        self.expect(1, "cpu0 locks page 8: nothing is mapped there", "explain", "bad.gather")
        self.expect(0, r"signature mlock-of-nothing[^$]*cpu0\n  mlock 0\.\.1\n", "minimize",
                    "bad.gather")
        self.expect(1, "own-range, svade", "search", "--policy", "own-range", "--arch", "svade",
                    "--executions", "20000", "--strategy", "pct")
        self.expect(0, "all as expected", "run", "--check", "--policy", "all", "--arch", "x86",
                    self.corpus)


def try_mistakes(tree):
    for what, (name, wrong, instead), compiled, says in MISTAKES:
        path = tree.root / name
        right = path.read_text(encoding="utf-8")
        changed, times = re.subn(wrong, instead, right, count=0)
        if times != 1:
            fail(f"{what}: {name} has '{wrong}' {times} times")
        if tree.compile(compiled).returncode != 0:
            fail(f"{compiled} does not compile")
        path.write_text(changed, encoding="utf-8")
        got = tree.compile(compiled)
        path.write_text(right, encoding="utf-8")
        if got.returncode == 0 or not re.search(says, got.stderr):
            fail(f"{what}: {compiled} should not compile and say '{says}':\n{got.stderr[:2000]}")


def main():
    source, compiler = pathlib.Path(sys.argv[1]), sys.argv[3]
    launcher = sys.argv[4] if len(sys.argv) > 4 else ""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        tree = Tree(source, root / "tree", compiler, launcher)
        tree.add_recipes()
        try_mistakes(tree)
        scratch = root / "scratch"
        os.mkdir(scratch)
        User(tree.build(), scratch, source / "corpus").all()
    for what, table, _, file in RECIPES:
        print(f"{what}: one line of {table}" + (f" and {file[1]}" if file else ""))
    print("an architecture: one file outside of the tree")


if __name__ == "__main__":
    main()
