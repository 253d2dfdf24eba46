# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/fuzz: every policy on every architecture for a short, equal time each."""
import os
import time

from fuzzing.target import CRASHES, Session, fuzz
from fuzzing.table import Table
import patching.main
from lib import command, jobs, junit
from lib.build import build_targets, enter_root, install_missing
from lib.command import need, number, one_of, seconds
from lib.gatherfuzz import need_policies
from lib.subjects import Targets, Trees, archs_that
from lib.terminal import Line, say

USAGE = """\
usage: scripts/fuzz [--time TIME] [--engine ENGINE] [--policy NAMES]
                    [--arch NAMES] [--memory MODEL]
                    [--jobs N] [--fail] [--junit FILE] [--kernel [NAME=]PATH]...
                    [--config [ARCH:]OPTION=VALUE]...
       scripts/fuzz --kernel PATH --patch FILE... [--executions N]
                    [--arch NAMES]
                    [--config [ARCH:]OPTION=VALUE]... [--json] [--junit FILE]
Installs what is missing, builds, then fuzzes each policy on each architecture
from an empty corpus.
  --time TIME     for each target: 90 or 90s, 30m, 12h; default 10s
  --engine ENGINE libfuzzer (the default), afl (AFL++), or both, one after the
                  other
  --policy NAMES  only this policy, or these: separated by ',', or all (or
                  published), safe, planted; planted defects are fuzzed only so
  --arch NAMES    only this architecture, or these, separated by ','; riscv is
                  fuzzed only so
  --memory MODEL  which values a load may take: sc (the default: the newest),
                  tso (x86), weak or late (arm64); docs/memory.md. Under weaker
                  memory no policy is expected to be safe, what is broken is
                  shown, and the paths of kernels after 6.12 are left out
  --jobs N        targets fuzzed at a time; default one for each core
  --fail          exit with 1 if a policy breaks that was named (by --policy or
                  --kernel); if none was, one that is expected to be safe. Where
                  a violation says nothing against the policy (under a later
                  kernel any may break), fuzzing goes on and it does not count.
                  With 3 if none of them breaks, but one was hardly tested
  --junit FILE    also writes the results as JUnit's XML: a test for each
                  target, which fails where --fail would, and is skipped if
                  the target was hardly tested; with --patch, a test for each
                  architecture
  --kernel PATH   the gather of the kernel tree there, as it stands, in place of
                  the policies: as policy linux, or linux@NAME for NAME=PATH;
                  may be given several times, named. Built in a folder of its
                  own under build/; docs/kernel-tree.md has more
  --config ITEM   an option of its configuration, such as
                  x86:MMU_GATHER_RCU_TABLE_FREE=n
  --patch FILE... does not fuzz, but says what these patches do to the verdicts
                  of that tree: mails, an mbox or plain diffs, in this order.
                  The tree is only read. For each hunk: does the code run here,
                  is it only compiled, or not seen at all. Then which verdicts
                  changed, with the shortest interleaving, or what was looked
                  through for one
  --executions N  of random programs, for each tree of a series and
                  architecture; default 200000
  --json          the answer to --patch as JSON, in place of text for a mail
Ends with a table, and the interleaving of the first violation of each kind,
made small. Crashes are kept under out/crashes/, as the bytes that were found
(crash-SHA1) and as text made small; none is ever overwritten. A target is
hardly tested if it had fewer executions than there are stored schedules to
begin with: nothing is known of it. Exit status: 0 if all ran, broken policies
or not (without --fail); 1 if a target failed in another way; 2 for bad usage, a
patch that does not apply or a tree that does not build; 3 if --fail is about a
target that was hardly tested; 10 if a patch changes a verdict for the worse;
130 if interrupted.
"""
MEMORIES = ("sc", "tso", "weak", "late")  # model/machine/memory.h
ENGINES = {"libfuzzer": ["libfuzzer"], "afl": ["afl"], "both": ["libfuzzer", "afl"]}


def read(arguments):
    options = command.read(
        arguments, USAGE,
        one=("--time", "--engine", "--memory", "--jobs", "--executions", "--junit"),
        many=("--kernel", "--config", "--patch"), lists=("--policy", "--arch"),
        flags=("--fail", "--json"), places=True)
    need(options.patch or not options.places,
         f"unknown argument '{(options.places or [''])[0]}'; see --help")
    _check_which(options)
    options.seconds = seconds(options.time or "10", "--time")
    options.jobs = number(options.jobs or str(jobs.cores()), "--jobs", "a number of targets", 4)
    engine = options.engine or "libfuzzer"
    need(engine in ENGINES, f"--engine: libfuzzer, afl or both, not '{engine}'")
    options.engines = ENGINES[engine]
    options.memory = options.memory or "sc"
    one_of(options.memory, MEMORIES, "memory model")
    for arch in archs_that("only_sc") if options.memory != "sc" else ():
        need(arch not in options.arch, f"--memory {options.memory}: of {arch} there is sc only")
    return options


def _check_which(options):
    """An option of the one use is none of the other."""
    of_patches = ("executions", "json")
    of_fuzzing = ("time", "engine", "memory", "jobs", "fail", "policy")
    for name in of_fuzzing if options.patch else of_patches:
        need(not getattr(options, name),
             f"--{name} {'does not go' if options.patch else 'goes only'} with --patch")
    need(not options.patch or len(options.kernel) == 1, "--patch takes one tree: --kernel PATH")


def build(trees, targets, engines):
    names = [name.replace("@", "-") for name in targets.names]  # '@' is no part of a target's name
    needed = ["gatherfuzz"]
    if "libfuzzer" in engines:
        needed += ["fuzz_" + name for name in names]
    if "afl" in engines:
        needed += ["gatherfuzz_mutator", *("afl_" + name for name in names)]
    build_targets(trees.build_folder(), needed, ["-DGATHERFUZZ_TARGETS=ON", *trees.options()])


def works(session, targets, engines, line):
    """What is to be done, an engine after the other; the line says what has begun."""
    total = len(targets.names) * len(engines)
    pairs = [(engine, target) for engine in engines for target in targets.names]
    for started, (engine, target) in enumerate(pairs, 1):
        line.show(f"fuzzing {target} with {engine} ({started} of {total}, at most "
                  f"{session.seconds} s each)")
        yield fuzz(session, engine, target)
    line.show("waiting for the last targets")


def main(arguments):
    called_in = enter_root()
    began = time.monotonic()
    options = read(arguments)
    if options.patch:
        return patching.main.main(options, called_in)
    trees = Trees(options.kernel, options.config, called_in, options.arch)
    targets = Targets(options.policy, options.arch, trees)
    install_missing()
    build(trees, targets, options.engines)
    need_policies(f"{trees.build_folder()}/gatherfuzz", targets.policies)
    folder = time.strftime("out/fuzz-%Y%m%d-%H%M%S-") + str(os.getpid())
    session = Session(folder, trees.build_folder(), options.seconds, options.memory)
    command.when_interrupted = f"what was found is under {CRASHES}"
    line = Line()
    try:
        jobs.run(works(session, targets, options.engines, line), options.jobs)
    finally:
        line.clear()
    table = Table(session, targets.policies, called_in)
    for target in targets.names:
        for engine in options.engines:
            table.show(engine, target)
    table.show_alarm()
    table.show_hardly()
    table.show_violations()
    if options.junit:
        junit.write(os.path.join(called_in, options.junit),
                    list(table.cases(table.broken(targets.named))),
                    round(time.monotonic() - began, 1))
    status, why = table.judged(targets.named, options.fail)
    if status:
        say(f"fuzz: {why}; exit status {status}")
    return status


if __name__ == "__main__":
    command.main("fuzz", main)
