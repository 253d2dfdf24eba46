# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/fuzz: every policy on every architecture for a short, equal time each."""
import os
import time

from fuzzing.target import CRASHES, Session, fuzz
from fuzzing.table import Table
from lib import command, jobs
from lib.build import build_targets, enter_root, install_missing
from lib.command import need, number
from lib.gatherfuzz import safe_targets
from lib.subjects import Targets, Trees
from lib.terminal import Line

USAGE = """\
usage: scripts/fuzz [--time SECONDS] [--engine ENGINE] [--policy NAME]... [--arch NAME]...
                    [--jobs N] [--fail] [--kernel [NAME=]PATH]... [--config [ARCH:]OPTION=VALUE]...
Installs what is missing, builds, then fuzzes each policy on each architecture from an empty corpus.
  --time SECONDS  for each target; default 10
  --engine ENGINE libfuzzer (the default), afl (AFL++), or both, one after the other
  --policy NAMES  only this policy, or these: separated by ',', or all (or published), safe,
                  planted; may be given several times; planted defects are fuzzed only so
  --arch NAME     only this architecture; may be given several times
  --jobs N        targets fuzzed at a time; default one for each core
  --fail          exit with 1 if a policy breaks that was named (by --policy or --kernel); if none
                  was, one that is expected to be safe
  --kernel PATH   the gather of the kernel tree there, as it stands, in place of the policies: as
                  policy linux, or linux@NAME for NAME=PATH; may be given several times, named.
                  Built in a folder of its own under build/; docs/kernel-tree.md has more
  --config ITEM   an option of its configuration, such as x86:MMU_GATHER_RCU_TABLE_FREE=n
Ends with a table, and the interleaving of the first violation of each kind, made small. Crashes are
kept under out/crashes/, as the bytes that were found (crash-SHA1) and as text made small; none is
ever overwritten. Exit status: 0 if all ran, broken policies or not (without --fail); 1 if a target
failed in another way; 2 for bad usage; 130 if interrupted.
"""
ENGINES = {"libfuzzer": ["libfuzzer"], "afl": ["afl"], "both": ["libfuzzer", "afl"]}


def read(arguments):
    options = command.read(arguments, USAGE, one=("--time", "--engine", "--jobs"),
                           many=("--policy", "--arch", "--kernel", "--config"), flags=("--fail",))
    options.seconds = number(options.time or "10", "--time", "a number of seconds")
    options.jobs = number(options.jobs or str(jobs.cores()), "--jobs", "a number of targets", 4)
    engine = options.engine or "libfuzzer"
    need(engine in ENGINES, f"--engine: libfuzzer, afl or both, not '{engine}'")
    options.engines = ENGINES[engine]
    return options


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
    options = read(arguments)
    trees = Trees(options.kernel, options.config, called_in)
    targets = Targets(options.policy, options.arch, trees)
    install_missing()
    build(trees, targets, options.engines)
    folder = time.strftime("out/fuzz-%Y%m%d-%H%M%S-") + str(os.getpid())
    session = Session(folder, trees.build_folder(), options.seconds)
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
    table.show_violations()
    broken = table.broken_of(None if targets.named else safe_targets(session.gatherfuzz))
    return 1 if table.failed or (options.fail and broken) else 0


if __name__ == "__main__":
    command.main("fuzz", main)
