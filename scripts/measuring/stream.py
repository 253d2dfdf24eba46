# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/stream: what a step costs in real fuzzing, beside another commit."""
import lzma
import os
import re
import shutil
import statistics
import subprocess
import time
import types

from lib import command
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import need, number
from lib.terminal import say

USAGE = """\
usage: scripts/stream [--base COMMIT] [--rounds N] [--passes N] [--publish]
Replays 2,000 inputs that a campaign made (bench/stream.xz), as a fuzz target
runs them, under four policies and architectures. Prints nanoseconds of user
time a step, the least of all rounds, and changes of agent a step.
  --base COMMIT  builds that commit as well, in out/stream/, and replays both in
                 turns: the ratio of the least, and the median of the rounds'
                 own ratios with its quartiles; and whether traces and features
                 are the same
  --rounds N     how often, 10 if not given
  --passes N     over all inputs, in each round: 3 if not given
  --publish      also writes docs/results/stream.md; with --base only
The compiler is that of the build folder. Other load on the machine costs
precision: the ratios hold where their quartiles do.
"""
LINE = re.compile(r"(\S+) steps (\d+) changes ([\d.]+) ns ([\d.]+) traces (\w+) features (\w+)")
FOLDER = "out/stream"
RESULTS = "docs/results/stream.md"


def build_base(commit):
    """The program of another commit, from this tree's bench/stream.cc. Builds it once."""
    found = subprocess.run(["git", "rev-parse", "--verify", "--quiet", commit + "^{commit}"],
                           capture_output=True, text=True, check=False)
    need(found.returncode == 0, f"--base: no commit '{commit}' here")
    source = os.path.join(FOLDER, found.stdout.strip()[:12])
    if not os.path.isdir(source):
        fresh = source + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        archive = subprocess.run(["git", "archive", found.stdout.strip()], check=True,
                                 stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", fresh], input=archive.stdout, check=True)
        os.rename(fresh, source)
    for name in ("stream.cc", "stream.cmake"):
        shutil.copy2(f"bench/{name}", f"{source}/bench/{name}")
    lists = f"{source}/bench/CMakeLists.txt"
    with open(lists, encoding="utf-8") as file:
        text = file.read()
    if "include(stream.cmake)" not in text:
        with open(lists, "a", encoding="utf-8") as file:
            file.write("include(stream.cmake)\n")
    build = f"{source}/build"
    build_targets(build, ["stream"], ["-DGATHERFUZZ_TESTS=OFF"], source)
    return f"{build}/bench/stream"


def replay(program, inputs, passes):
    """Subject -> what it came to."""
    said = subprocess.run([program, inputs, str(passes)], capture_output=True, text=True,
                          check=False)
    found = [match.groups() for match in map(LINE.fullmatch, said.stdout.splitlines()) if match]
    need(said.returncode == 0 and found, f"{program} failed: {said.stderr.strip()}")
    return {name: types.SimpleNamespace(steps=int(steps), changes=float(changes), ns=float(ns),
                                        traces=traces, features=features)
            for name, steps, changes, ns, traces, features in found}


def least(rounds, name):
    return min(one[name].ns for one in rounds)


def table(ours, base):
    """Rows of cells, the head first."""
    rows = [["subject", "changes/step", "ns/step"]]
    if base:
        rows[0] += ["base", "ratio", "median (quartiles)", "same"]
    for name, one in ours[0].items():
        row = [name, f"{one.changes:.3f}", f"{least(ours, name):.2f}"]
        if base:
            ratios = [mine[name].ns / theirs[name].ns for mine, theirs in zip(ours, base)]
            low, middle, high = (statistics.quantiles(ratios, n=4) if len(ratios) > 1
                                 else ratios * 3)
            same = [what for what in ("traces", "features")
                    if getattr(one, what) == getattr(base[0][name], what)]
            row += [f"{least(base, name):.2f}", f"{least(ours, name) / least(base, name):.3f}",
                    f"{middle:.3f} ({low:.3f} to {high:.3f})", " ".join(same) or "-"]
        rows.append(row)
    return rows


def print_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip())


def publish(rows, commits, how):
    ours, base = commits
    text = (f"# What a step costs in real fuzzing\n\nWritten by `scripts/stream`, "
            f"{time.strftime('%Y-%m-%d')}: commit {ours} beside {base},\n{how}. The inputs of a "
            "campaign (bench/stream.xz)\nas a fuzz target runs them; nanoseconds of user time, the "
            "least of all rounds.\n\n")
    text += "\n".join(f"| {' | '.join(row)} |" for row in
                      [rows[0], ["---"] * len(rows[0]), *rows[1:]]) + "\n"
    with open(RESULTS + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(RESULTS + ".new", RESULTS)


def commit_of(name):
    return subprocess.run(["git", "rev-parse", "--short=12", name], capture_output=True, text=True,
                          check=True).stdout.strip()


def main(arguments):
    enter_root()
    options = command.read(arguments, USAGE, one=("--base", "--rounds", "--passes"),
                           flags=("--publish",))
    need(options.base or not options.publish, "--publish goes only with --base")
    rounds = number(options.rounds or "10", "--rounds", "a number of rounds", 4)
    passes = number(options.passes or "3", "--passes", "a number of passes", 4)
    install_missing()
    build_targets(build_folder(), ["stream"])
    os.makedirs(FOLDER, exist_ok=True)
    base = build_base(options.base) if options.base else None
    inputs = f"{FOLDER}/inputs"
    with lzma.open("bench/stream.xz") as file, open(inputs + ".new", "wb") as out:
        shutil.copyfileobj(file, out)
    os.rename(inputs + ".new", inputs)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(replay(f"{build_folder()}/bench/stream", inputs, passes))
        if base:
            theirs.append(replay(base, inputs, passes))
    how = f"{rounds} rounds of {passes} passes at a load of {os.getloadavg()[0]:.1f}"
    say(how)
    rows = table(ours, theirs)
    print_table(rows)
    if options.publish:
        publish(rows, [commit_of("HEAD"), commit_of(options.base)], how)
    return 0


if __name__ == "__main__":
    command.main("stream", main)
