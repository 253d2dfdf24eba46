# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Fuzzes one target with one engine, and keeps what it finds.

An engine ends at its first crash. If that says nothing against the policy (a schedule of a later
kernel, say), it goes on for the time that is left, and passes over all of that sort. Who asks for
weaker memory wants to see what breaks under that.
"""
import os
import shutil
import time

from lib.children import Child
from lib.engines import AFL, MUTATOR, about, first_crash, last_numbers, write_seed
from lib.files import sha1_of
from lib.gatherfuzz import excuse_of, run_of, safe_targets
from lib.subjects import clean_schedules, policy_and_arch

CRASHES = "out/crashes"


class Session:
    """What all targets of one run of scripts/fuzz share; `runs` is what came of each."""

    def __init__(self, folder, build, seconds, memory="sc"):
        self.folder = folder
        self.memory = memory
        self.build = build
        self.seconds = seconds
        self.gatherfuzz = f"{build}/gatherfuzz"
        self.safe = safe_targets(self.gatherfuzz)
        # What had fewer executions was hardly tested: a campaign begins with so many schedules.
        self.least = max(1, len(clean_schedules("corpus")))
        self.runs = {}  # (engine, target) -> Run
        os.makedirs(f"{folder}/seeds")
        os.makedirs(CRASHES, exist_ok=True)
        write_seed(self.gatherfuzz, f"{folder}/seeds/seed")
        os.rename(f"{folder}/seeds/seed.gather", f"{folder}/seed.gather")
        with open(f"{folder}/excused", "w", encoding="ascii") as file:
            file.write("excused *\n")  # fuzz/known.h


class Run:
    """One target under one engine, in folders of its own."""

    def __init__(self, session, engine, target):
        self.engine = engine
        self.target = target
        self.policy, self.arch = policy_and_arch(target)
        self.folder = f"{session.folder}/{engine}/{target}"  # of the last start of the engine
        self.folders = []  # of all
        self.kept = None  # the first crash that says something against the policy, where it stays
        self.excused = None  # one that does not, in case that there is no other
        self.excuse = ""  # and why not
        self.said = {}  # what `gatherfuzz run --json` says of either
        self.held_safe = False  # whether it is a fault of the policy, the model or the oracle
        self.environment = {}  # of the engine, besides
        self.child = None
        self.began = time.monotonic()

    def start(self, session, seconds):
        """The engine, in a new folder."""
        self.environment = {"GATHERFUZZ_MEMORY": session.memory}
        if self.folders:
            self.environment["GATHERFUZZ_KNOWN"] = os.path.abspath(session.folder + "/excused")
            self.folder = f"{self.folders[0]}/{len(self.folders) + 1}"
        self.folders.append(self.folder)
        os.makedirs(self.folder + "/corpus")
        self.child = (afl if self.engine == "afl" else libfuzzer)(session, self, seconds)
        return self.child

    def keep(self, session):
        """The first crash, under the name libFuzzer gives it. None is ever overwritten."""
        crash = first_crash(self.folder)
        if crash is None:
            return
        path = f"{CRASHES}/{self.target}/crash-{sha1_of(crash)}"
        if not os.path.exists(path):
            shutil.copy(crash, path)
        self.said = run_of(session.gatherfuzz, self.policy, self.arch, path, "--memory",
                           session.memory)
        self.held_safe = self.said.get("held_safe", self.target in session.safe)
        excuse = excuse_of(self.said) if session.memory == "sc" else ""
        if not excuse:
            self.kept = path
        elif not self.excused:
            self.excused, self.excuse = path, excuse

    @property
    def seconds(self):
        return self.child.ended - self.began

    def executions(self):
        """Of all starts: from the engine's statistics, or, when a crash ended libFuzzer's run, from
        the last line of progress."""
        return sum(map(self._executions_in, self.folders))

    @staticmethod
    def _executions_in(folder):
        log = folder + "/log"
        stats = folder + "/corpus/default/fuzzer_stats"
        counted = [last_numbers(r"^stat::number_of_executed_units.*?(\d+)$", log),
                   last_numbers(r"^execs_done.*?(\d+)$", stats), last_numbers(r"^#(\d+)\t", log)]
        return next((count for count, in filter(None, counted) if count), 0)

    def hangs(self):
        """AFL++'s folder of inputs that took too long, if there is one."""
        folder = self.folder + "/corpus/default/hangs"
        try:
            return folder if any(name.startswith("id:") for name in os.listdir(folder)) else None
        except OSError:
            return None


def fuzz(session, engine, target):
    """A generator: waits by yielding the child."""
    run = session.runs[engine, target] = Run(session, engine, target)
    os.makedirs(f"{CRASHES}/{target}", exist_ok=True)
    left = session.seconds
    for _ in range(2):  # the second time no crash is excused
        try:
            yield run.start(session, round(left))
        finally:
            run.keep(session)
        left = session.seconds - run.seconds
        if run.kept or not run.excused or left < 1:
            break


def libfuzzer(session, run, seconds):
    return Child(
        [f"{session.build}/fuzz/fuzz_{run.target}", f"-max_total_time={seconds}",
         "-print_final_stats=1", "-timeout=10", f"-artifact_prefix={run.folder}/",
         run.folder + "/corpus"], run.environment, log=run.folder + "/log")


def afl(session, run, seconds):
    return Child(
        ["afl-fuzz", "-V", str(seconds), "-t", "10000", "-i", session.folder + "/seeds",
         "-o", run.folder + "/corpus", "--", f"{session.build}/fuzz/afl_{run.target}"],
        {**AFL, **about(run.policy, run.arch), **run.environment, "AFL_BENCH_UNTIL_CRASH": "1",
         "AFL_CUSTOM_MUTATOR_LIBRARY": f"{session.build}/{MUTATOR}"}, log=run.folder + "/log")
