# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/stream: what real fuzzing costs and finds, beside another commit."""
import lzma
import os
import shutil
import sys
import time

from lib import command
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import need, number, one_of
from measuring import beside
from measuring.stream_parts import PARTS

USAGE = """\
usage: scripts/stream [--base COMMIT] [--part PART] [--rounds N] [--passes N]
                      [--publish]
What a step costs in real fuzzing, and what it finds. The parts:
  replay     2,000 inputs that a campaign made (bench/stream.xz), as a fuzz
             target runs them, under four policies and architectures:
             nanoseconds of user time a step, the least of all rounds, and
             changes of agent a step
  libfuzzer  the engine itself, with fixed seeds on these inputs as its corpus:
             nanoseconds of user time a step
  hits       random programs under eight defects, 250,000 executions each:
             violations, and violations a second of processor time, with
             intervals of 95 %
  joined     hits with choices that cannot matter, and without them
  peer       a choice at each step, here and in Relacy (Debian's relacy-dev,
             which is installed)
Other load on the machine costs precision: ratios hold where their quartiles do.

  --base COMMIT  builds that commit as well, in out/stream/, and measures both
                 in turns: the ratio of the least, and the median of the rounds'
                 own ratios with its quartiles; in `replay` also whether traces
                 and features are the same
  --part PART    one of the above; may be given several times; default replay
  --rounds N     how often, 10 if not given
  --passes N     over all inputs, in each round of `replay`: 3 if not given
  --publish      all parts, and writes docs/results/stream.md; with --base only
The compiler is that of the build folder.
"""
FOLDER = "out/stream"
RESULTS = "docs/results/stream.md"


def unpack(folder):
    """The recorded inputs, in one file and as a corpus: (file, folder)."""
    file, corpus = f"{folder}/inputs", f"{folder}/corpus"
    with lzma.open("bench/stream.xz") as packed:
        data = packed.read()
    with open(file + ".new", "wb") as out:
        out.write(data)
    os.rename(file + ".new", file)
    shutil.rmtree(corpus, ignore_errors=True)
    os.makedirs(corpus)
    at = count = 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 2], "little")
        with open(f"{corpus}/{count:04}", "wb") as out:
            out.write(data[at + 2:at + 2 + size])
        at, count = at + 2 + size, count + 1
    return file, corpus


def print_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip())


def publish(parts, commits, how):
    ours, base = commits
    text = (f"# What a step costs in real fuzzing\n\nWritten by `scripts/stream`, "
            f"{time.strftime('%Y-%m-%d')}: commit {ours} beside {base},\n{how}. Times are user "
            "time, the least of\nall rounds; `median` is of the rounds' own ratios.\n")
    for part, rows in parts:
        text += f"\n## {part.TITLE}\n\n{part.ABOUT}\n\n"
        text += "\n".join(f"| {' | '.join(row)} |" for row in
                          [rows[0], ["---"] * len(rows[0]), *rows[1:]]) + "\n"
    with open(RESULTS + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(RESULTS + ".new", RESULTS)


def main(arguments):
    enter_root()
    options = command.read(arguments, USAGE, one=("--base", "--rounds", "--passes"),
                           many=("--part",), flags=("--publish",))
    need(options.base or not options.publish, "--publish goes only with --base")
    need(not options.part or not options.publish, "--publish is of all parts")
    for name in options.part:
        one_of(name, list(PARTS), "part")
    rounds = number(options.rounds or "10", "--rounds", "a number of rounds", 4)
    passes = number(options.passes or "3", "--passes", "a number of passes", 4)
    chosen = list(PARTS) if options.publish else options.part or ["replay"]
    os.makedirs(FOLDER, exist_ok=True)
    file, corpus = unpack(FOLDER)
    parts = [PARTS[name](FOLDER, file, corpus, passes) for name in PARTS if name in chosen]
    install_missing(*(package for part in parts for package in part.PACKAGES))
    targets = [target for part in parts for target in part.TARGETS]
    base = options.base and beside.commit_of(options.base)
    builds = [build_folder()] + ([beside.build_base(base, FOLDER, targets)] if base else [])
    build_targets(builds[0], targets)
    for _ in range(rounds):
        for part in parts:
            part.measure(builds)
    how = f"{rounds} rounds at a load of {os.getloadavg()[0]:.1f}"
    print(how, file=sys.stderr)
    tables = [(part, part.table()) for part in parts]
    for number_of, (_, rows) in enumerate(tables):
        print(end="\n" if number_of else "")
        print_table(rows)
    if options.publish:
        publish(tables, [beside.commit_of("HEAD"), base], how)
    return 0


if __name__ == "__main__":
    command.main("stream", main)
