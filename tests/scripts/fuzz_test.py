#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/fuzz: its tables and reports, and the action that runs it.

usage: fuzz_test.py SOURCE BUILD [TEST]...
"""
import contextlib
import io
import os
import re
import subprocess
import textwrap
import types
import unittest
import unittest.mock
import xml.etree.ElementTree

try:
    import yaml as yaml_module
except ImportError:
    yaml_module = None

from script_case import BUILD, SOURCE, Scratch, main
# pylint: disable=wrong-import-order
from lib import command, gatherfuzz, jobs, junit, subjects
from fuzzing import main as fuzz_main, table, target as fuzz_target


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "gatherfuzz")), "needs the command")
class Fuzz(Scratch):
    """scripts/fuzz, with engines that leave what they are told to."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("fuzz"))
        os.symlink(os.path.join(BUILD, "gatherfuzz"), self.path("gatherfuzz"))
        self.enterContext(contextlib.chdir(self.folder))

    def table(self, target, first, then="/dev/null", held_safe=None, executions=1000, memory="sc"):
        """What the table says of a target whose engine finds one file, and another one if it is to
        pass over what is excused, after so many executions. Returns the table, too."""
        self.write(f"fuzz/fuzz_{target}", textwrap.dedent(f"""\
            #!/bin/sh
            for argument; do
              case $argument in -artifact_prefix=*) prefix=${{argument#*=}} ;; esac
            done
            grep -qx 'excused [*]' "$GATHERFUZZ_KNOWN" && file={then} || file={first}
            [ "$GATHERFUZZ_MEMORY" = {memory} ] || exit 2
            echo "stat::number_of_executed_units: {executions}"
            [ -s $file ] || exit 0
            cp $file "$prefix"crash-1
            exit 77"""))
        os.chmod(self.path(f"fuzz/fuzz_{target}"), 0o755)
        session = fuzz_target.Session(f"out/{target}", self.folder, 1000, memory)
        jobs.run([fuzz_target.fuzz(session, "libfuzzer", target)], 1)
        if held_safe is not None:  # such a violation there is none of
            session.runs["libfuzzer", target].held_safe = held_safe
        with contextlib.redirect_stdout(io.StringIO()) as out:
            its = table.Table(session, [target.rsplit("_", 1)[0]])
            its.show("libfuzzer", target)
            its.show_alarm()
            its.show_hardly()
        return out.getvalue(), its

    def encoded(self, name, *lines):
        with open(os.path.join(SOURCE, "corpus", name), encoding="ascii") as file:
            head, _, rest = file.read().partition("\n")
        self.write("x.gather", "\n".join([head, *lines, rest]))
        subprocess.run(["./gatherfuzz", "encode", "x.gather", "-o", "x" + str(len(lines))],
                       check=True)
        return self.path("x" + str(len(lines)))

    def test_named_and_broken(self):
        said, its = self.table("own-range_x86", self.encoded("verdicts/own-range-x86.gather"))
        self.assertRegex(said, r"own-range +x86 +libfuzzer stale-after-return +1000 ")
        self.assertEqual((its.broken(True), its.broken(False)), ({"own-range_x86"}, set()))
        self.assertNotIn("!", said)
        self.assertEqual(its.judged(True, True), (1, "--fail: broken: own-range_x86"))
        self.assertEqual(its.judged(False, True), (0, ""))
        self.assertEqual(its.judged(True, False), (0, ""))

    def test_excused(self):
        """It says nothing against the policy, does not count, and is no end of fuzzing."""
        said, its = self.table("full-mm_x86", self.encoded("zoo/s1.gather"))
        self.assertRegex(said, r"full-mm +x86 +libfuzzer none found +2000 ")
        self.assertIn("\n  stale-after-return under kernel 6.17, which says nothing against it:\n"
                      "  ./gatherfuzz run out/crashes/full-mm_x86/crash-", said)
        self.assertEqual((its.broken(True), its.broken(False)), (set(), set()))

    def test_memory_models_are_those_of_the_model(self):
        with open(os.path.join(SOURCE, "model/machine/memory.h"), encoding="ascii") as file:
            models = re.search(r"kMemoryModels\[\] = {(.*)};", file.read())[1]
        self.assertEqual(re.findall(r'"(\w+)"', models), list(fuzz_main.MEMORIES))

    def test_riscv_has_no_other_memory(self):
        with contextlib.chdir(SOURCE):
            self.assertEqual(subjects.archs_that("only_sc"), ["riscv"])
            self.assertEqual(subjects.archs_unasked(), ["arm64", "x86"])
            with self.assertRaisesRegex(command.Problem, "of riscv there is sc only"):
                fuzz_main.read(["--arch", "x86,riscv", "--memory", "weak"])

    def test_weaker_memory(self):
        """What breaks under memory that was asked for is shown, and made small under that."""
        said, its = self.table("full-mm_arm64", self.encoded("memory/huge-look.gather"),
                               memory="weak")
        self.assertIn("under memory weak:\n", said)
        self.assertRegex(said, r"full-mm +arm64 +libfuzzer stale-after-return +1000 ")
        self.assertEqual((its.broken(True), its.broken(False)), ({"full-mm_arm64"}, set()))
        with open(re.search(r"run (out/crashes/\S+[.]gather)", said)[1], encoding="ascii") as file:
            self.assertIn("\nmemory weak\n", file.read())

    def test_broken_after_what_is_excused(self):
        said, its = self.table(
            "own-range_x86", self.encoded("verdicts/own-range-x86.gather", "kernel 6.17"),
            self.encoded("verdicts/own-range-x86.gather"))
        self.assertRegex(said, r"own-range +x86 +libfuzzer stale-after-return +2000 ")
        self.assertNotIn("kernel", said)
        self.assertEqual((its.broken(True), its.broken(False)), ({"own-range_x86"}, set()))

    def test_hardly_tested(self):
        """Of what had next to no executions nothing is known: under --fail that is no success."""
        self.write("corpus/a.gather", "gatherfuzz 1\nexpect none\n")
        self.write("corpus/b.gather", "gatherfuzz 1\nexpect none\n")
        said, its = self.table("full-mm_x86", "/dev/null", executions=1)
        self.assertRegex(said, r"full-mm +x86 +libfuzzer hardly tested +1 ")
        self.assertIn("fewer executions than the 2 schedules that a campaign begins\nwith; nothing "
                      "is known of it", said)
        self.assertLessEqual(max(map(len, said.splitlines())), 80)
        for named in (True, False):
            self.assertEqual(its.judged(named, True), (
                3, "--fail: hardly tested, so nothing is known of: full-mm_x86"))
            self.assertEqual(its.judged(named, False), (0, ""))
        suite = xml.etree.ElementTree.fromstring(junit.suite(list(its.cases(set())), 1))
        self.assertEqual((suite.get("failures"), suite.get("skipped")), ("0", "1"))
        self.assertEqual(suite.find("testcase/skipped").get("message"), "hardly tested")
        said, its = self.table("full-mm_arm64", "/dev/null", executions=2)
        self.assertRegex(said, r"full-mm +arm64 +libfuzzer none found +2 ")
        self.assertEqual(its.judged(True, True), (0, ""))

    def test_hardly_tested_and_not_held_safe(self):
        """Where no policy was named, --fail is about those that are held to be safe."""
        said, its = self.table("own-range_x86", "/dev/null", executions=0)
        self.assertRegex(said, r"own-range +x86 +libfuzzer hardly tested +0 ")
        self.assertEqual(its.judged(False, True), (0, ""))
        self.assertEqual(its.judged(True, True)[0], 3)

    def test_held_safe_and_broken(self):
        said, its = self.table("own-range_x86", self.encoded("verdicts/own-range-x86.gather"),
                               held_safe=True)
        self.assertIn(" stale-after-return! ", said)
        self.assertEqual(its.judged(False, True), (
            1, "--fail: broken although held to be safe: own-range_x86"))
        self.assertIn("\n! held to be safe there: a fault of the policy, the model or the oracle",
                      said)
        self.assertEqual(its.broken(False), {"own-range_x86"})
        self.assertLessEqual(max(len(line) for line in said.splitlines()
                                 if "gatherfuzz run" not in line), 80)


class Action(Scratch):
    """action.yml: what it runs, for what it is given."""

    def runs(self, **inputs):
        with open(os.path.join(SOURCE, "action.yml"), encoding="utf-8") as file:
            action = yaml_module.safe_load(file)
        given = {name: value["default"] for name, value in action["inputs"].items()}
        given.update(inputs)
        for script in ("replay", "fuzz"):
            self.write(f"scripts/{script}",
                       f'#!/bin/bash\nprintf "{script}"; printf " [%s]" "$@"; echo')
            os.chmod(self.path(f"scripts/{script}"), 0o755)
        said = ""
        for step in action["runs"]["steps"]:
            if step.get("if") == "inputs.replay == 'true'" and given["replay"] != "true":
                continue
            env = {name: re.sub(r"\${{ inputs\.(\w+) }}", lambda found: given[found[1]], value)
                   for name, value in step["env"].items()}
            said += subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], check=True,
                                   text=True, stdout=subprocess.PIPE,
                                   env={**os.environ, **env, "GITHUB_ACTION_PATH": self.folder}
                                   ).stdout
        return said.splitlines()

    def test_what_it_runs(self):
        if yaml_module is None:
            self.skipTest("needs python3-yaml")
        self.assertEqual(["replay []", "fuzz [--policy] [safe] [--time] [10] [--fail]"],
                         self.runs())
        self.assertEqual(
            ["replay [--kernel] [my linux]", "fuzz [--kernel] [my linux] [--time] [60] [--fail]"],
            self.runs(kernel="my linux", time="60"))
        self.assertEqual(
            ["replay [--junit] [a b-replay.xml]",
             "fuzz [--policy] [safe] [--time] [10] [--fail] [--junit] [a b.xml]"],
            self.runs(junit="a b.xml"))
        self.assertEqual(["fuzz [--policy] [$(touch x)] [--time] [10] [--fail]"],
                         self.runs(policy="$(touch x)", replay="false"))


class Replay(unittest.TestCase):
    def test_from_where_the_person_stands(self):
        for folder, line in (
                ("/a/repo", "build/gatherfuzz run 'out/my crashes/own-range_x86/crash-1'"),
                ("/a/repo/build",
                 "./gatherfuzz run '/a/repo/out/my crashes/own-range_x86/crash-1'"),
                ("/elsewhere", "/a/repo/build/gatherfuzz run "
                               "'/a/repo/out/my crashes/own-range_x86/crash-1'")):
            self.assertEqual(line, gatherfuzz.replay(
                "/a/repo/build/gatherfuzz", "/a/repo/out/my crashes/own-range_x86/crash-1", folder))

    def test_the_table_of_fuzz_fits_a_terminal(self):
        """Of every policy that there is: also of the longest names, and of the longest verdict."""
        names = ["own-range", "a-name-of-26-letters-or-so"]
        if os.path.exists(os.path.join(BUILD, "gatherfuzz")):
            published, planted, _ = gatherfuzz.listed(os.path.join(BUILD, "gatherfuzz"))
            names += [*published, *planted]
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            for policies in (["own-range"], names):
                session = types.SimpleNamespace(gatherfuzz="/a/gatherfuzz", memory="sc", runs={})
                its = table.Table(session, policies, "/a")
                with unittest.mock.patch.object(its, "_small", return_value="/a/crash"):
                    for name in policies:
                        session.runs["libfuzzer", name + "_arm64"] = types.SimpleNamespace(
                            kept="/a/crash", target=name + "_arm64", policy=name, arch="arm64",
                            said={"verdict": "stale-dirty-after-return"}, held_safe=True,
                            excused=None, executions=lambda: 10 ** 9, seconds=86400)
                        its.show("libfuzzer", name + "_arm64")
        lines = shown.getvalue().splitlines()
        self.assertEqual([line for line in lines if len(line) > 80], [])
        self.assertGreater(len(lines), 2 * len(names))

    def test_the_table_of_fuzz(self):
        """Below a line of it is what runs the file again."""
        shown = io.StringIO()
        session = types.SimpleNamespace(gatherfuzz="/a/build/gatherfuzz", memory="sc")
        with contextlib.redirect_stdout(shown):
            its = table.Table(session, ["own-range"], "/a")
            with unittest.mock.patch.object(its, "_small", return_value="/a/out/crash-1"):
                session.runs = {("afl", "own-range_x86"): types.SimpleNamespace(
                    kept="/a/out/crash-1", target="own-range_x86", policy="own-range",
                    arch="x86", said={"verdict": "deadlock"}, held_safe=False, excused=None,
                    executions=lambda: 7, seconds=1)}
                its.show("afl", "own-range_x86")
        self.assertTrue(shown.getvalue().endswith("  build/gatherfuzz run out/crash-1\n"),
                        shown.getvalue())
        self.assert_junit(list(its.cases({"own-range_x86"})), failures="1")
        self.assert_junit(list(its.cases({"full-mm_x86"})), failures="0")

    def assert_junit(self, cases, failures):
        """A policy that breaks is a failure where it was asked about, and else a note."""
        suite = xml.etree.ElementTree.fromstring(junit.suite(cases, 2))
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", failures))
        case = suite.find("testcase")
        self.assertEqual((case.get("classname"), case.get("name"), case.get("time")),
                         ("own-range", "x86 afl", "1.0"))
        said = case.find("failure" if failures == "1" else "system-out").text
        self.assertEqual(said, "deadlock\nbuild/gatherfuzz run out/crash-1\n")

    def test_junit_of_what_failed_in_another_way(self):
        text = junit.suite([junit.Case("a<b>", "x86", 0, "error", "\x1b[1m", "&\0")], 1, "all")
        suite = xml.etree.ElementTree.fromstring(text)
        self.assertEqual((suite.get("errors"), suite.find("testcase/error").text), ("1", "&?"))


if __name__ == "__main__":
    main()
