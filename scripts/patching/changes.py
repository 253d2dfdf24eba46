# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""How the verdicts of two trees differ, and the shortest interleaving that shows it."""
import os

from lib.gatherfuzz import replay
from lib.jobs import run_one
from patching.confine import Confined
from patching.examine import ANSWERS, DEAD, LIMIT, NONE, binary

PARTS = ("small", "weaker", "replay", "search")  # in the order in which their schedules are liked
EXPLORED = ("small", "weaker")
SHORTEST_SECONDS = 5  # to look for a shorter interleaving of the same programs


def explored(result, what):
    """How many states or programs there were in all."""
    return sum(result[part].get(what, 0) for part in EXPLORED)


class Change:
    """On one architecture, from a tree to that after so many patches."""

    def __init__(self, arch, before, after, number):
        self.arch = arch
        self.number = number
        self.since = None  # the number of the first patch with which it was for the worse
        self.before = before.result
        self.after = after.result
        self.newly = [part for part in PARTS if self._broke(self.before, self.after, part)]
        self.mended = [part for part in PARTS if self._broke(self.after, self.before, part)]
        self.worse = bool(self.newly)
        self.kind = self._kind() if self.worse else None  # of the new violation
        self.schedule = None  # a file, once it has been looked for
        self.page = None
        self.proven = False

    @staticmethod
    def _broke(good, bad, part):
        """Whether what was clean there is not any more. Of the corpus, file by file."""
        if part == "replay" and "files" in good["replay"] and "files" in bad["replay"]:
            files = good["replay"]["files"]
            return any(verdict not in (NONE, LIMIT) and files[file] == NONE
                       for file, verdict in bad["replay"]["files"].items())
        return good[part]["verdict"] == NONE and bad[part]["verdict"] not in (NONE, LIMIT)

    def verdict(self, result):
        """The first kind that a tree shows; none if it shows none."""
        kinds = [result[part]["verdict"] for part in PARTS]
        return next((kind for kind in kinds if kind not in (NONE, LIMIT)), NONE)

    def file(self):
        """The first of the corpus that breaks now and did not."""
        good = self.before["replay"].get("files", {})
        return next(file for file, verdict in self.after["replay"]["files"].items()
                    if verdict not in (NONE, LIMIT) and good.get(file) == NONE)

    def _kind(self):
        answer = self.after[self.newly[0]]
        if self.newly[0] == "replay" and "files" in answer:
            return answer["files"][self.file()]
        return answer["verdict"]

    def states(self):
        return [explored(result, "states") for result in (self.before, self.after)]


class Finder:
    """Writes the interleaving of each change to a folder, as short as it gets."""

    def __init__(self, folder, trees):
        self.folder = folder
        self._files = [tree.path for tree in trees]
        self._trees = ":".join(f"{_name(number, len(trees))}={tree.path}"
                               for number, tree in enumerate(trees))
        self._last = len(trees) - 1
        self.gatherfuzz = folder + "/gatherfuzz"
        self._write_command()

    def _write_command(self):
        """The command with the trees, for who replays."""
        with open(self.gatherfuzz, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nLLVM_PROFILE_FILE=/dev/null GATHERFUZZ_LOAD='{self._trees}' "
                       f"exec '{binary()}' \"$@\"\n")
        os.chmod(self.gatherfuzz, 0o755)

    def policy(self, change):
        return "linux@" + _name(change.number, self._last + 1)

    def run(self, *arguments, log):
        """Returns the exit status."""
        child = run_one(
            [binary(), *arguments], kind=Confined, writable=self.folder,
            readable=(binary(), *self._files), log=log, errors=log + ".errors",
            environment={"GATHERFUZZ_LOAD": self._trees, "LLVM_PROFILE_FILE": "/dev/null"})
        os.remove(log + ".errors")
        return child.status

    def find(self, change):
        """Sets schedule and page; leaves them if the tree's code crashes."""
        if change.kind in DEAD:
            return
        about = ["--policy", self.policy(change), "--arch", change.arch]
        base = f"{self.folder}/{change.arch}-{change.kind}"
        path, log = base + ".gather", f"{self.folder}/{change.arch}.log"
        with open(path, "w", encoding="utf-8") as file:
            file.write(_schedule(change).replace("linux@tree", self.policy(change)))
        part = change.newly[0]
        change.proven = part in EXPLORED and change.after[part].get("proven", False)
        if part not in EXPLORED:
            change.proven = self._shorten(about, path, log)
        if self.run("explain", *about, path, "--html", base + ".html", log=log) in ANSWERS:
            change.page = base + ".html"
        change.schedule = path
        os.remove(log)

    def _shorten(self, about, path, log):
        """Fewer operations, then the fewest preemptions and steps. Whether that is proven."""
        small = path + ".small"
        if self.run("minimize", *about, path, "-o", small, log=log) == 0 and os.path.exists(small):
            os.replace(small, path)
        limit = f"seconds={SHORTEST_SECONDS}"
        found = self.run("explore", *about, path, "--limit", limit, "-o", small, log=log)
        if found == 1 and os.path.exists(small):
            os.replace(small, path)
            with open(log, encoding="utf-8", errors="replace") as file:
                return "none shorter exists" in file.read()
        return False

    def report(self, change):
        """The lines that `gatherfuzz run` prints of it."""
        log = f"{self.folder}/{change.arch}.txt"
        self.run("run", "--policy", self.policy(change), "--arch", change.arch, change.schedule,
                 log=log)
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        os.remove(log)
        return lines

    def replay_line(self, change, stands_in):
        return replay(self.gatherfuzz, change.schedule, stands_in)


def _schedule(change):
    """Text of the schedule that shows a change."""
    part = change.newly[0]
    answer = change.after[part]
    if part == "replay":
        with open(change.file(), encoding="utf-8") as stored:
            return stored.read()
    return answer["schedule"]


def _name(number, count):
    return "before" if number == 0 else "after" if number == count - 1 else f"patch-{number}"
