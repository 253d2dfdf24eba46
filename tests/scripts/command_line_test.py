#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Command lines: flags, lists, times, names of policies, and what is wrong with them.

usage: command_line_test.py SOURCE BUILD [TEST]...
"""
import contextlib
import io
import itertools
import os
import re
import subprocess
import tempfile
import types
import unittest

from script_case import BUILD, SOURCE, Scratch, main
# pylint: disable=wrong-import-order
import campaigns.command
import campaigns.main
import fuzzing.main
import measuring.options
import mutation.main
import testing.main
from lib import command, gatherfuzz, subjects
from fuzzing import target as fuzz_target


class CommandLine(unittest.TestCase):
    def read(self, *arguments, **more):
        return command.read(arguments, "usage: it\n", one=("--time",), many=("--policy",),
                            flags=("--one-arch",), **more)

    def test_options(self):
        options = self.read("--policy", "a", "--one-arch", "--policy", "--b", "--time", "5")
        self.assertEqual((options.policy, options.one_arch, options.time),
                         (["a", "--b"], True, "5"))
        options = self.read("x", "--", "-D", places=True, after=True)
        self.assertEqual((options.places, options.after), (["x"], ["-D"]))

    def test_lists(self):
        """As of the command: one option with several names, and twice is once too often."""
        self.assertEqual(self.read("--arch", "x86,arm64", lists=("--arch",)).arch,
                         ["x86", "arm64"])
        self.assertEqual(self.read(lists=("--arch",)).arch, [])
        for arguments, message in (
                (["--arch", "x86", "--arch", "arm64"],
                 "--arch is given twice, and takes several names, separated by ','"),
                (["--arch", ","], "--arch names nothing"),
                (["--time", "1", "--time", "2"], "--time is given twice, and takes one value")):
            with self.assertRaisesRegex(command.Problem, re.escape(message)):
                self.read(*arguments, lists=("--arch",))
        for script in (fuzzing.main.read, measuring.options.read,
                       lambda options: campaigns.command.read(["out", *options])):
            self.assertEqual(script(["--policy", "full-mm,own-range"]).policy,
                             ["full-mm", "own-range"])
            for name in ("--policy", "--arch"):
                with self.assertRaisesRegex(command.Problem, f"{name} is given twice"):
                    script([name, "a", name, "b"])

    def test_what_is_wrong(self):
        for arguments, message in ((["--time"], "--time needs a value; see --help"),
                                   (["x"], "unknown argument 'x'; see --help"),
                                   (["--tim", "5"], "unknown argument '--tim'; see --help")):
            with self.assertRaisesRegex(command.Problem, re.escape(message)):
                self.read(*arguments)
        for text in ("0", "-1", "1.5", "12345678", "\u0661", ""):
            with self.assertRaises(command.Problem):
                command.number(text, "--time", "a number")

    def test_times(self):
        for text, seconds in (("10", 10), ("90s", 90), ("2m", 120), ("1h", 3600), ("3d", 259200)):
            self.assertEqual(command.seconds(text, "--time"), seconds)
        for text in ("", "0", "0s", "1.5m", "-1", "m", "10 s", "1w", "1h30m", "\u0661", "12345678"):
            with self.assertRaisesRegex(command.Problem, "^--time: as 90 or 90s, 30m, 12h or 3d, "):
                command.seconds(text, "--time")

    def test_times_of_scripts(self):
        """All that take one take it alike."""
        self.assertEqual(fuzzing.main.read(["--time", "2m"]).seconds, 120)
        options = campaigns.command.read(["out", "--time", "1h", "--turn", "2m"])
        self.assertEqual(campaigns.command.passed_on(options),
                         ["--seconds", "3600", "--turn", "120"])
        options = ["--kernel", "linux", "--time", "1m"]
        with contextlib.chdir(SOURCE):  # where architectures are looked up
            self.assertEqual(mutation.main.read([*options, "--arch", "x86"]).seconds, 60)

    def test_times_are_written_alike(self):
        for option, read in (("--seconds", measuring.options.read), ("--time", fuzzing.main.read)):
            for written, seconds in (("90", 90), ("90s", 90), ("30m", 1800)):
                self.assertEqual(read([option, written]).seconds, seconds)
            with self.assertRaisesRegex(command.Problem, f"{option}: as 90 or 90s, 30m"):
                read([option, "soon"])

    def test_help(self):
        with contextlib.redirect_stdout(io.StringIO()) as out, self.assertRaises(SystemExit):
            self.read("--time", "5", "--help")
        self.assertEqual(out.getvalue(), "usage: it\n")

    def test_every_script_has_help(self):
        """At once: nothing is installed, built or run for it."""
        for name, option in itertools.product(self.scripts(), ("--help", "-h")):
            ran = self.run_script(name, option)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), name)
            before, _, _ = ran.stdout.partition(f"usage: scripts/{name} ")
            self.assertNotEqual(before, ran.stdout, name)
            self.assertTrue(name.endswith(".py") or not before, name)
            self.assertEqual([line for line in ran.stdout.splitlines() if len(line) > 80], [], name)

    def test_every_script_knows_its_flags(self):
        """At once, too, and with the one that was meant."""
        for name in self.scripts():
            if name.endswith(".py") or name == "benchmarks":  # by argparse, or none has any
                continue
            ran = self.run_script(name, "--hlp")
            self.assertEqual((ran.returncode, ran.stdout), (2, ""), name)
            self.assertRegex(ran.stderr, f"{name}: unknown (argument|check) '--hlp'; see --help; "
                             "did you mean '--help'[?]\n$")
        for script, argument, near in (("zoo", "--chekc", "--check"), ("lint", "shel", "shell"),
                                       ("verdicts", "--program", "--programs"),
                                       ("test", "--changed-sinc", "--changed-since")):
            self.assertRegex(self.run_script(script, argument).stderr,
                             f"did you mean '{near}'[?]\n$")
        self.assertNotIn("did you mean", self.run_script("lint", "nothing-alike").stderr)

    def scripts(self):
        names = [name for name in sorted(os.listdir(f"{SOURCE}/scripts"))
                 if os.path.isfile(f"{SOURCE}/scripts/{name}")
                 and os.access(f"{SOURCE}/scripts/{name}", os.X_OK)]
        self.assertGreater(len(names), 20)
        return names

    def run_script(self, name, *arguments):
        """Where nothing can be installed or built."""
        with tempfile.TemporaryDirectory() as tools:
            for tool in ("cmake", "ninja", "apt-get", "sudo"):
                with open(f"{tools}/{tool}", "w", encoding="ascii") as file:
                    file.write("#!/bin/sh\nexit 99\n")
                os.chmod(f"{tools}/{tool}", 0o755)
            return subprocess.run([f"{SOURCE}/scripts/{name}", *arguments], text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={**os.environ, "PATH": tools + ":" + os.environ["PATH"]})

    def test_what_ctest_does_not_know(self):
        """It would pass over that, and run all tests."""
        for arguments in (["-R", "gate"], ["--rerun-failed"], ["--repeat", "until-fail:3"], ["-j4"],
                          ["--dry-run", "--all", "-L", "long"], ["--output-junit", "it.xml"]):
            testing.main.read(arguments)
        for argument, said in (("--hlp", "did you mean '--help'"), ("--al", "did you mean '--all'"),
                               ("gate", "-R 'gate' chooses tests by their names")):
            with self.assertRaisesRegex(command.Problem, f"unknown argument '{argument}'.*{said}"):
                testing.main.read([argument])

    def test_the_folder_of_a_campaign(self):
        """What is wrong with it is said before the build."""
        targets = types.SimpleNamespace(names=["full-mm_x86"])
        options = types.SimpleNamespace(host=None)
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "README.md")
            with open(file, "w", encoding="ascii") as opened:
                opened.write("x")
            for path, said in ((file, "is a file; name a folder"),
                               (file + "/below/it", "README.md is a file; name a folder"),
                               (folder, "is not empty and holds no campaign")):
                with self.assertRaisesRegex(command.Problem, said):
                    campaigns.command.check_folder(path, options, targets)
            campaigns.command.check_folder(folder + "/new/one", options, targets)
            self.assertEqual(os.listdir(folder), ["README.md"])


class WhichPolicies(unittest.TestCase):
    """--policy means the same to scripts as to the command."""

    def of(self, *policies, archs=("x86", "arm64")):
        with contextlib.chdir(SOURCE):
            return subjects.Targets(list(policies), list(archs), subjects.Trees([], [], SOURCE))

    def test_lists_and_groups(self):
        self.assertEqual(["own-range_x86", "full-mm_x86"],
                         self.of("own-range,full-mm", "own-range", archs=["x86"]).names)
        self.assertEqual(self.of().names, self.of("all").names)
        self.assertEqual(self.of().names, self.of("published").names)
        self.assertFalse(self.of().named)
        self.assertIn("bool-count_x86", self.of("planted").names)
        safe = self.of("safe")
        self.assertIn("widen-range_arm64", safe.names)
        self.assertNotIn("widen-range_x86", safe.names)
        self.assertNotIn("full-mm-leaf_x86", safe.names)  # not where CPUs sleep
        self.assertNotIn("own-range_x86", safe.names)
        self.assertTrue(safe.named)
        if os.path.exists(os.path.join(BUILD, "gatherfuzz")):
            published, _, archs = gatherfuzz.listed(os.path.join(BUILD, "gatherfuzz"))
            of_safe = gatherfuzz.safe_targets(os.path.join(BUILD, "gatherfuzz"))
            self.assertEqual(set(safe.names), {
                name for name in of_safe if name.rsplit("_", 1)[0] in published
                and name.rsplit("_", 1)[1] in archs})
            self.assertIn("full-mm_riscv", of_safe)
        self.assertEqual(self.of("full-mm", archs=["riscv"]).names, ["full-mm_riscv"])

    def test_did_you_mean(self):
        """First, as there are many of them."""
        with self.assertRaisesRegex(command.Problem, "unknown policy 'own-rang'; did you mean "
                                    "'own-range'[?] one of: epoch-sync"):
            self.of("own-rang")
        with self.assertRaisesRegex(command.Problem, "unknown policy 'x'; one of: epoch-sync"):
            self.of("x")


class NamesOfPolicies(Scratch):
    """A policy is called as its file; what is not so is said before anything is built."""

    def said(self, file, code):
        """Of a folder with the policy full-mm and that file."""
        for name, text in (("full_mm.cc", self.code("full-mm")), (file, code)):
            self.write("p/" + name, text)
        try:
            with contextlib.chdir(self.folder):
                subjects.check_names("p")
        except command.Problem as problem:
            return str(problem)
        return ""

    @staticmethod
    def code(name):
        return (f'constexpr Policy kPolicy("{name}", "what", "who", kProtocol);\n'
                "const RegisterPolicy kRegistered(&kPolicy);\n")

    def test_those_of_the_tree(self):
        with contextlib.chdir(SOURCE):
            subjects.check_names()
            subjects.check_names("model/policies/planted")

    def test_as_its_file(self):
        self.assertEqual(self.said("my_idea.cc", self.code("my-idea")), "")
        self.assertEqual(self.said("my_idea.cc", "constexpr Policy kPolicy(kName, \"\");\n"
                                   "const RegisterPolicy kRegistered(&kPolicy);\n"), "")

    def test_another_name(self):
        self.assertEqual(self.said("my_idea.cc", self.code("better-idea")),
                         "p/my_idea.cc registers 'better-idea'; name it better_idea.cc, or its "
                         "policy 'my-idea'")
        self.assertEqual(self.said("my_idea.cc", self.code("my_idea")),
                         "p/my_idea.cc registers 'my_idea'; call its policy 'my-idea'")

    def test_a_name_that_there_is(self):
        self.assertEqual(self.said("my_idea.cc", self.code("full-mm")),
                         "p/my_idea.cc registers 'full-mm', as full_mm.cc does; call its policy "
                         "'my-idea'")

    def test_no_registration(self):
        code = self.code("my-idea").replace("const Reg", "// const Reg")
        self.assertEqual(self.said("my_idea.cc", code),
                         "p/my_idea.cc registers no policy; it lacks a line 'const RegisterPolicy "
                         "kRegistered(&kPolicy);'")


class BrokenCommand(Scratch):
    """A build whose command refuses to start: what it says is all that is said."""

    def setUp(self):
        super().setUp()
        self.write("gatherfuzz", "#!/bin/sh\necho \"gatherfuzz: policy 'full-mm': another has this "
                   "name\" >&2\nexit 2\n")
        os.chmod(self.path("gatherfuzz"), 0o755)

    def test_no_traceback(self):
        for what in (gatherfuzz.listed, gatherfuzz.safe_targets, gatherfuzz.policies_of,
                     lambda its: fuzz_target.Session(self.path("out"), self.folder, 1),
                     lambda its: campaigns.main.held_safe(its, ["full-mm_x86"]),
                     lambda its: gatherfuzz.need_policies(its, ["full-mm"])):
            with self.assertRaises(command.Problem) as raised:
                what(self.path("gatherfuzz"))
            self.assertEqual(str(raised.exception), "policy 'full-mm': another has this name")

    def test_of_any_other_program(self):
        script = self.start("""
            import subprocess
            from lib import command
            command.main("it", lambda _: subprocess.run(["./gatherfuzz", "x y"], check=True))""")
        said = script.communicate()[1].decode()
        self.assertEqual(script.returncode, 2)
        self.assertEqual(said, "gatherfuzz: policy 'full-mm': another has this name\n"
                         "it: ./gatherfuzz 'x y' ended with status 2\n")


if __name__ == "__main__":
    main()
