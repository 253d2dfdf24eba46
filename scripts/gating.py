# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/gate: how often search meets each known defect. Writes tests/command/gate.txt."""
import glob
import math
import re
import tempfile
from typing import NamedTuple

from lib import jobs
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import Problem, main, need, number, read
from lib.gatherfuzz import last_object, listed
from lib.terminal import Line

USAGE = """\
usage: scripts/gate [EXECUTIONS]
Measures how often `gatherfuzz search` meets each known defect. Writes
tests/command/gate.txt, and all figures to BUILD/gate.tsv. EXECUTIONS (60000) is
for random programs; a stored schedule's gets half of it. Known defects are the
published policies and planted ones that have a schedule in corpus/ that shows a
violation.
"""
STRATEGIES = ("pct", "landmark", "pos", "surw", "runs", "uniform")
LEAST = 0.0002  # a search that finds less often than that would make the gate slow
HEADER = """\
# Known defects, and how often `gatherfuzz search` meets them: written by scripts/gate, read by
# tests/command/gate.sh. The file is the one whose programs are run, or - for random ones; the
# probability is a lower bound, with 99.9 % confidence, of a violation in one execution.
#
# policy arch strategy file probability
"""
VIOLATION = re.compile(r"^expect (?!none *(?:#|$))[a-z-]+ *(?:#|$)", re.M)
NONE = re.compile(r"^expect none *(?:#|$)", re.M)


class Figure(NamedTuple):
    policy: str
    arch: str
    strategy: str
    file: str  # "-": random programs
    hits: int
    executions: int
    low: float

    def line(self):
        return "\t".join(map(str, (*self[:-1], self.shown())))

    def shown(self):
        """The probability, as tests/command/gate.txt has it."""
        return f"{self.low:.3g}"


def lower_bound(p, n):
    """Of a probability that was measured as p in n executions, with 99.9 % confidence (Wilson)."""
    z = 3.0902
    return max(0.0, (p + z * z / (2 * n) - z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
               / (1 + z * z / n))


def shows_violation(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return bool(VIOLATION.search(text)) and not NONE.search(text)


def defects(archs, corpus="corpus"):
    """(policy, architecture, the first stored schedule that shows a violation) of each."""
    folders = [path.rstrip("/") for arch in archs
               for path in glob.glob(f"{corpus}/**/{arch}/", recursive=True)]
    for folder in sorted(folders):
        policy, arch = folder.split("/")[-2:]
        files = [file for file in sorted(glob.glob(folder + "/*.gather")) if shows_violation(file)]
        if files:
            yield policy, arch, files[0]


def measure(gatherfuzz, log, policy, arch, strategy, file, executions):
    flags = ["--policy", policy, "--arch", arch, "--strategy", strategy, "--executions",
             str(executions), "--seed", "1000", "--keep-going", "--json"]
    child = jobs.run_one([gatherfuzz, "search", *flags, *([] if file == "-" else [file])], log=log,
                         errors=log + ".err")
    if child.status not in (0, 1):
        raise Problem(f"search ended with {child.shell_status} for {policy} on {arch}, {strategy}")
    p = last_object(log)["probability"]
    return Figure(policy, arch, strategy, file, round(p * executions), executions,
                  lower_bound(p, executions))


def measure_all(build, executions):
    """A figure for each defect, strategy and kind of programs; BUILD/gate.tsv has them."""
    gatherfuzz, line, figures = f"{build}/gatherfuzz", Line(), []
    found = list(defects(listed(gatherfuzz)[2]))
    with open(build + "/gate.tsv", "w", encoding="ascii") as table, \
            tempfile.TemporaryDirectory() as scratch:
        for begun, (policy, arch, stored) in enumerate(found, 1):
            line.show(f"{policy} on {arch} ({begun} of {len(found)})")
            for strategy in STRATEGIES:
                for file, most in (("-", executions), (stored, executions // 2)):
                    figures.append(measure(gatherfuzz, scratch + "/search", policy, arch, strategy,
                                           file, most))
                    table.write(figures[-1].line() + "\n")
                    table.flush()
    line.clear()
    return figures


def chosen(figures):
    """Of each defect, for random programs and for the stored one: pct where it finds it often
    enough, otherwise the strategy that finds it most often; for the stored one, the best."""
    best = {}
    for figure in figures:
        key = (figure.policy, figure.arch, figure.file == "-")
        preferred = key[2] and figure.strategy == "pct" and float(figure.shown()) >= LEAST
        rank = 2 if preferred else float(figure.shown())
        if rank > best.get(key, (-1, None))[0]:
            best[key] = (rank, figure)
    return [figure for rank, figure in best.values() if rank >= LEAST]


def write(figures):
    lines = chosen(figures)
    rare = {(f.policy, f.arch) for f in figures} - {(f.policy, f.arch) for f in lines}
    with open("tests/command/gate.txt", "w", encoding="ascii") as file:
        file.write(HEADER)
        for f in lines:
            file.write(f"{f.policy} {f.arch} {f.strategy} {f.file} {f.shown()}\n")
    need(not rare, "too rare for the gate, with every strategy:\n"
         + "\n".join(sorted(map(" ".join, rare))))
    print(f"{len(lines)} lines in tests/command/gate.txt; all figures are in {build_folder()}/gate.tsv")


def gate(arguments):
    enter_root()
    places = read(arguments, USAGE, places=True).places
    need(len(places) < 2, "one number of EXECUTIONS; see --help")
    executions = number((places or ["60000"])[0], "EXECUTIONS", "a number", 9)
    install_missing()
    build_targets(build_folder(), ["gatherfuzz"])
    write(measure_all(build_folder(), executions))
    return 0


if __name__ == "__main__":
    main("gate", gate)
