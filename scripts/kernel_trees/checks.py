# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What kernel trees are held to: the corpus, every order of small programs, and the model."""
import csv
import os
import subprocess

from kernel_trees import riscv
from kernel_trees.edits import EDITS
from kernel_trees.unpacking import BREAKS, CONFIGURED
from lib.jobs import run_one
from lib.subjects import kernel_archs, stored_for_trees

LEAST_SPEED = 0.8  # of full-mm's


class Checks:
    """A line for each, and what it said if it failed."""

    def __init__(self, folder):
        self.failed = False
        self.environment = {}
        self._folder = folder

    def check(self, what, program, *arguments, status=0):
        child = run_one([f"{self._folder}/{program}", *arguments], self.environment,
                        log=self._folder + "/check.log")
        failed = child.status != status
        print(f"{'FAILED' if failed else 'ok    '}  {what}", flush=True)
        if failed:
            self.failed = True
            with open(child.log, errors="replace", encoding="utf-8") as file:
                print(file.read(), end="", flush=True)


def all_of(folder, policies, runs):
    """Returns whether one failed."""
    checks, stored = Checks(folder), stored_for_trees()
    _unedited(checks, policies, runs, stored)
    for way in BREAKS:
        broken = [f"{policy}-{way}" for policy in policies]
        checks.check(f"full-mm: the same, broken ({way})", *_differential(runs),
                     *_policies(broken), "--nested", way, *stored)
    _weaker_memory(checks, policies, runs)
    _edits_of_cpu_side(checks, policies, stored)
    riscv.check_all(checks, os.path.dirname(os.path.abspath(folder)),
                    [policy.removeprefix("linux@") for policy in policies], runs, stored)
    return checks.failed


def quick(folder, policies, runs):
    """Without the edits and riscv; returns whether one failed."""
    checks = Checks(folder)
    _unedited(checks, policies, runs, stored_for_trees())
    return checks.failed


def _unedited(checks, policies, runs, stored):
    """The trees as they are."""
    for policy in policies:
        for arch in kernel_archs():
            checks.check(f"{policy} on {arch}: {len(stored)} schedules of the corpus", "gatherfuzz",
                         "run", "--policy", policy, "--arch", arch, "--expect", "none", *stored)
    checks.check("every order of small programs", "gatherfuzz", "verdicts", "--programs", "small",
                 "--policy", ",".join(policies))
    checks.check(f"full-mm: {runs} random schedules, and the corpus", *_differential(runs),
                 *_policies(policies), *stored)
    checks.check(f"CPUs that switch: {runs} random programs, and the corpus",
                 "tests/cpu_differential", "--runs", str(runs), *_policies(policies), *stored)
    checks.check(f"ASIDs: {runs} random programs", "tests/asid_differential", "--runs", str(runs),
                 *_policies(policies))


def _differential(runs):
    return ("tests/kernel_differential", "--runs", str(runs))


def _weaker_memory(checks, policies, runs):
    """The orders of the tree's own accesses: as full-mm's, which a look without a lock breaks."""
    programs = max(50, runs // 200)
    checks.check(f"weaker memory: every order of {programs} random programs",
                 "tests/kernel_memory", "--programs", str(programs), *_policies(policies))
    for policy in policies:
        checks.check(f"{policy} on arm64: a look without a lock", "gatherfuzz", "run", "--policy",
                     policy, "--arch", "arm64", "--expect", "stale-after-return",
                     "corpus/memory/huge-look.gather")


def _edits_of_cpu_side(checks, policies, stored):
    """Of x86's own tlb.c, arm64's context.c, and what flushes for shared page tables."""
    freed = "corpus/switching/tables-{}.gather"  # docs/suspicions.md, C1
    rest = [path for path in stored if not path.startswith(freed.partition("{")[0])]
    for name in (f"{policy}-{way}" for policy in policies for way in CONFIGURED):
        checks.check(f"{name} on x86: {len(rest)} schedules of the corpus", "gatherfuzz", "run",
                     "--policy", name, "--arch", "x86", "--expect", "none", *rest)
        for how in ("at-once", "one-by-one"):
            checks.check(f"{name} on x86: found in {freed.format(how)}", "gatherfuzz", "explore",
                         "--policy", name, "--arch", "x86", freed.format(how), status=1)
    programs = sorted({(edit.arch, edit.program) for edit in EDITS.values()})
    for policy in policies:
        for arch, program in programs:
            checks.check(f"{policy} on {arch}: every order of {program}", "gatherfuzz", "explore",
                         "--policy", policy, "--arch", arch, program)
        for way, edit in EDITS.items():
            checks.check(f"{policy}-{way} on {edit.arch}: found in {edit.program}", "gatherfuzz",
                         "explore", "--policy", f"{policy}-{way}", "--arch", edit.arch,
                         edit.program, status=1)


def _policies(names):
    return [word for name in names for word in ("--policy", name)]


def fast_enough(folder, versions):
    """Prints schedules a second: the median of runs that take turns, since machines are noisy."""
    names = "|".join(["full-mm", *(f"linux@{version}" for version in versions)])
    said = subprocess.run(
        [f"{folder}/bench/throughput", f"--benchmark_filter=^Tree/.*/({names})$",
         "--benchmark_repetitions=9", "--benchmark_min_time=0.2",
         "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
         "--benchmark_format=csv"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    rates = {}  # (architecture, policy) -> schedules a second
    for row in csv.reader(said.splitlines()):
        if row and row[0].endswith("_median"):
            _, arch, policy = row[0].removesuffix("_median").split("/")
            rates[arch, policy] = float(row[6])
    ratios = {key: rate / rates[key[0], "full-mm"] for key, rate in rates.items()}
    for (arch, policy), ratio in sorted(ratios.items()):
        print(f"        {arch:<6} {policy:<12} {rates[arch, policy]:8.0f} schedules/s, "
              f"{ratio:.2f} of full-mm")
    return bool(ratios) and all(ratio >= LEAST_SPEED for ratio in ratios.values())
