# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/trees: Debian's kernel trees, and the model against them."""
import os
import re
import sys

from kernel_trees import checks, unpacking
from lib import command
from lib.build import build_folder, build_targets, enter_root, install_missing
from lib.command import need, number

USAGE = """\
usage: scripts/trees [--installed] [--runs N] [--quick | --speed] [VERSION...]
                     [-- CMAKE_OPTION...]
Installs Debian's linux-source-VERSION (6.1 and 6.12 if none is named), takes
the few files of the gather out of it, and, for each of them on x86 and arm64:
runs the corpus, every order of the small programs, and the comparison with
full-mm (docs/kernel-tree-differential.md); that also of the tree edited in
three ways, of which the model must do the same. Where CPUs switch, x86's own
tlb.c and arm64's context.c are compared as well, and every order of a program
must find each of their one-line edits (docs/switching.md). On riscv: the same
programs, edits of its own files, and from 6.9 on the comparison with full-mm.
  --installed     install nothing; only what is there. Exit status 77 if nothing
                  is
  --runs N        random schedules of each comparison; default 20000
  --quick         the trees as they are, on x86 and arm64 only: no edits
  --speed         also: schedules a second, which must be 0.8 of full-mm's at
                  least
GATHERFUZZ_TREES names versions that --installed must find. Trees and build are
in BUILD/trees/.
Exit status: 0 if all is well, 1 if not, 2 for bad usage or a failed build.
"""
NOTHING_INSTALLED = 77


def read(arguments):
    options = command.read(arguments, USAGE, one=("--runs",),
                           flags=("--installed", "--quick", "--speed"), places=True, after=True)
    need(not (options.quick and options.speed), "--speed is not of --quick; see --help")
    options.runs = number(options.runs or "20000", "--runs", "a number of schedules", 9)
    for version in options.places:
        need(re.fullmatch(r"\d+\.\d+", version), f"not a version: '{version}'; see --help")
    options.versions = options.places or ["6.1", "6.12"]
    return options


def installed(versions):
    """Those of them that are; all that GATHERFUZZ_TREES names must be."""
    for version in os.environ.get("GATHERFUZZ_TREES", "").split():
        need(os.path.isfile(unpacking.tarball(version)),
             f"linux-source-{version} is not installed")
    there = [version for version in versions if os.path.isfile(unpacking.tarball(version))]
    if not there:
        print(f"no kernel tree is installed: scripts/trees installs {' '.join(versions)}")
        sys.exit(NOTHING_INSTALLED)
    return there


def main(arguments):
    enter_root()
    options = read(arguments)
    versions = options.versions
    if options.installed:
        versions = installed(versions)
    else:
        install_missing(*(f"linux-source-{version}" for version in versions))
    trees = unpacking.prepare(versions, os.path.abspath(build_folder() + "/trees"),
                              edits=not options.quick)
    folder = build_folder() + ("/trees/quick" if options.quick else "/trees/build")
    targets = ["gatherfuzz", "kernel_differential", "cpu_differential", "asid_differential",
               *([] if options.quick else ["kernel_memory"]),
               *(["throughput"] if options.speed else [])]
    kernels = ";".join(f"{name}={path}" for name, path in trees.items())
    build_targets(folder, targets, ["-DGATHERFUZZ_TARGETS=OFF", "-DGATHERFUZZ_BENCH=ON",
                                    f"-DGATHERFUZZ_KERNEL={kernels}", *options.after])
    policies = [f"linux@{version}" for version in versions]
    failed = (checks.quick if options.quick else checks.all_of)(folder, policies, options.runs)
    if options.speed and not checks.fast_enough(folder, versions):
        print("FAILED  slower than 0.8 of full-mm")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    command.main("trees", main)
