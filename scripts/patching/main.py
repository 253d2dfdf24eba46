# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/fuzz --kernel PATH --patch FILE...: what a patch, or a series, does to the verdicts."""
import os
import shutil
import time

from lib import junit
from lib.command import number, one_of
from lib.subjects import (Trees, all_kernel_archs, check_tree, kernel_archs,
                          kernel_archs_on_request, stored_for_trees)
from patching import tell
from patching.changes import Change, Finder, explored
from patching.confine import kind
from patching.copies import make_copies
from patching.examine import PROGRAMS, build_binary, examine
from patching.mails import read_patches
from patching.objects import TreeObject, alone
from patching.seen import Lines, judge_hunk

WORSE = 10  # the exit status of "changed for the worse"


class Answer:
    """All that is said of a series."""

    def __init__(self, patches, tree, archs, executions, stands_in):
        self.patches = patches
        self.tree = tree
        self.archs = archs
        self.executions = executions
        self.hunks = []  # (FileDiff, Hunk, state)
        self.changes = []
        self.guilty, self.reports, self.replays = {}, {}, {}  # by architecture
        self.stands_in = os.path.abspath(stands_in)  # where replay lines hold
        self.confined_by = kind()
        self.seconds = 0.0
        self.known = False  # whether all that was run was run before

    @property
    def worse(self):
        return any(change.worse for change in self.changes)

    @property
    def title(self):
        what = str(self.patches[0]) if len(self.patches) == 1 else f"{len(self.patches)} patches"
        return f"{what} on {self.tree} ({', '.join(self.archs)}):"

    def bounds(self):
        return {"replayed": len(stored_for_trees()), "programs": PROGRAMS,
                "executions": self.executions}

    def effort(self):
        """What "no verdict changed" is within."""
        after = [change.after for change in self.changes]
        states = sum(explored(result, "states") for result in after)
        programs = max(explored(result, "explored") for result in after)
        executions = sum(result["search"].get("executions", 0) for result in after)
        searched = sum(result["search"]["seconds"] for result in after)
        known = " (of an earlier run)" if self.known else ""
        replayed = len(stored_for_trees())
        return (f"Within: {replayed} stored schedules; every order of {programs} small "
                f"programs, {states} states after the patch; {executions} random schedules in "
                f"{searched:.1f} s of search{known}. {self.seconds:.1f} s in all.")


def archs_for(asked, patches, tree):
    """The architectures that were asked for, or the usual ones and those that a patch is about."""
    touched = {path for patch in patches for file in patch.files
               for path in (file.path, file.old_path)}
    more = [arch for arch in kernel_archs_on_request()
            if any(path.startswith(f"arch/{arch}/") for path in touched)
            and not check_tree(tree, [arch])]
    return asked or kernel_archs() + more


def judge(tree, patches, archs, config, executions, folder, stands_in):
    """The answer; schedules, pages and the command that replays them are in the folder. The copies
    of the tree's files are not left there."""
    with alone():
        return _judge(Answer(patches, tree, archs, executions, stands_in), config, folder)


def _judge(answer, config, folder):
    began = time.monotonic()
    patches, archs = answer.patches, answer.archs
    copies = make_copies(answer.tree, patches, archs, folder + "/copies")
    trees = [_object(copies, at, answer, config) for at in range(len(copies))]
    examined = examine(list({tree.hash: tree for tree in trees}.values()),
                       answer.executions)
    answer.known = not any(examination.fresh for examination in examined.values())
    lines = [Lines(tree, copy, examined) for tree, copy in zip(trees, copies)]
    for at, patch in enumerate(patches):
        answer.hunks += [(file, hunk, judge_hunk(file, hunk, lines[at], lines[at + 1]))
                         for file in patch.files for hunk in file.hunks]
    finder = Finder(folder, trees)
    for arch in archs:
        change = _change(arch, trees, examined)
        answer.changes.append(change)
        if change.worse:
            finder.find(change)
            _tell_more(answer, change, finder)
    answer.seconds = round(time.monotonic() - began, 1)
    shutil.rmtree(folder + "/copies")
    return answer


def _object(copies, at, answer, config):
    """The tree after so many patches, built."""
    tree = TreeObject(copies[at], answer.archs, config)
    tree.build(copies[at], f"--kernel: the tree at {answer.tree}" if at == 0 else
               f"--patch: with {answer.patches[at - 1]}, the tree at {answer.tree}")
    return tree


def _change(arch, trees, examined):
    """From the first tree to the last. If that is not for the worse, but it was in between, from
    the first to that one: a bisection would come there."""
    results = [examined[tree.hash, arch] for tree in trees]
    changes = [Change(arch, results[0], result, at) for at, result in enumerate(results)][1:]
    worse = [change for change in changes if change.worse]
    chosen = changes[-1] if changes[-1].worse or not worse else worse[0]
    chosen.since = worse[0].number if worse else None
    return chosen


def _tell_more(answer, change, finder):
    """The report, how to replay it, and which patch of a series began it."""
    if change.schedule:
        answer.reports[change.arch] = finder.report(change)
        answer.replays[change.arch] = finder.replay_line(change, answer.stands_in)
    if len(answer.patches) > 1:
        patch = answer.patches[change.since - 1]
        passing = "" if change.number == len(answer.patches) else ", and not at the end"
        answer.guilty[change.arch] = (f"patch {change.since} of {len(answer.patches)} "
                                      f"({patch.subject or patch.name}){passing}")


def main(options, called_in):
    """What scripts/fuzz does with --patch; its exit status."""
    for arch in options.arch:
        one_of(arch, all_kernel_archs(), "architecture")
    executions = number(options.executions or "200000", "--executions", "a number", 9)
    trees = Trees(options.kernel, options.config, called_in, options.arch)
    tree = trees.items[0].partition("=")[2] if trees.policies[0] != "linux" else trees.items[0]
    patches = read_patches([*options.patch, *options.places], called_in)
    archs = archs_for(options.arch, patches, tree)
    build_binary()
    folder = os.path.abspath(time.strftime("out/patches/%Y%m%d-%H%M%S-") + str(os.getpid()))
    os.makedirs(folder)
    answer = judge(tree, patches, archs, options.config, executions, folder, called_in)
    text = tell.text_of(answer)
    tell.write(folder + "/answer.txt", text)
    tell.write(folder + "/answer.json", tell.pretty(tell.json_of(answer)))
    if options.junit:
        junit.write(os.path.join(called_in, options.junit), tell.cases_of(answer, text),
                    answer.seconds, text)
    print(tell.pretty(tell.json_of(answer)) if options.json else text, end="")
    return WORSE if answer.worse else 0
