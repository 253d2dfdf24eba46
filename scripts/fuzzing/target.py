# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Fuzzes one target with one engine, and keeps what it finds."""
import os
import shutil

from lib.children import Child
from lib.engines import AFL, MUTATOR, about, first_crash, last_numbers, write_seed
from lib.files import sha1_of
from lib.subjects import policy_and_arch

CRASHES = "out/crashes"


class Session:
    """What all targets of one run of scripts/fuzz share; `runs` is what came of each."""

    def __init__(self, folder, build, seconds):
        self.folder = folder
        self.build = build
        self.seconds = seconds
        self.gatherfuzz = f"{build}/gatherfuzz"
        self.runs = {}  # (engine, target) -> Run
        os.makedirs(f"{folder}/seeds")
        os.makedirs(CRASHES, exist_ok=True)
        write_seed(self.gatherfuzz, f"{folder}/seeds/seed")
        os.rename(f"{folder}/seeds/seed.gather", f"{folder}/seed.gather")


class Run:
    """One target under one engine, in a folder of its own."""

    def __init__(self, session, engine, target):
        self.engine = engine
        self.target = target
        self.policy, self.arch = policy_and_arch(target)
        self.folder = f"{session.folder}/{engine}/{target}"
        self.kept = None  # the first crash, where it stays
        self.child = None

    def keep(self):
        """The first crash, under the name libFuzzer gives it. None is ever overwritten."""
        crash = first_crash(self.folder)
        if crash is None:
            return
        self.kept = f"{CRASHES}/{self.target}/crash-{sha1_of(crash)}"
        if not os.path.exists(self.kept):
            shutil.copy(crash, self.kept)

    def executions(self):
        """From the engine's statistics, or, when a crash ended libFuzzer's run, from the last line
        of progress."""
        log = self.folder + "/log"
        stats = self.folder + "/corpus/default/fuzzer_stats"
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
    os.makedirs(run.folder + "/corpus")
    os.makedirs(f"{CRASHES}/{target}", exist_ok=True)
    start = afl if engine == "afl" else libfuzzer
    run.child = start(session, run)
    try:
        yield run.child
    finally:
        run.keep()


def libfuzzer(session, run):
    return Child(
        [f"{session.build}/fuzz/fuzz_{run.target}", f"-max_total_time={session.seconds}",
         "-print_final_stats=1", "-timeout=10", f"-artifact_prefix={run.folder}/",
         run.folder + "/corpus"], log=run.folder + "/log")


def afl(session, run):
    return Child(
        ["afl-fuzz", "-V", str(session.seconds), "-t", "10000", "-i", session.folder + "/seeds",
         "-o", run.folder + "/corpus", "--", f"{session.build}/fuzz/afl_{run.target}"],
        {**AFL, **about(run.policy, run.arch), "AFL_BENCH_UNTIL_CRASH": "1",
         "AFL_CUSTOM_MUTATOR_LIBRARY": f"{session.build}/{MUTATOR}"}, log=run.folder + "/log")
