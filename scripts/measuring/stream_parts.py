# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The parts of scripts/stream. Each measures builds in turns and makes a table; the first build is
this tree's, a second one is what it is held against.
"""
import itertools
import json
import math
import os
import re
import resource
import statistics
import subprocess
import types

from lib.command import need


def run(line, **environment):
    """What it printed, and seconds of user time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ran = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                         env={**os.environ, **environment})
    said = ran.stdout.decode(errors="replace")
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    need(ran.returncode in (0, 1), f"{line[0]} failed: {said.strip()[-300:]}")
    return said, seconds


def ratio_cells(ours, base):
    """Of two lists of times: the base's least, the ratio, the median of the rounds' ratios."""
    ratios = [mine / theirs for mine, theirs in zip(ours, base)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return [f"{min(base):.2f}", f"{min(ours) / min(base):.3f}",
            f"{middle:.3f} ({low:.3f} to {high:.3f})"]


class Part:
    """Rounds of figures: for each build a list of what measure_one() returned."""
    PACKAGES = ()

    def __init__(self, folder, inputs, corpus, passes):
        self.folder, self.inputs, self.corpus, self.passes = folder, inputs, corpus, passes
        self.rounds = []

    def measure(self, builds):
        self.rounds = self.rounds or [[] for _ in builds]
        for build, rounds in zip(builds, self.rounds):
            rounds.append(self.measure_one(build))

    def times(self, key):
        """A list of nanoseconds for each build."""
        return [[figures[key].ns for figures in rounds] for rounds in self.rounds]


class Replay(Part):
    TITLE = "Replay"
    ABOUT = ("The inputs of a campaign (bench/stream.xz) as a fuzz target runs them; nanoseconds a "
             "step.")
    TARGETS = ("stream",)
    LINE = re.compile(
        r"(\S+) steps (\d+) changes ([\d.]+) ns ([\d.]+) traces (\w+) features (\w+)")

    def measure_one(self, build):
        said, _ = run([f"{build}/bench/stream", self.inputs, str(self.passes)])
        found = [match.groups() for match in map(self.LINE.fullmatch, said.splitlines()) if match]
        need(found, f"{build}/bench/stream failed: {said.strip()}")
        return {name: types.SimpleNamespace(changes=float(changes), ns=float(ns), traces=traces,
                                            features=features)
                for name, _, changes, ns, traces, features in found}

    def table(self):
        rows = [["subject", "changes/step", "ns/step"]]
        two = len(self.rounds) > 1
        if two:
            rows[0] += ["base", "ratio", "median (quartiles)", "same"]
        for name, one in self.rounds[0][0].items():
            times = self.times(name)
            row = [name, f"{one.changes:.3f}", f"{min(times[0]):.2f}"]
            if two:
                other = self.rounds[1][0][name]
                same = [what for what in ("traces", "features")
                        if getattr(one, what) == getattr(other, what)]
                row += ratio_cells(*times) + [" ".join(same) or "-"]
            rows.append(row)
        return rows


class LibFuzzer(Part):
    TITLE = "Inside libFuzzer"
    RUNS = 60_000
    ABOUT = (f"`fuzz_full-mm_x86 -runs={RUNS}` on these inputs as its corpus, with the seed of the "
             "row and all violations\nknown, as in a campaign that goes on; nanoseconds a step, the "
             "engine and the mutator included. What it\nmutates next hangs on the build: one that "
             "makes shorter schedules has fewer steps to spread what each\nschedule costs over, so "
             "there are also microseconds a schedule.")
    TARGETS = ("fuzz_full-mm_x86",)
    SEEDS = (1, 2, 3)
    COUNTS = re.compile(r"^gatherfuzz: schedules (\d+) executions (\d+) steps (\d+)", re.M)

    def measure_one(self, build):
        return {seed: self._with_seed(build, seed) for seed in self.SEEDS}

    def _with_seed(self, build, seed):
        known = f"{self.folder}/known"
        with open(known, "w", encoding="utf-8") as file:
            file.write("*\n")
        said, seconds = run([f"{build}/fuzz/fuzz_full-mm_x86", f"-runs={self.RUNS}",
                             f"-seed={seed}", f"-artifact_prefix={self.folder}/", self.corpus],
                            GATHERFUZZ_COUNTS="1", GATHERFUZZ_KNOWN=known)
        found = self.COUNTS.search(said)
        need(found, f"{build}/fuzz/fuzz_full-mm_x86 failed: {said.strip()[-300:]}")
        schedules, _, steps = map(int, found.groups())
        return types.SimpleNamespace(ns=seconds * 1e9 / steps, us=seconds * 1e6 / schedules,
                                     schedules=schedules, steps=steps)

    def table(self):
        rows = [["seed", "schedules", "steps", "ns/step"]]
        two = len(self.rounds) > 1
        if two:
            rows[0] += ["base", "ratio", "median (quartiles)"]
        rows[0] += ["us/schedule"] + (["base", "ratio"] if two else [])
        for seed in self.SEEDS:
            times, one = self.times(seed), self.rounds[0][0][seed]
            schedule = [min(figures[seed].us for figures in rounds) for rounds in self.rounds]
            row = [str(seed), str(one.schedules), str(one.steps), f"{min(times[0]):.2f}"]
            row += ratio_cells(*times) if two else []
            row += [f"{us:.2f}" for us in schedule]
            rows.append(row + ([f"{schedule[0] / schedule[1]:.3f}"] if two else []))
        return rows


def rate_interval(hits, seconds):
    """Of a rate, 95 %, from a count that is Poisson's: the square root has a variance of 1/4."""
    low, high = max(0, math.sqrt(hits) - 0.98), math.sqrt(hits + 1) + 0.98
    return low * low / seconds, high * high / seconds


class Hits(Part):
    TITLE = "Hits"
    EXECUTIONS = 250_000
    ABOUT = (f"`search --strategy pct --executions {EXECUTIONS} --keep-going`, x86, one thread: "
             "violations, and violations a\nsecond of user time. Intervals are of 95 %; programs of "
             "another commit may differ, where it has other\noperations.")
    TARGETS = ("gatherfuzz",)
    DEFECTS = ("own-range", "slot-taken-twice", "waits-for-elders", "lost-increment", "sync-finish",
               "late-ticket", "nesting-counters", "widen-range")

    def measure_one(self, build):
        return {defect: self._of(f"{build}/gatherfuzz", defect) for defect in self.DEFECTS}

    def _of(self, program, defect):
        # With '_', which older commits have, and this one reads.
        said, seconds = run([program, "search", "--policy", defect, "--arch", "x86", "--strategy",
                             "pct", "--executions", str(self.EXECUTIONS), "--keep_going", "--jobs",
                             "1", "--json"])
        found = json.loads(said.splitlines()[-1])
        return types.SimpleNamespace(ns=seconds * 1e9 / found["total_steps"], seconds=seconds,
                                     hits=sum(found.get("hits", {}).values()))

    def table(self):
        rows = [["defect", "hits", "a CPU second", "95 %"]]
        if len(self.rounds) > 1:
            rows[0] += ["base: hits", "a CPU second", "95 %", "ratio"]
        for defect in self.DEFECTS:
            rates, row = [], [defect]
            for rounds in self.rounds:
                one = rounds[0][defect]
                seconds = min(figures[defect].seconds for figures in rounds)
                low, high = rate_interval(one.hits, seconds)
                rates.append(one.hits / seconds)
                row += [str(one.hits), f"{rates[-1]:.1f}", f"{low:.1f} to {high:.1f}"]
            if len(rates) > 1:
                row.append(f"{rates[0] / rates[1]:.2f}" if rates[1] else "-")
            rows.append(row)
        return rows


class Joined(Part):
    TITLE = "Choices that cannot matter"
    EXECUTIONS = 250_000
    ABOUT = (f"Hits of `search --executions {EXECUTIONS} --keep-going`, x86, without and with "
             "`--joined`, of all defects\nbelow, each alone and in sum; of the sum, the ratio with "
             "its interval of 95 %, and that\nof user time a step; and of each strategy, with "
             "`--joined`, its hits a second of user time.")
    TARGETS = ("gatherfuzz",)
    DEFECTS = ("own-range", "slot-taken-twice", "waits-for-elders", "late-ticket", "lost-increment")
    STRATEGIES = ("surw", "runs", "pos", "landmark", "pct")

    def measure(self, builds):
        if not self.rounds:
            self.rounds = [[]]
        self.rounds[0].append({key: self._of(builds[0], *key) for key in itertools.product(
            self.STRATEGIES, self.DEFECTS, ((), ("--joined",)))})

    def _of(self, build, strategy, defect, joined):
        said, seconds = run([f"{build}/gatherfuzz", "search", "--policy", defect, "--arch", "x86",
                             "--strategy", strategy, "--executions", str(self.EXECUTIONS),
                             "--keep-going", "--jobs", "1", "--json", *joined])
        found = json.loads(said.splitlines()[-1])
        return sum(found.get("hits", {}).values()), seconds, found["total_steps"]

    def table(self):
        rows = [["strategy", *self.DEFECTS, "sum", "ratio (95 %)", "time a step",
                 "hits a CPU second"]]
        for strategy in self.STRATEGIES:
            row, sums, times, steps = [strategy], [0, 0], [0, 0], [0, 0]
            for defect in self.DEFECTS:
                keys = [(strategy, defect, joined) for joined in ((), ("--joined",))]
                hits = [self.rounds[0][0][key][0] for key in keys]
                row.append(f"{hits[0]}, {hits[1]}")
                sums = [total + more for total, more in zip(sums, hits)]
                times = [total + min(figures[key][1] for figures in self.rounds[0])
                         for total, key in zip(times, keys)]
                steps = [total + self.rounds[0][0][key][2] for total, key in zip(steps, keys)]
            ratio = sums[1] / max(sums[0], 1)
            spread = math.exp(1.96 * math.sqrt(sum(1 / max(total, 1) for total in sums)))
            rows.append([*row, f"{sums[0]}, {sums[1]}",
                         f"{ratio:.2f} ({ratio / spread:.2f} to {ratio * spread:.2f})",
                         f"{times[1] / steps[1] * steps[0] / times[0]:.2f}",
                         f"{sums[1] / times[1]:.0f}"])
        return rows


class Peer(Part):
    TITLE = "A peer"
    ABOUT = ("A choice at each step: `search --strategy uniform`, full-mm, x86, one thread, beside "
             "Relacy's random\nscheduler on three threads of 18 operations (bench/peer.cc). Relacy "
             "models the memory of C++ and a toy,\ngatherfuzz page tables, TLBs and an oracle: the "
             "two are of one order, and that is all it says.")
    TARGETS = ("gatherfuzz",)
    PACKAGES = ("relacy-dev",)
    ITERATIONS, EXECUTIONS = 200_000, 50_000

    def measure(self, builds):
        peer = f"{self.folder}/peer"
        if not self.rounds:
            self.rounds = [[]]
            said, _ = run(["g++-12", "-O2", "-w", "-o", peer, "bench/peer.cc"])
            need(not said, f"bench/peer.cc: {said.strip()[:300]}")
        said, _ = run([peer, str(self.ITERATIONS)])
        theirs = float(said.split()[3])
        said, seconds = run([f"{builds[0]}/gatherfuzz", "search", "--policy", "full-mm", "--arch",
                             "x86", "--strategy", "uniform", "--executions", str(self.EXECUTIONS),
                             "--jobs", "1", "--json"])
        ours = seconds * 1e9 / json.loads(said.splitlines()[-1])["total_steps"]
        self.rounds[0].append((ours, theirs))

    def table(self):
        ours, theirs = zip(*self.rounds[0])
        return [["", "ns/step"], ["gatherfuzz, uniform", f"{min(ours):.2f}"],
                ["Relacy, random", f"{min(theirs):.2f}"]]


PARTS = {"replay": Replay, "libfuzzer": LibFuzzer, "hits": Hits, "joined": Joined, "peer": Peer}
