# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Shared objects of kernel trees, which the command loads (model/linux/loaded.cc).

Each lies in a folder named by the hash of all that goes into it, with the files of the tree that it
was made of, so that the same tree is compiled once. They count the lines that run.
"""
import contextlib
import fcntl
import functools
import glob
import hashlib
import os
import re
import shutil
import sys

from lib.build import ROOT, build_folder
from lib.command import Problem
from lib.jobs import run, run_one
from lib.subjects import gather_files
from patching.confine import Confined
from patching.copies import copy_files
from patching.hunks import printable

COUNTS = ("-fprofile-instr-generate", "-fcoverage-mapping")
MARK = "gatherfuzz: "  # before an error of compile_tree
KEPT = 48  # objects; the oldest go


@contextlib.contextmanager
def alone():
    """One script at a time makes and examines objects of a build folder; others wait."""
    os.makedirs(f"{build_folder()}/kernel-objects", exist_ok=True)
    with open(f"{build_folder()}/kernel-objects/lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("waiting for another script that uses this build folder", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def compiler():
    return os.environ.get("CXX", "clang++-19")


@functools.cache
def _default_config(arch):
    with open("model/linux/CMakeLists.txt", encoding="utf-8") as file:
        return re.search(rf"^set\(kernel_config_{arch} ([^)]*)\)", file.read(), re.M)[1].split()


def config_of(arch, items):
    """OPTION=VALUE of one architecture: the default, changed by items of --config."""
    options = dict(option.split("=") for option in _default_config(arch))
    for item in items:
        of, _, option = item.rpartition(":")
        if of in ("", arch):
            options.update([option.split("=")])
    return [f"{name}={value}" for name, value in options.items()]


class TreeObject:
    """The shared object of one tree, in a folder that stays."""

    def __init__(self, source, archs, config):
        self.archs = archs
        self._config = {arch: config_of(arch, config) for arch in archs}
        self.hash = self._hash_of(source)
        self.folder = os.path.abspath(f"{build_folder()}/kernel-objects/{self.hash}")
        self.path = f"{self.folder}/tree.so"
        self.tree = f"{self.folder}/tree"

    def _hash_of(self, source):
        sha = hashlib.sha1(repr((self._config, compiler(), COUNTS)).encode())
        for path in [f"{source}/{file}" for file in gather_files(self.archs)] + _shim():
            if os.path.exists(path):
                with open(path, "rb") as file:
                    sha.update(path.removeprefix(source).encode() + b"\0" + file.read())
        return sha.hexdigest()[:16]

    def work(self, arch):
        return f"{self.folder}/{arch}"

    def build(self, source, shown):
        """Unless it is there. `shown` is what errors call the tree."""
        if os.path.exists(self.path):
            os.utime(self.folder)
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.tree)
        copy_files(source, gather_files(self.archs), self.tree)
        children = {}
        run([self._compile(arch, children) for arch in self.archs], 2)
        for arch in self.archs:
            if children[arch].status != 0:
                self._refuse(arch, children[arch], shown)
        self._link(shown)
        _forget_old()

    def _compile(self, arch, children):
        """Work: one architecture. What the compiler sees is the copy."""
        os.makedirs(self.work(arch))
        for verb in ("preprocess", "build"):
            child = Confined(
                [f"{ROOT}/model/linux/compile_tree", verb, self.tree, arch, f"gf_tree_{arch}",
                 self.work(arch), compiler(), "objcopy", *self._config[arch], "--", *COUNTS],
                writable=self.work(arch), readable=(self.tree,),
                log=f"{self.work(arch)}/messages")
            yield child
            if child.status != 0:
                break
        children[arch] = child

    def _refuse(self, arch, child, shown):
        with open(child.log, encoding="utf-8", errors="replace") as file:
            said = next((line[len(MARK):] for line in file if line.startswith(MARK)),
                        "the compiler was ended by a limit")
        said = said.strip().replace(self.tree + "/", "")
        for ours in (r" \(the compiler's words: .*", f"^the tree at {self.tree} "
                     rf"(does not compile for {arch}: )?"):
            said = re.sub(ours, "", said)
        shutil.rmtree(self.folder, ignore_errors=True)
        raise Problem(f"{shown} does not build for {arch}: {printable(said)[:500]}")

    def _link(self, shown):
        objects = [f"{self.work(arch)}/tree.o" for arch in self.archs]
        linked = run_one([compiler(), "-shared", COUNTS[0], "-o", self.path + ".new", *objects],
                         writable=self.folder, log=f"{self.folder}/messages", kind=Confined)
        if linked.status:
            raise Problem(f"{shown} cannot be linked: {linked.last_words()}")
        os.rename(self.path + ".new", self.path)


@functools.cache
def _shim():
    files = glob.glob("model/linux/shim/**/*", recursive=True)
    return sorted([path for path in files if os.path.isfile(path)]
                  + glob.glob("model/linux/facade.*")
                  + ["model/linux/cpu.c", "model/linux/compile_tree"])


def _forget_old():
    folders = glob.glob(f"{build_folder()}/kernel-objects/*/")
    for folder in sorted(folders, key=os.path.getmtime)[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
