# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/test: installs, builds, says how long the tests will take, and runs them."""
import os
import re
import shutil
import subprocess

from lib import command
from lib.build import build_folder, build_targets, enter_root, install_for_tests
from lib.command import did_you_mean, need
from lib.jobs import cores
from lib.terminal import say
from testing import changes, listing, times

USAGE = """\
usage: scripts/test [--all] [--changed-since COMMIT] [--dry-run] [--write-times]
                    [CTEST-ARGUMENT]...
Installs what is missing, builds, runs the tests, and replays the whole corpus,
which is one of them. Says beforehand about how long the tests will take; the
build is not in that.
  --all           also the long ones: those with the label 'long', which are
                  left out otherwise, and named
  --changed-since COMMIT also those of the long ones that a change since then
                  can break: their labels 'changes:PATTERN' name the files
                  (tests/CMakeLists.txt)
  --dry-run       only says what would run
  --write-times   writes how long each test last took here to tests/seconds.tsv,
                  which is what the first run in a new build folder goes by;
                  runs nothing
Further arguments, of ctest, go to it. What they choose by -R, -L or -I is not
left out.
GATHERFUZZ_TREES, such as "6.1 6.12", names kernel trees (scripts/trees --quick)
to test as well; these are big packages.
"""
OURS = ("--all", "--dry-run", "--write-times", "--help", "--changed-since")
CHOOSING = re.compile(r"-[RLI]|--tests-regex|--label-regex|--tests-information")


def read(arguments):
    """Ours, and those for ctest."""
    ours, rest = [], list(arguments)
    for name in ("--all", "--dry-run", "--write-times", "--help", "-h"):
        if name in rest:
            rest.remove(name)
            ours.append(name)
    if "--changed-since" in rest:
        at = rest.index("--changed-since")
        need(at + 1 < len(rest), "--changed-since needs a value; see --help")
        ours += rest[at:at + 2]
        del rest[at:at + 2]
    options = command.read(ours, USAGE, one=("--changed-since",),
                           flags=("--all", "--dry-run", "--write-times"))
    check(rest)
    options.chooses = any(CHOOSING.match(argument) for argument in rest)
    options.rest = rest
    return options


def check(rest):
    """That ctest knows them: what it does not know it passes over, and runs all tests."""
    known = of_ctest()
    for before, argument in zip(["", *rest], rest):
        name = argument.partition("=")[0]
        if argument.startswith("--"):
            need(name in known or not known and not did_you_mean(name, OURS),
                 f"unknown argument '{argument}'; see --help"
                 + did_you_mean(name, [*OURS, *known]))
        else:  # the value of an option, or an option of one letter
            need(argument.startswith("-") or before.startswith("-"),
                 f"unknown argument '{argument}'; -R '{argument}' chooses tests by their names")


def of_ctest():
    """Its long options; none where it is not installed yet."""
    if not shutil.which("ctest"):
        return set()
    said = subprocess.run(["ctest", "--help"], check=False, text=True, stdout=subprocess.PIPE)
    return set(re.findall(r"(?<![\w-])--[a-z][\w.-]*", said.stdout))


def left_out(tests, options, trees):
    """The long ones that are not asked for."""
    if options.all or options.chooses:
        return []
    changed = changes.since(options.changed_since) if options.changed_since else []
    return [test for test in tests if test.long and not changes.concern(test, changed)
            and not (trees and test.name == "kernel_trees_quick")]


def describe(tests, out, options):
    """What will run, for how long, and what will not."""
    if out:
        say("left out, being long; --all runs them: " + ", ".join(test.name for test in out))
    if options.chooses:
        return
    chosen = [test for test in tests if test not in out]
    say(f"{len(chosen)} tests, {times.about(chosen, cores())}")


def main(arguments):
    enter_root()
    options = read(arguments)
    if options.write_times:
        times.write(build_folder())
        return 0
    trees = os.environ.get("GATHERFUZZ_TREES", "").split()
    install_for_tests(*(f"linux-source-{version}" for version in trees))
    build_targets(build_folder(), ["build.ninja" if options.dry_run else "all"])
    tests = listing.tests(build_folder())
    out = left_out(tests, options, trees)
    describe(tests, out, options)
    exclude = ["-E", f"^({'|'.join(re.escape(test.name) for test in out)})$"] if out else []
    command_line = ["ctest", "--test-dir", build_folder(), "--output-on-failure",
                    "--no-label-summary", "-j", str(cores()), *exclude, *options.rest]
    if options.dry_run:
        return 0
    os.execvp("ctest", command_line)


if __name__ == "__main__":
    command.main("test", main)
