# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/survival: how long each way to search takes to find each defect."""
import os
import shutil
import subprocess
import time

from lib import command, jobs
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import Problem
from lib.engines import write_seed
from lib.terminal import Line, say
from measuring import defects
from measuring.options import read
from measuring.record import Record
from measuring.ways import WAYS, Caps, Subject

# Those that depend on the operations as well as on their order (docs/ground-truth.md).
PROGRAM_DEFECTS = (
    "short-wide-range,first-vma-verdict,generation-wrap,first-overlap-only,list-of-two,"
    "forced-is-enough,pte-level-only,overlap-off-by-one,canary,clean-not-recorded,"
    "huge-not-recorded,level-hint,largest-stride,table-before-flush,table-batch-full,"
    "forced-flush-short")


def commit():
    """What is measured."""
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    if head.returncode != 0:
        return "unknown"
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", ".", ":!docs"], check=False)
    return head.stdout.strip() + ("-dirty" if changed.returncode else "")


class Measurement:
    """The runs that are asked for, (way, subject) each, in folders below OUT/running while they go
    on. `ways` is what there is of these, by name."""

    def __init__(self, build, out, caps, ways, asked):
        self._build = os.path.abspath(build)
        self._caps = caps
        self._ways = ways
        self._asked = asked
        self._line = Line()
        self._commit = commit()
        self.record = Record(out)
        self._running = self.record.folder + "/running"
        self._failures = self.record.folder + "/failed"
        self.failed = 0

    def _settings(self, way):
        """What each run of it is measured at."""
        seconds = self._caps.seconds if self._ways[way].clock_cap else 0
        return f"{self._caps.schedules},{seconds},{self._commit}"

    def run(self, most):
        todo = [(way, subject) for way, subject in self._asked
                if not self.record.has(way, subject, self._settings(way))]
        for folder in (self._running, self._failures):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
        try:
            if any(way.startswith("afl") for way, _ in todo):
                write_seed(self._build + "/gatherfuzz", self._running + "/seed")
            jobs.run(self._works(todo), most)
        finally:
            shutil.rmtree(self._running, ignore_errors=True)
            self._line.clear()

    def _works(self, todo):
        for started, (way, subject) in enumerate(todo, 1):
            self._line.show(f"run {started} of {len(todo)}, at most {self._caps.seconds} s each: "
                            f"{subject.policy} {subject.arch} {way} {subject.seed}")
            yield self._one(way, subject)
        self._line.show("waiting for the last runs")

    def _one(self, way, subject):
        """A run, and its line; a generator that waits by yielding the child."""
        name = f"{subject.policy},{subject.arch},{way},{subject.seed}"
        folder = f"{self._running}/{name}"
        os.mkdir(folder)
        child = self._ways[way].start(self._build, subject, self._caps, folder)
        yield child
        said = self._ways[way].read(child, folder)
        if said is not None:
            self.record.add(way, subject, said, self._settings(way))
            shutil.rmtree(folder)
            return
        self.failed += 1
        os.rename(folder, f"{self._failures}/{name}")
        self._line.say(f"scripts/{command.script}: {subject.policy} {subject.arch} {way}, seed "
                       f"{subject.seed}, failed ({child.shell_status}); "
                       f"see {self._failures}/{name}")


def first_line(*arguments):
    try:
        said = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False).stdout
    except OSError:
        return ""
    return said.partition("\n")[0]


def cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(": ")[2] for line in file if line.startswith("model name")]
    return models[0].strip() if models else ""


def write_results(csv, options, build):
    """The table and the plot, in DIR or in docs/."""
    results = "docs/results" if options.publish else os.path.dirname(csv)
    os.makedirs(results, exist_ok=True)
    day = time.strftime("%Y-%m-%d", time.gmtime(os.path.getmtime(csv)))
    written = subprocess.run(
        [f"{build}/bench/survival", "--runs", csv, "--table", f"{results}/survival.md", "--plot",
         f"{results}/survival.svg", "--program-defects", PROGRAM_DEFECTS, "--notes",
         options.notes or "", "--date", day, "--cores", str(jobs.cores()), "--cpu", cpu(),
         "--compiler", first_line(os.environ.get("CXX") or "clang++-19", "--version")],
        check=False)
    if written.returncode:
        raise Problem("the runs could not be read")
    if options.publish:
        shutil.copyfile(csv, results + "/survival.csv")
    print(f"{results}/survival.md and {results}/survival.svg, of {csv}")


def main(arguments):
    enter_root()
    options = read(arguments)
    build = build_folder()
    if not options.no_build:
        install_missing()
        needed = [target for way in options.ways for target in WAYS[way].builds]
        build_targets(build, ["gatherfuzz", "survival", *needed], ["-DGATHERFUZZ_TARGETS=ON"])
    # Seeds outermost, so that what was interrupted is about as far with each.
    asked = [(way, Subject(policy, arch, seed)) for seed in range(1, options.seeds + 1)
             for policy, arch in defects.choose(f"{build}/gatherfuzz", options)
             for way in options.ways]
    measurement = Measurement(build, options.out, Caps(options.seconds, options.schedules), WAYS,
                              asked)
    command.when_interrupted = f"the same command goes on from {measurement.record.path}"
    measurement.run(options.jobs)
    write_results(measurement.record.path, options, build)
    if measurement.failed:
        say(f"scripts/survival: {measurement.failed} runs failed")
    return 1 if measurement.failed else 0


if __name__ == "__main__":
    command.main("survival", main)
