# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A kernel tree on one architecture: how it, and a mutant of it, is compiled, linked and run.

All that waits is a generator that yields the child it waits for.
"""
import filecmp
import os
import re
import shlex
import shutil
import subprocess

from lib.build import build_targets
from lib.children import Child
from lib.command import Problem, need
from lib.terminal import Line
from mutation.checking import Failed, Outcome, check
from mutation.mutants import link_tree

# Without anything that differs for the same code.
PLAIN = ("-g0", "-fno-asynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections")


class Build:
    """A build with the tree as it is, which says how one is made."""

    def __init__(self, folder):
        self.folder = folder
        self._link = self._last_command("gatherfuzz")

    def _last_command(self, target):
        said = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", target],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        return said.splitlines()[-1]

    def compile_words(self, arch, kernel):
        """compile_tree build TREE ARCH SYMBOL WORK ..., as the build does it."""
        line = self._last_command(f"kernel/plain/linux_{arch}/tree.o")
        words = shlex.split(re.sub(r"^.* && (.*compile_tree build .* --).*$", r"\1", line))
        need(words[2:3] == [kernel], "the build does not say how it compiles the tree")
        return words

    def link(self, arch, folder):
        """gatherfuzz with the object there, for the tree's own."""
        line = self._link.replace(f"kernel/plain/linux_{arch}/tree.o",
                                  shlex.quote(folder + "/tree.o"))
        line = line.replace(" -o gatherfuzz ",
                            f" -Wl,--strip-debug -o {shlex.quote(folder + '/gatherfuzz')} ", 1)
        return Child(["bash", "-c", line], log=folder + "/link.log", folder=self.folder)


def build_tree(kernel, out):
    build_targets(out + "/build", ["gatherfuzz"],
                  [f"-DGATHERFUZZ_KERNEL={kernel}", "-DGATHERFUZZ_TESTS=OFF",
                   "-DGATHERFUZZ_TARGETS=OFF", "-DGATHERFUZZ_BENCH=OFF"])
    return Build(out + "/build")


class Tree:
    def __init__(self, kernel, arch, build, out):
        self.arch = arch
        self._kernel = kernel
        self._build = build
        self._words = build.compile_words(arch, kernel)
        self._base = f"{out}/base.{arch}"
        self._made = f"{out}/made"

    def prepare(self):
        """The tree as it is."""
        os.makedirs(self._base, exist_ok=True)
        if not (yield from self._compile(self._kernel, self._base, "pattern")):
            with open(self._base + "/message", errors="replace", encoding="utf-8") as file:
                raise Problem(file.read().strip())
        yield from self._link(self._base)

    def _compile(self, tree, folder, init):
        """The tree's object, FOLDER/tree.o, and what of it the harness can reach,
        FOLDER/reached.o. A null pointer is not assumed away, as in a kernel, and what is not
        initialized is `init`, zero or pattern: so the compiler does not make a mutant right
        again."""
        words = list(self._words)
        words[2], words[5] = tree, folder
        compiling = Child([*words, *PLAIN, f"-ftrivial-auto-var-init={init}"],
                          log=folder + "/message")
        yield compiling
        if compiling.status != 0:
            return False
        linking = Child(["ld", "-r", "--gc-sections", "-e", f"gf_tree_linux_{self.arch}", "-o",
                         folder + "/reached.o", folder + "/tree.o"], log=folder + "/ld.log")
        yield linking
        return linking.status == 0

    def _link(self, folder):
        linking = self._build.link(self.arch, folder)
        yield linking
        if linking.status != 0:
            raise Failed(f"linking: {linking.last_words()}")

    def check(self, bounds, into):
        """Appends what comes of the tree as it is."""
        into.append((yield from check(self._base, self.arch, bounds)))

    def run_mutant(self, mutant, bounds, results):
        """Its result is written when it is done, and not before."""
        folder = f"{self._made}/{mutant.number}.{self.arch}"
        shutil.rmtree(folder, ignore_errors=True)
        link_tree(self._kernel, folder + "/tree")
        path = f"{folder}/tree/{mutant.file}"
        os.remove(path)
        mutant.write(path)
        try:
            outcome = yield from self._outcome(folder, bounds)
        except Failed as failed:
            Line().say(f"mutants: {failed}")
            return
        results.add(mutant.number, self.arch, outcome)
        shutil.rmtree(folder)

    def _outcome(self, folder, bounds):
        if not (yield from self._compile(folder + "/tree", folder, "pattern")):
            return Outcome("does not compile")
        for name, verdict in (("tree.o", "same code"), ("reached.o", "not called")):
            if self._same(f"{folder}/{name}", f"{self._base}/{name}"):
                return Outcome(verdict)
        yield from self._link(folder)
        outcome = yield from check(folder, self.arch, bounds)
        if outcome.verdict != "survived":
            return outcome
        os.rename(folder + "/reached.o", folder + "/pattern.o")
        if not (yield from self._compile(folder + "/tree", folder, "zero")):
            return outcome
        if self._same(folder + "/pattern.o", folder + "/reached.o"):
            return outcome
        yield from self._link(folder)
        return (yield from check(folder, self.arch, bounds))

    @staticmethod
    def _same(one, other):
        return filecmp.cmp(one, other, shallow=False)
