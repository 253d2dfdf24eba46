#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which architectures, kernel trees, seeds and tests a script takes.

usage: targets_test.py SOURCE BUILD [TEST]...
"""
import contextlib
import glob
import io
import os
import subprocess
import unittest
import unittest.mock

from script_case import BUILD, SOURCE, Scratch, main
# pylint: disable=wrong-import-order
import gating
from kernel_trees import unpacking
from lib import command, gatherfuzz, subjects
from lib.subjects import clean_schedules, is_clean
from testing import changes, listing, times


class Unpacking(Scratch):
    def test_a_tree_that_lacks_a_file_is_unpacked_again(self):
        for name in ("mm/one.c", "mm/two.c"):
            self.write(f"linux-source-6.99/{name}", name)
        package = self.path("package.tar.xz")
        subprocess.run(["tar", "-cJf", package, "-C", self.folder, "linux-source-6.99"], check=True)
        os.utime(package, (1, 1))
        to = self.path("to")
        for files, whole in ((["mm/one.c"], 1), (["mm/one.c"], 0), (["mm/one.c", "mm/two.c"], 1)):
            with (unittest.mock.patch.object(unpacking, "tarball", lambda _: package),
                  unittest.mock.patch.object(unpacking, "gather_files", lambda _, f=files: f),
                  unittest.mock.patch.object(unpacking, "all_kernel_archs", lambda: []),
                  contextlib.redirect_stderr(io.StringIO()) as said):
                self.assertEqual(unpacking.unpack("6.99", to), to)
            self.assertEqual(said.getvalue().count("unpacking"), whole, files)
            for name in files:
                self.assertTrue(os.path.isfile(f"{to}/{name}"), name)


class Architectures(Scratch):
    """A third one is not passed over."""

    def test_gate_takes_those_that_there_are(self):
        violation = "gatherfuzz 1\nexpect stale-after-return # why\n"
        self.write("own-range/x86/a.gather", violation)
        self.write("own-range/riscv/a.gather", "gatherfuzz 1\nexpect none\n")
        self.write("own-range/riscv/b.gather", violation)
        self.write("planted/canary/riscv/a.gather", violation)
        self.write("planted/canary/x86/a.gather",
                   "gatherfuzz 1\nexpect none\nexpect stale-after-return under canary\n")
        found = [(policy, arch, os.path.basename(file)) for policy, arch, file in
                 gating.defects(["x86", "riscv"], self.folder)]
        self.assertEqual(found, [("own-range", "riscv", "b.gather"),
                                 ("own-range", "x86", "a.gather"),
                                 ("canary", "riscv", "a.gather")])

    def test_the_gate_asks_for_each(self):
        """tests/command/gate.sh, of a command that has one more than tests/command/gate.txt."""
        self.write("gatherfuzz", f"""#!/bin/sh
            case $1 in
              policies) '{BUILD}/gatherfuzz' policies | sed 's/^architectures:/&\\n  riscv  new/' ;;
              *) exit 1 ;;
            esac\n""")
        os.chmod(self.path("gatherfuzz"), 0o755)
        gate, = glob.glob(f"{SOURCE}/tests/**/gate.sh", recursive=True)
        said = subprocess.run([gate, self.path("gatherfuzz"), SOURCE], stdout=subprocess.PIPE,
                              text=True, check=False).stdout
        self.assertIn("riscv is not in tests/command/gate.txt; run scripts/gate", said)

    def test_names_of_files(self):
        names = subjects.names(["model/arch/arch.cc", "model/arch/riscv.cc", "a/full_mm.cc"])
        self.assertEqual(names, ["riscv", "full-mm"])


class KernelTrees(Scratch):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(SOURCE)
        self.tree, = glob.glob(f"{SOURCE}/tests/**/kernel_tree/", recursive=True)
        self.tree = self.tree.rstrip("/")

    def test_names_and_paths(self):
        trees = subjects.Trees(["a=" + os.path.basename(self.tree), "b=" + self.tree], ["SMP=y"],
                               os.path.dirname(self.tree))
        self.assertEqual(trees.policies, ["linux@a", "linux@b"])
        self.assertEqual(trees.items, [f"a={self.tree}", f"b={self.tree}"])
        targets = subjects.Targets([], ["x86"], trees)
        self.assertEqual(targets.names, ["linux@a_x86", "linux@b_x86"])

    def test_what_is_wrong(self):
        for items, config, message in (
                ([self.tree, self.tree], [], "two trees are 'linux'"),
                (["/nowhere"], [], "no kernel tree at /nowhere"),
                ([self.tree], ["mips:SMP=y"], "--config: "),
                ([], ["SMP=y"], "--config is of a kernel tree")):
            with self.assertRaisesRegex(command.Problem, message):
                subjects.Trees(items, config, SOURCE)


class StoredForTrees(Scratch):
    def test_what_a_tree_does_not_run_is_left_out(self):
        for name, line in (("plain", "cpus 2"), ("later", "kernel 6.17"), ("weak", "memory weak")):
            self.write(f"corpus/a/{name}.gather", f"gatherfuzz 1\n{line}\n")
        with contextlib.chdir(self.folder):
            self.assertEqual(subjects.stored_for_trees(), ["corpus/a/plain.gather"])


class Seeds(Scratch):
    """Of a campaign: what of the corpus breaks nothing that must not break."""

    def test_what_a_file_says(self):
        head = "gatherfuzz 1\npolicy own-range\n"
        for lines, clean in (("expect none\n", True), ("expect none  # why\n", True),
                             ("expect none #why\r\n", True), ("", False),
                             ("expect deadlock\n", False), ("expect none under full-mm\n", False),
                             ("expect none\nexpect deadlock under full-mm\n", True),
                             ("intent as expect none\n", False), ("# expect none\n", False),
                             ("expect none\nkernel 6.17\n", False),
                             ("kernel 7.1 # new\nexpect none\n", False),
                             ("memory weak\nexpect none\n", False),
                             ("expect none\ncpu0\n  munmap 0..1\n  exit\n", False),
                             ("intent kernel 6.17 has it\nexpect none\n", True)):
            self.assertEqual(is_clean((head + lines).splitlines(True)), clean, lines)

    def test_of_the_corpus(self):
        binary = os.path.join(BUILD, "gatherfuzz")
        if not os.path.exists(binary):
            self.skipTest("needs the command")
        files = []
        for number, path in enumerate(clean_schedules(os.path.join(SOURCE, "corpus"))):
            files.append(self.path(str(number)))
            subprocess.run([binary, "encode", path, "-o", files[-1]], check=True,
                           stdout=subprocess.DEVNULL)
        self.assertGreater(len(files), 100)
        for target in gatherfuzz.safe_targets(binary):
            policy, arch = target.rsplit("_", 1)
            ran = subprocess.run([binary, "run", "--policy", policy, "--arch", arch, "--expect",
                                  "none", *files], stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(ran.returncode, 0, target + "\n" + ran.stdout)


class WhichTests(Scratch):
    def test_patterns_of_long_tests_are_of_files_that_there_are(self):
        """A file that has moved would not be missed otherwise."""
        files = []
        for parent, folders, names in os.walk(SOURCE):
            folders[:] = [name for name in folders if name not in ("build", "out", ".git")]
            files += [os.path.relpath(os.path.join(parent, name), SOURCE) for name in names]
        os.chdir(SOURCE)
        tests = [test for test in listing.tests(BUILD) if test.long]
        self.assertIn("campaign_kills", [test.name for test in tests])
        for test in tests:
            self.assertTrue(test.patterns, test.name)
            for pattern in test.patterns:
                one = test._replace(patterns=(pattern,))
                self.assertTrue(changes.concern(one, files), f"{test.name}: {pattern}")

    def test_changes(self):
        test = listing.Test("t", True, ("fuzz/*", "tests/*t_test.py"), 1, 1.0)
        for files, concerned in ((["fuzz/a/b.cc"], True), (["docs/fuzz/a"], False), ([], False),
                                 (["tests/scripts/t_test.py"], True), (None, True)):
            self.assertEqual(changes.concern(test, files), concerned, files)

    def test_duration(self):
        tests = [listing.Test("t", False, (), processors, seconds)
                 for processors, seconds in ((1, 120), (2, 60), (8, 60))]
        self.assertEqual(times.about(tests, 2), "about 3 min on 2 cores with nothing else to do")
        self.assertTrue(times.about(tests[:1], 8).startswith("about 2 min"))
        self.assertTrue(times.about([], 1).startswith("less than a minute on 1 core "))


if __name__ == "__main__":
    main()
