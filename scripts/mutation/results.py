# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What has been done, so that it is not done again: a file for each mutant on each architecture."""
import glob
import hashlib
import os

from lib.subjects import gather_files, kernel_archs
from mutation.checking import Outcome, stored

VERSION = 1  # for changes of these scripts that change results


class Results:
    """Each has a key, of all that it depends on."""

    def __init__(self, out, build, bounds, mutants):
        self._out = out
        self._folder = out + "/results"
        self._key = key(build, bounds, mutants)
        os.makedirs(self._folder, exist_ok=True)

    def has_passed(self, arch):
        """Whether the tree as it is has."""
        try:
            with open(f"{self._out}/base.{arch}/passed", encoding="ascii") as file:
                return file.read().strip() == self._key
        except OSError:
            return False

    def passed(self, arch):
        with open(f"{self._out}/base.{arch}/passed", "w", encoding="ascii") as file:
            file.write(self._key + "\n")

    def add(self, number, arch, outcome):
        path = f"{self._folder}/{number}.{arch}"
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("\t".join((self._key, *outcome)) + "\n")
        os.rename(path + ".new", path)

    def has(self, number, arch):
        return self._read(number, arch)[0] == self._key

    def outcome(self, number, arch):
        """As last done, or that it failed."""
        _, *outcome = self._read(number, arch)
        return Outcome(*outcome) if outcome else Outcome("failed")

    def _read(self, number, arch):
        try:
            with open(f"{self._folder}/{number}.{arch}", encoding="utf-8") as file:
                return file.read().rstrip("\n").split("\t")
        except OSError:
            return [None]


def key(build, bounds, mutants):
    """A new gatherfuzz, corpus, tree, or bound makes all results old."""
    own = ["model/linux/compile_tree",
           *(f"model/linux/{name}.c" for name in ("facade", "cpu", "asids")),
           *filter(os.path.isfile, sorted(glob.glob("model/linux/shim/**", recursive=True)))]
    tree = [f"{mutants.kernel}/{file}" for file in gather_files(kernel_archs())]
    text = f"{_sha1(build.folder + '/gatherfuzz')}  -\n"
    text += f"{VERSION} {bounds.executions} {bounds.seconds}\n"
    text += "".join(line.rpartition("\t")[0] + "\n" for line in mutants.listing.splitlines())
    whole = hashlib.sha1(os.fsencode(text))
    for path in (*stored(), *own, *filter(os.path.exists, tree)):
        with open(path, "rb") as file:
            whole.update(file.read())
    return whole.hexdigest()[:12]


def _sha1(path):
    with open(path, "rb") as file:
        return hashlib.sha1(file.read()).hexdigest()
