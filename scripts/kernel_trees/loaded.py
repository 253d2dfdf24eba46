# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Debian's kernel trees as shared objects, which the command loads (model/linux/loaded.cc).

  lib/python kernel_trees.loaded VERSION...
prints what GATHERFUZZ_LOAD has to say for policies linux@VERSION. Trees and objects are in
BUILD/trees/."""
import os

from kernel_trees import unpacking
from lib import command
from lib.build import build_folder, enter_root
from lib.command import Problem, need
from lib.jobs import run_one
from lib.subjects import kernel_archs
from patching.objects import compiler, config_of


def make(version):
    """The object of that version."""
    need(os.path.isfile(unpacking.tarball(version)), f"linux-source-{version} is not installed")
    folder = os.path.abspath(f"{build_folder()}/trees")
    tree = unpacking.unpack(version, f"{folder}/{version}")
    path, objects = f"{folder}/{version}.so", []
    for arch in kernel_archs():
        work = f"{folder}/{version}.loaded/{arch}"
        os.makedirs(work, exist_ok=True)
        _run(["model/linux/compile_tree", "build", tree, arch, f"gf_tree_{arch}", work, compiler(),
              "objcopy", *config_of(arch, ())], f"{work}/messages")
        objects.append(f"{work}/tree.o")
    _run([compiler(), "-shared", "-o", path + ".new", *objects],
         f"{folder}/{version}.loaded/messages")
    os.rename(path + ".new", path)
    return path


def _run(arguments, log):
    child = run_one(arguments, log=log)
    if child.status:
        raise Problem(child.last_words())


def main(arguments):
    enter_root()
    print(":".join(f"{version}={make(version)}" for version in arguments))
    return 0


if __name__ == "__main__":
    command.main("kernel_trees.loaded", main)
