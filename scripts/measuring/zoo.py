# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/zoo --found: how long libFuzzer takes to find each entry of the zoo."""
import glob
import json
import os
import statistics
import struct
import subprocess

from lib import command, jobs
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.children import Child
from lib.command import need, number, one_of, seconds
from lib.terminal import say
from measuring.main import Measurement
from measuring.ways import Caps, Found, Subject

USAGE = """\
usage: scripts/zoo --found [OPTION]...
Installs what is missing, builds, and has libFuzzer look for each entry of the
zoo from an empty corpus, with every seed, until the first violation that is the
entry's: of its kind, under its broken line, by a schedule that its fixed line
survives. What else is broken is passed over. Time is that of the processor. Each
run that ends is a line of DIR/runs.csv; a run that has its line is not run
again, so an interrupted measurement goes on where it was.
  --entry IDS     only this entry, or these, separated by ','
  --schedules DIR in place of the zoo: what each stored schedule below DIR shows
                  under its policy, and not under full-mm
  --seeds N       runs of each; default 20
  --seconds TIME  cap of a run: 90 or 90s, 2m; default 60
  --jobs N        runs at a time; default one for each core
  --out DIR       default out/zoo
  --publish       writes docs/results/zoo-found.csv and command/zoo_found.def,
                  from which `gatherfuzz zoo` and docs/zoo.md (scripts/zoo) have
                  what was found
  --no-build      takes what has been built
Exit status: 0 if each entry was found in 19 of 20 seeds; 1 if one was not, or a
run failed; 2 for bad usage; 130 if interrupted.
"""
RESULTS, TABLE = "docs/results/zoo-found.csv", "command/zoo_found.def"
TABLE_HEADER = """\
// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// How long libFuzzer takes to find each entry of the zoo: written by scripts/zoo --found --publish
// from docs/results/zoo-found.csv.
//   GATHERFUZZ_FOUND(id, seeds that found it, seeds, median of executions, of seconds)
"""
SPENT = -24  # by SIGXCPU: all of its time


class ZooWay:
    """libFuzzer, told the entry by the environment."""
    clock_cap = True

    def __init__(self, entry):
        self._about = {"GATHERFUZZ_POLICY": entry["broken"], "GATHERFUZZ_ARCH": entry["arch"],
                       "GATHERFUZZ_FIXED": entry["fixed"], "GATHERFUZZ_KIND": entry["verdict"],
                       "GATHERFUZZ_KERNEL": entry["kernel"], "GATHERFUZZ_MEMORY": entry["memory"]}

    def start(self, build, subject, caps, folder):
        os.mkdir(folder + "/corpus")
        # To name the frames of a crash takes longer than to find most.
        return Child([f"{build}/fuzz/fuzz_any", f"-seed={subject.seed}", "-timeout=10",
                      f"-artifact_prefix={folder}/", folder + "/corpus"],
                     {**self._about, "GATHERFUZZ_COUNTS_FILE": folder + "/counts",
                      "UBSAN_OPTIONS": "symbolize=0"},
                     log=folder + "/stdout", errors=folder + "/stderr", cpu_seconds=caps.seconds)

    def read(self, child, folder):
        found = any(name.startswith("crash-") for name in os.listdir(folder))
        if not found and child.status != SPENT:
            return None
        with open(folder + "/counts", "rb") as file:
            _, executions, schedules = struct.unpack("=3Q", file.read(24))
        return Found(int(found), executions, schedules, child.used)


def entries(gatherfuzz):
    said = subprocess.run([gatherfuzz, "zoo", "--json"], check=False, stdout=subprocess.PIPE)
    need(said.returncode in (0, 1), f"'{gatherfuzz} zoo' ended with {said.returncode}")
    return {entry["id"]: entry for entry in json.loads(said.stdout)["zoo"]}


def stored(gatherfuzz, folder):
    """What the schedules of a folder show, as entries of the zoo; not those that show nothing."""
    found = {}
    for path in sorted(glob.glob(f"{folder}/**/*.gather", recursive=True)):
        said = subprocess.run([gatherfuzz, "run", "--json", path], check=False,
                              stdout=subprocess.PIPE)
        need(said.returncode in (0, 1), f"'{gatherfuzz} run {path}' ended with {said.returncode}")
        run = json.loads(said.stdout)
        if run["verdict"] != "none":
            found[os.path.basename(path)[:-len(".gather")]] = {
                "broken": run["policy"], "fixed": "full-mm", "arch": run["arch"],
                "verdict": run["verdict"], "kernel": run.get("kernel", "6.12"),
                "memory": run.get("memory", "sc")}
    need(found, f"no schedule below '{folder}' shows a violation")
    return found


def read_runs(path):
    """(found, executions, seconds) of each entry's runs."""
    runs = {}
    with open(path, encoding="ascii") as file:
        for line in file.readlines()[1:]:
            _, _, entry, _, found, executions, _, used, *_ = line.split(",")
            runs.setdefault(entry, []).append((int(found), int(executions), float(used)))
    return runs


def summary(runs):
    """Seeds that found it, seeds, and medians; of one that most seeds miss these are -1."""
    endless = float("inf")
    median = [statistics.median_low([run[i] if run[0] else endless for run in runs])
              for i in (1, 2)]
    hits = sum(found for found, _, _ in runs)
    return (hits, len(runs), *([-1, -1] if endless in median else median))


def table(path):
    lines = [f'GATHERFUZZ_FOUND("{entry}", {hits}, {seeds}, {executions}, {used:.3g})\n'
             for entry, (hits, seeds, executions, used) in
             ((entry, summary(runs)) for entry, runs in read_runs(path).items())]
    return TABLE_HEADER + "".join(lines)


def publish(runs_csv, known):
    runs = read_runs(runs_csv)
    need(set(runs) == set(known), "--publish is of all entries; leave out --entry")
    with open(runs_csv, encoding="ascii") as file:
        header, *lines = file.readlines()
    order = {entry: i for i, entry in enumerate(known)}
    lines.sort(key=lambda line: (order[line.split(",")[2]], int(line.split(",")[3])))
    for path, text in ((RESULTS, header + "".join(lines)), (TABLE, None)):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text or table(RESULTS))
        os.rename(path + ".new", path)
    print(f"{RESULTS} and {TABLE} are new; scripts/zoo brings docs/zoo.md up to date")


def read(arguments):
    options = command.read(arguments, USAGE,
                           one=("--seeds", "--seconds", "--jobs", "--out", "--schedules"),
                           lists=("--entry",), flags=("--publish", "--no-build", "--check"))
    need(not (options.publish and options.schedules), "--publish is of the zoo, not of --schedules")
    options.seeds = number(options.seeds or "20", "--seeds", "a number", 6)
    options.seconds = seconds(options.seconds or "60", "--seconds")
    options.jobs = number(options.jobs or str(jobs.cores()), "--jobs", "a number of runs", 4)
    return options


def main(arguments):
    enter_root()
    options = read(arguments)
    if options.check:
        with open(TABLE, encoding="ascii") as file:
            need(file.read() == table(RESULTS), f"{TABLE} is not of {RESULTS}")
        return 0
    build = build_folder()
    if not options.no_build:
        install_missing()
        build_targets(build, ["gatherfuzz", "fuzz_any"], ["-DGATHERFUZZ_TARGETS=ON"])
    known = (stored(f"{build}/gatherfuzz", options.schedules) if options.schedules else
             entries(f"{build}/gatherfuzz"))
    for name in options.entry:
        one_of(name, list(known), "entry")
    asked = [(name, Subject(known[name]["broken"], known[name]["arch"], seed))
             for seed in range(1, options.seeds + 1) for name in options.entry or known]
    measurement = Measurement(build, options.out or "out/zoo", Caps(options.seconds, 0),
                              {name: ZooWay(entry) for name, entry in known.items()}, asked)
    command.when_interrupted = f"the same command goes on from {measurement.record.path}"
    measurement.run(options.jobs)
    missed = report(read_runs(measurement.record.path), options.entry or known)
    if options.publish:
        publish(measurement.record.path, known)
    if measurement.failed:
        say(f"scripts/zoo: {measurement.failed} runs failed")
    return 1 if missed or measurement.failed else 0


def report(runs, wanted):
    """Prints what came of each, and returns how many were not found in 19 of 20 seeds."""
    missed = 0
    for entry in (name for name in wanted if name in runs):
        hits, seeds, executions, used = summary(runs[entry])
        missed += hits < seeds - seeds // 20
        typical = f"median {executions} executions, {used:.2f} s" if executions >= 0 else "-"
        print(f"{entry:5} {hits:2} of {seeds}  {typical}")
    return missed


if __name__ == "__main__":
    command.main("zoo", main)
