# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/callers: a kernel tree's own callers under the schedules and the oracle."""
import json
import os
import resource
import subprocess
import time

from kernel_callers import edits
from kernel_callers.preparing import Prepared, folder_of, unpack
from lib import command
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import Problem, number
from lib.terminal import Line

VERSION = "6.12"
USAGE = f"""\
usage: scripts/callers [--kernel PATH] [--edits] [--runs N] [--installed]
                       [-- CMAKE_OPTION...]
Has a kernel tree's own kbuild make mm/mprotect.o, memory.o, mremap.o,
madvise.o and mmu_gather.o for x86 with CONFIG_KCSAN=y, links them into a
gatherfuzz as the policy `callers` (docs/callers.md), and
  compares N random programs, step by step and state by state, with the
  model's own paths;
  explores every order of the programs in {edits.PROGRAMS}/.
The tree is that of Debian's linux-source-{VERSION}, which it installs; the first
time takes minutes and 2 GB, later ones make what was edited.
  --kernel PATH  this tree, which must not have been built in place; it is
                 only read
  --edits        also: makes each of {len(edits.EDITS)} one-line edits of these files; every
                 order of a program must find it
  --runs N       random programs of the comparison; default 20000
  --installed    install nothing. Exit status 77 if a package lacks
All that is made is in BUILD/callers/.
Exit status: 0 if all is well, 1 if not, 2 for bad usage or a failed build.
"""
PACKAGES = ("flex", "bison", "bc", "libelf-dev", "gcc", "make", "binutils")
LACKS = 77
ADDRESSES = 12_000_000 * 1024  # bytes that a program may have
line = Line()


def main(arguments):
    enter_root()
    options = command.read(arguments, USAGE, one=("--kernel", "--runs"),
                           flags=("--edits", "--installed"), after=True)
    runs = number(options.runs or "20000", "--runs", "a number of programs", 9)
    source = options.kernel and os.path.abspath(options.kernel)
    packages = [*PACKAGES, *([] if source else [f"linux-source-{VERSION}"])]
    if options.installed:
        lacks = [name for name in packages if not _is_installed(name)]
        if lacks:
            print(f"not installed: {' '.join(lacks)}")
            return LACKS
    else:
        install_missing(*packages)
    folder = os.path.abspath(f"{build_folder()}/callers")
    began = time.monotonic()
    source = source or unpack(VERSION, f"{folder}/linux-{VERSION}")
    tree = Prepared(source, f"{folder}/{folder_of(source)}")
    tree.make()
    tree.link(f"{tree.folder}/linked")
    _build(tree, options.after)
    print(f"prepared in {time.monotonic() - began:.0f} s: {source}")
    good = _compare(tree, runs)
    for program in sorted(os.listdir(edits.PROGRAMS)):
        good &= _explore(tree.folder, program.split(".")[0], "none", "as it is")
    return 0 if good and (not options.edits or _edits(tree, options.after)) else 1


def _build(tree, options):
    build_targets(f"{tree.folder}/build", ["gatherfuzz", "callers_differential"],
                  ["-DGATHERFUZZ_TARGETS=OFF", "-DGATHERFUZZ_BENCH=OFF",
                   f"-DGATHERFUZZ_CALLERS={tree.folder}/linked/callers.o", *options])


def _compare(tree, runs):
    line.show(f"comparing {runs} programs ...")
    began = time.monotonic()
    ended = _run([f"{tree.folder}/build/tests/callers_differential", "--runs", str(runs)])
    line.clear()
    print(ended.stdout, end="")
    seconds = time.monotonic() - began
    print(f"compared {runs} programs in {seconds:.1f} s: "
          + ("no difference but these" if ended.returncode == 0 else "DIFFERENT"), flush=True)
    _need_verdict(ended, (0, 1))
    return ended.returncode == 0


def _explore(folder, program, kind, of):
    """Every order of a program; whether that is what comes of it."""
    began = time.monotonic()
    ended = _run([f"{folder}/build/gatherfuzz", "explore", "--json", "--policy", "callers",
                  "--arch", "x86", f"{edits.PROGRAMS}/{program}.gather"])
    _need_verdict(ended, (0, 1))
    answer = json.loads(ended.stdout)
    answer = answer[0] if isinstance(answer, list) else answer
    verdict = answer["verdict"]
    seconds = time.monotonic() - began
    wrong = "" if verdict == kind else f"  FAILED: {kind} was expected"
    print(f"{of:<26}{program:<17}{verdict:<25}{answer['states']:>8} states {seconds:6.2f} s{wrong}",
          flush=True)
    return not wrong


def _edits(tree, options):
    good = True
    for name, edit in edits.EDITS.items():
        line.show(f"{name} ...")
        with open(f"{tree.source}/{edit.file}", encoding="utf-8",
                  errors="surrogateescape") as file:
            text = edits.edited(name, file.read())
        work = f"{tree.folder}/edits/{name}"
        made = f"{work}/{os.path.basename(edit.file)[:-2]}.o"
        tree.compile(edit.file, text, made)
        tree.link(f"{tree.folder}/linked", [(edit.file[:-2] + ".o", made)])
        _build(tree, options)
        line.clear()
        good &= _explore(tree.folder, edit.program, edit.kind, name)
    tree.link(f"{tree.folder}/linked")
    _build(tree, options)
    return good


def _run(arguments):
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)))


def _need_verdict(ended, statuses):
    if ended.returncode in statuses:
        return
    said = (ended.stderr.strip() or ended.stdout.strip() or "nothing").splitlines()[-1]
    raise Problem(f"{os.path.basename(ended.args[0])} ended with status {ended.returncode}: {said}")


def _is_installed(package):
    found = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                           capture_output=True, text=True, check=False)
    return found.stdout == "installed"


if __name__ == "__main__":
    command.main("callers", main)
