# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""How the engines are run: libFuzzer and AFL++, one process for each core.

Both run one program for all targets, fuzz_any and afl_any, which the environment tells what to
test, what is known, and where to count.
"""
import os
import shutil

from lib.children import Child, end_orphans
from lib.engines import AFL, about

PROGRAMS = ("gatherfuzz", "fuzz_any", "afl_any", "libgatherfuzz_mutator.so")


def set_aside(path):
    """A folder of AFL++ that could not be taken over yet gets another name."""
    number = 1
    while os.path.exists(f"{path}-{number}"):
        number += 1
    if os.path.exists(path):
        os.rename(path, f"{path}-{number}")


class Engines:
    """Command lines for one campaign folder."""

    def __init__(self, folder, memory_mb):
        self.folder = folder
        self.memory_mb = memory_mb  # of one process of libFuzzer

    def program(self, name):
        return self.folder.at("local", "bin", name)

    def has_afl(self):
        """Why AFL++ cannot be used; None if it can."""
        if not shutil.which("afl-fuzz"):
            return "afl-fuzz is not installed (package afl++)"
        for name in ("afl_any", "libgatherfuzz_mutator.so"):
            if not os.path.exists(self.program(name)):
                return f"{name} was not built (package afl++)"
        return None

    def environment(self, target, counts=None):
        policy, arch = target.rsplit("_", 1)
        values = {**about(policy, arch), "GATHERFUZZ_KNOWN": self.folder.known(target)}
        if counts:
            end_orphans(f"GATHERFUZZ_COUNTS_FILE={counts}\0")  # one process at a time counts there
            values["GATHERFUZZ_COUNTS_FILE"] = counts
        return values

    def _log(self, target, engine):
        return self.folder.at("local", "logs", f"{target}.{engine}")

    def libfuzzer(self, target, number, seconds):
        """A process on the corpus that all of this host's share."""
        name = f"libfuzzer-{number}"
        return Child(
            [self.program("fuzz_any"), f"-max_total_time={max(1, round(seconds))}", "-reload=1",
             "-timeout=10", f"-rss_limit_mb={self.memory_mb}", "-print_final_stats=1",
             f"-artifact_prefix={self.folder.crashes(target)}/", self.folder.corpus(target)],
            self.environment(target, self.folder.counts(target, name)), self._log(target, name),
            f"{name} on {target}")

    def afl(self, target, number, seconds):
        """Instance 0 is the main one (-M), which also takes what libFuzzer finds meanwhile."""
        host = self.folder.host
        name = f"afl-{number}"
        instance = f"{host}-main" if number == 0 else f"{host}-s{number}"
        out = self.folder.afl(target)
        os.makedirs(out, exist_ok=True)
        set_aside(os.path.join(out, instance))
        role = ["-M", instance] if number == 0 else ["-S", instance]
        foreign = ["-F", self.folder.corpus(target)] if number == 0 else []
        environment = {
            **AFL, "AFL_NO_STARTUP_CALIBRATION": "1", "AFL_NO_CRASH_README": "1",
            "AFL_SYNC_TIME": "1", "AFL_FAST_CAL": "1",
            # Relative, since it is a list of which the folder's name may hold the separator.
            "AFL_CUSTOM_MUTATOR_LIBRARY": "local/bin/libgatherfuzz_mutator.so",
            **self.environment(target, self.folder.counts(target, name))}
        if number % 2 == 1:  # every other one leaves out AFL++'s own mutations of bytes
            environment["AFL_CUSTOM_MUTATOR_ONLY"] = "1"
        return Child(
            ["afl-fuzz", *role, *foreign, "-V", str(max(1, round(seconds))), "-t", "10000",
             "-i", self.folder.corpus(target), "-o", out, "--", self.program("afl_any")],
            environment, self._log(target, name), f"{name} on {target}", folder=self.folder.path)

    def merge(self, target, into, sources):
        """libFuzzer's own: what shows something new goes from `sources` to `into`. Schedules that
        violate count for nothing there. It starts itself again through a shell, by paths that it
        does not quote: they are relative to the folder, whose name may hold anything."""
        folders = [os.path.relpath(path, self.folder.path) for path in (into, *sources)]
        return Child(
            ["local/bin/fuzz_any", "-merge=1", "-timeout=10",
             f"-rss_limit_mb={self.memory_mb}", "-exact_artifact_path=/dev/null", *folders],
            {**self.environment(target), "GATHERFUZZ_KNOWN": self.folder.at("local", "all-known"),
             "TMPDIR": "local/tmp"},
            self._log(target, "merge"), f"merge of {target}", folder=self.folder.path)
