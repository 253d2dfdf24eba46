# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/mutants: which one-line edits of a kernel tree's gather are caught."""
import os
import re
import resource
import subprocess
import sys

from lib import command, jobs
from lib.build import enter_root, install_missing
from lib.command import Problem, need, number, one_of, seconds
from lib.subjects import kernel_archs
from lib.terminal import Line
from mutation import table
from mutation.checking import Bounds
from mutation.mutants import Mutants
from mutation.results import Results
from mutation.tree import Tree, build_tree

USAGE = """\
usage: scripts/mutants --kernel PATH [--arch NAMES] [--time TIME] [--jobs N]
                       [--only N[..M]]
                       [--out DIR] [--list]
Makes one-line mutants of mm/mmu_gather.c and the headers around it, of the tree
at PATH, outside of this repository, and runs each as policy linux until a
violation: the stored schedules of corpus/, then random programs, then every
order of every small program. docs/mutants.md says more.
  --kernel PATH   the tree; its files stay as they are
  --arch NAMES    only this architecture, or these, separated by ','
  --time TIME     about how long, for each mutant that survives: 90 or 90s, 30m;
                  default 10s
  --jobs N        mutants at a time; default one for each core
  --only N[..M]   only the mutants of these numbers
  --out DIR       where everything goes; default out/mutants. What was done
                  there is not done again
  --list          only print the mutants: number, file, line, function,
                  operator, what; and how many
Verdicts: a kind of violation, crash, hang (caught); does not compile, same code
(the compiler makes the same of it), not called (it differs only where the
harness never goes), survived. Survivors that scripts/survivors.tsv knows have
their class there: equivalent, out of scope, missed. The table is printed, and
is DIR/mutants.tsv. Exit status: 0 when done; 2 for bad usage, or if the tree as
it is does not pass; 130 if interrupted: the same command goes on.
"""


def read(arguments):
    options = command.read(arguments, USAGE, lists=("--arch",), flags=("--list",),
                           one=("--kernel", "--time", "--jobs", "--only", "--out"))
    need(options.kernel, "--kernel PATH is missing; see --help")
    options.seconds = seconds(options.time or "10", "--time")
    options.jobs = number(options.jobs or str(jobs.cores()), "--jobs", "a number of mutants", 4)
    only = re.fullmatch(r"(\d{1,6})(?:\.\.(\d{1,6}))?", options.only or "1..999999")
    need(only, "--only: N or N..M")
    options.first, options.last = int(only[1]), int(only[2] or only[1])
    for arch in options.arch:
        one_of(arch, kernel_archs(), "architecture")
    options.archs = options.arch or kernel_archs()
    return options


def folders(options):
    """The tree and where everything goes, with full paths."""
    checked = subprocess.run(["model/linux/compile_tree", "check", options.kernel,
                              *kernel_archs()], check=False)
    if checked.returncode:  # it has said why
        sys.exit(2)
    kernel = os.path.abspath(options.kernel)
    out = os.path.abspath(options.out or "out/mutants")
    need(not (out + "/").startswith(kernel + "/"),
         f"--out: {out} lies in the tree; name another folder")
    os.makedirs(out, exist_ok=True)
    return kernel, out


def check_as_it_is(trees, results, bounds, line):
    """Mutants are compared with the tree, so it has to pass."""
    for tree in trees.values():
        if results.has_passed(tree.arch):
            continue
        line.show(f"the tree as it is, {tree.arch}")
        checked = []
        jobs.run([tree.check(bounds, checked)], 1)
        if checked[0].verdict != "survived":
            raise Problem(f"the tree as it is does not pass on {tree.arch}: "
                          f"{', '.join(checked[0])}; there is nothing to compare mutants with")
        results.passed(tree.arch)


def works(todo, trees, results, bounds, line):
    for started, (mutant, arch) in enumerate(todo, 1):
        if results.has(mutant.number, arch):
            continue
        line.show(f"mutant {mutant.number} on {arch} ({started} of {len(todo)})")
        yield trees[arch].run_mutant(mutant, bounds, results)
    line.show("waiting for the last mutants")


def main(arguments):
    enter_root()
    options = read(arguments)
    kernel, out = folders(options)
    install_missing("python3")
    mutants = Mutants(kernel)
    mutants.write_list(out + "/list")
    if options.list:
        print(mutants.listing, end="", flush=True)
        print(f"{len(mutants.all)} mutants", file=sys.stderr)
        return 0
    command.when_interrupted = "the same command goes on"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    build = build_tree(kernel, out)
    bounds = Bounds(options.seconds)
    line = Line()
    try:
        trees = {arch: Tree(kernel, arch, build, out) for arch in options.archs}
        for tree in trees.values():
            line.show(f"the tree as it is, {tree.arch}")
            jobs.run([tree.prepare()], 1)
        results = Results(out, build, bounds, mutants)
        check_as_it_is(trees, results, bounds, line)
        todo = mutants.chosen(options.first, options.last, options.archs)
        need(todo, f"--only {options.first}..{options.last}: there are {len(mutants.all)} mutants")
        jobs.run(works(todo, trees, results, bounds, line), options.jobs)
    finally:
        line.clear()
    table.write(out + "/mutants.tsv", todo, results)
    table.show(out + "/mutants.tsv")
    return 0


if __name__ == "__main__":
    command.main("mutants", main)
