# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The ways to search: how each is run, and what its run says.

A way starts its program with a policy, an architecture and a seed, in a folder of its own, and
reads afterwards whether it found a violation, and after how many executions and schedules. What the
program prints is in FOLDER/stdout and FOLDER/stderr. Time is the processor's, so that what else the
machine does is not in it; but the clock's for AFL++, since afl-fuzz does not wait for its target's
end, whose time then is nobody's.
"""
import glob
import os
import re
import shutil
from typing import NamedTuple

from lib.children import Child
from lib.engines import AFL, MUTATOR, about, last_numbers
from lib.gatherfuzz import last_object


class Subject(NamedTuple):
    """One run: a defect, where, and with which seed."""
    policy: str
    arch: str
    seed: int


class Caps(NamedTuple):
    seconds: int
    schedules: int


class Found(NamedTuple):
    """What a run says."""
    found: int
    executions: int
    schedules: int
    seconds: float


class Search:
    """`gatherfuzz search` with a strategy. It knows no time; the cap of schedules ends it."""
    clock_cap = False
    builds = ()

    def __init__(self, strategy):
        self._strategy = strategy

    def start(self, build, subject, caps, folder):
        return Child(
            [f"{build}/gatherfuzz", "search", "--strategy", self._strategy, "--policy",
             subject.policy, "--arch", subject.arch, "--executions", str(caps.schedules), "--seed",
             str(subject.seed), "--jobs", "1", "--json"],
            log=folder + "/stdout", errors=folder + "/stderr",
            cpu_seconds=20 * caps.seconds)  # more is a hang

    def read(self, child, folder):
        executions = last_object(folder + "/stdout").get("executions")
        if child.status not in (0, 1) or not isinstance(executions, int):
            return None
        return Found(child.status, executions, executions, child.used)


class LibFuzzer:
    """The target says how far it came when it ends, crash or not."""
    clock_cap = True

    def __init__(self, program):
        self._program = program
        self.builds = (os.path.basename(program),)

    def start(self, build, subject, caps, folder):
        os.mkdir(folder + "/corpus")
        seconds = max(1, caps.seconds - 1)  # it ends in the second after the one that it is told
        return Child(
            [f"{build}/{self._program}", f"-seed={subject.seed}", f"-runs={caps.schedules}",
             "-timeout=10", f"-max_total_time={seconds}", f"-artifact_prefix={folder}/",
             folder + "/corpus"],
            # To name the frames of a crash takes longer than to find most.
            {**about(subject.policy, subject.arch), "GATHERFUZZ_COUNTS": "1",
             "UBSAN_OPTIONS": "symbolize=0"},
            log=folder + "/stdout", errors=folder + "/stderr")

    def read(self, child, folder):
        found = bool(glob.glob(glob.escape(folder) + "/crash-*"))
        said = last_numbers(r"^gatherfuzz: schedules (\d+) executions (\d+)(?: .*)?$",
                            folder + "/stderr")
        if said is None or (child.status != 0 and not found):
            return None
        schedules, executions = said
        return Found(int(found), executions, schedules, child.used)


class Afl:
    """afl-fuzz counts executions. Schedules are at most so many times that, which is what is
    recorded: the mutator's inputs have 16 members each, and plain bytes, havoc's too, 1 to 64,
    mostly 1, 4, 8 or 16."""
    clock_cap = True

    def __init__(self, program, mutator=None):
        self._program = program
        self._mutator = mutator
        self._members = 16 if mutator else 64
        self.builds = (os.path.basename(program), *(["gatherfuzz_mutator"] if mutator else []))

    def start(self, build, subject, caps, folder):
        os.mkdir(folder + "/seeds")
        shutil.copy(os.path.join(os.path.dirname(folder), "seed"), folder + "/seeds")
        environment = {**AFL, **about(subject.policy, subject.arch), "AFL_BENCH_UNTIL_CRASH": "1",
                       "AFL_NO_CRASH_README": "1"}
        if self._mutator:
            environment |= {"AFL_CUSTOM_MUTATOR_LIBRARY": f"{build}/{self._mutator}",
                            "AFL_CUSTOM_MUTATOR_ONLY": "1"}
        executions = -(-caps.schedules // self._members)
        return Child(
            ["afl-fuzz", "-V", str(caps.seconds), "-E", str(executions), "-s", str(subject.seed),
             "-i", folder + "/seeds", "-o", folder + "/afl", "--", f"{build}/{self._program}"],
            environment, log=folder + "/stdout", errors=folder + "/stderr")

    def read(self, child, folder):
        crashes = glob.glob(glob.escape(folder) + "/afl/default/crashes/id:000000*")
        if crashes:
            said = re.findall(r",execs:(\d+)", crashes[0])
        elif child.status == 0:
            said = last_numbers(r"^execs_done *: *(\d+)$", folder + "/afl/default/fuzzer_stats")
        else:
            said = None
        if not said:
            return None
        executions = int(said[-1])
        return Found(int(bool(crashes)), executions, executions * self._members,
                     child.ended - child.started)


STRATEGIES = ("uniform", "pct", "pos", "surw", "landmark", "runs")
WAYS = {"libfuzzer": LibFuzzer("bench/fuzz_any_plain"),
        "libfuzzer+features": LibFuzzer("bench/fuzz_any_features"),
        "libfuzzer+mutator": LibFuzzer("bench/fuzz_any_mutator"),
        "libfuzzer+both": LibFuzzer("fuzz/fuzz_any"),
        "afl": Afl("bench/afl_any_plain"),
        "afl+both": Afl("fuzz/afl_any", MUTATOR),
        **{strategy: Search(strategy) for strategy in STRATEGIES}}
