# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What a tree is put through, on each architecture: always the same, so that two trees compare.

The corpus is replayed, every order of small programs explored, of some also under weaker memory,
and random programs searched from a fixed seed. Results stay with the tree's object; a tree that is
known is not run again.
"""
import functools
import glob
import json
import os
import shutil
import time

from lib import jobs
from lib.build import ROOT, build_folder, build_targets, install_missing
from lib.files import read_json, read_json_lines, sha1_of
from lib.subjects import stored_for_trees
from patching.confine import Confined

PROGRAMS = "small"
# Under the memory of an architecture: where the orders of a gather's accesses tell. riscv's is sc
# only.
WEAKER = {"x86": "pages=2 kinds=munmap,dontneed memory=tso",
          "arm64": "pages=2 kinds=munmap,dontneed memory=weak",
          "riscv": "pages=2 kinds=munmap,dontneed"}
NONE, LIMIT, CRASHED, HUNG = "none", "limit", "crashed itself", "does not end"
ENDED = (124, 137)  # by timeout(1)
DEAD = (CRASHED, HUNG)  # of code that answers nothing
ANSWERS = (0, 1, 3)  # exit statuses of a command that did its work


@functools.cache
def binary():
    return os.path.abspath(os.environ.get("GATHERFUZZ_COMMAND")
                           or f"{build_folder()}/gatherfuzz")


def build_binary():
    """With all that judging takes; unless GATHERFUZZ_COMMAND says which to use."""
    if not os.environ.get("GATHERFUZZ_COMMAND"):
        install_missing("git", "bubblewrap")
        build_targets(build_folder(), ["gatherfuzz"])


@functools.cache
def _binary_hash():
    return sha1_of(binary())


class Examination:
    """Of one tree on one architecture."""

    def __init__(self, tree, arch, executions):
        self.tree = tree
        self.arch = arch
        self._executions = executions
        self.folder = f"{tree.folder}/results/{_binary_hash()[:8]}-{executions}/{arch}"
        self.fresh = False  # whether it was run now

    @property
    def result(self):
        return read_json(f"{self.folder}/result.json")

    @property
    def profile(self):
        return f"{self.folder}/profile"

    def work(self):
        """Work for jobs.run()."""
        if self.result is not None:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder + "/counts")
        self.fresh = True
        threads = str(max(1, jobs.cores() // len(self.tree.archs)))
        result = {}
        for part, arguments in (
                ("replay", ["run", "--json", *(f"{ROOT}/{file}" for file in stored_for_trees())]),
                ("small", ["explore", "--json", "--programs", PROGRAMS, "--jobs", threads]),
                ("weaker", ["explore", "--json", "--programs", WEAKER[self.arch], "--jobs",
                            threads]),
                ("search", ["search", "--json", "--executions", str(self._executions), "--jobs",
                            threads])):
            dead = next((answer for answer in result.values() if answer["verdict"] in DEAD), None)
            if dead:  # it would be so again, and take as long
                result[part] = {**dead, "seconds": 0.0}
                continue
            child = self._child(part, arguments)
            yield child
            result[part] = self._answer(part, child)
        merge = Confined(
            ["llvm-profdata-19", "merge", "-sparse", "-failure-mode=all", "-o", self.profile,
             *glob.glob(self.folder + "/counts/*")],
            writable=self.folder, log=self.folder + "/merge.log")
        yield merge
        with open(f"{self.folder}/result.new", "w", encoding="ascii") as file:
            json.dump(result, file)
        os.rename(f"{self.folder}/result.new", f"{self.folder}/result.json")

    def _child(self, part, arguments):
        return Confined(
            [binary(), arguments[0], "--policy", "linux@tree", "--arch", self.arch,
             *arguments[1:]],
            writable=self.folder, readable=(binary(), self.tree.path),
            environment={"GATHERFUZZ_LOAD": f"tree={self.tree.path}",
                         "LLVM_PROFILE_FILE": f"{self.folder}/counts/{part}"},
            log=f"{self.folder}/{part}.json", errors=f"{self.folder}/{part}.log")

    def _answer(self, part, child):
        seconds = round(time.monotonic() - child.started, 2)
        lines = read_json_lines(f"{self.folder}/{part}.json")
        if child.status not in ANSWERS or not lines:
            return {"verdict": HUNG if child.shell_status in ENDED else CRASHED,
                    "seconds": seconds, "status": child.shell_status}
        if part != "replay":
            return {**lines[-1], "seconds": seconds}
        verdicts = {os.path.relpath(line["file"], ROOT): line["verdict"] for line in lines}
        broken = [verdict for verdict in verdicts.values() if verdict != NONE]
        return {"verdict": broken[0] if broken else NONE, "files": verdicts, "seconds": seconds}


def examine(trees, executions):
    """All of these trees on all their architectures: (tree's hash, architecture) -> Examination."""
    found = {(tree.hash, arch): Examination(tree, arch, executions)
             for tree in trees for arch in tree.archs}
    jobs.run([each.work() for each in found.values()], len(trees[0].archs))
    return found
