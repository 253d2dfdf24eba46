# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Runs a gatherfuzz with a tree until something is caught: the stored schedules, random programs,
every order of every small program."""
import glob
import os
import signal
from typing import NamedTuple

from kernel_trees.edits import EDITS
from lib.children import Child
from lib.files import parse_json_lines
from lib.gatherfuzz import last_object
from patching.examine import WEAKER

STRATEGIES = ("pct", "uniform")
EXECUTIONS_A_SECOND = 40000  # of each strategy


class Failed(Exception):
    """It cannot be said whether a mutant is caught."""


class Outcome(NamedTuple):
    """A verdict, what gave it, and the executions that took."""
    verdict: str
    by: str = "-"
    executions: str = "-"


class Bounds:
    def __init__(self, seconds):
        self.seconds = seconds
        self.executions = seconds * EXECUTIONS_A_SECOND
        self.cpu_seconds = seconds * 5 + 30  # of the processor, after which a check hangs


def stored():
    """The stored schedules, but for those of weaker memory: under it, the tree as it is breaks."""
    return sorted(set(glob.glob("corpus/**/*.gather", recursive=True))
                  - set(glob.glob("corpus/memory/*.gather")), key=os.fsencode)


def switching():
    """Programs in which CPUs switch and sleep, which the small ones of exploration have not."""
    return sorted({edit.program for edit in EDITS.values()})


def check(folder, arch, bounds):
    """A generator: what comes of FOLDER/gatherfuzz."""
    corpus = stored()
    runs = yield from _run(folder, arch, bounds, "run", *corpus)
    outcome = _stored_outcome(runs)
    total = len(corpus)
    for program in switching() if arch == "x86" else ():
        if outcome:
            return outcome
        explore = yield from _run(folder, arch, bounds, "explore", program)
        outcome = _outcome(explore, "exploration")
    for strategy in STRATEGIES:
        if outcome:
            return outcome
        search = yield from _run(folder, arch, bounds, "search", "--strategy", strategy, "--jobs",
                                 "1", "--executions", str(bounds.executions))
        outcome = _outcome(search, strategy)
        total += bounds.executions
    if outcome:
        return outcome
    for programs in "small", WEAKER[arch]:
        explore = yield from _run(folder, arch, bounds, "explore", "--programs", programs, "--jobs",
                                  "1", "--limit", f"memory=2G,seconds={bounds.seconds + 10}")
        total += last_object(explore.log).get("executions", 0)
        # What comes to its own limit has found nothing.
        outcome = None if explore.shell_status == 3 else _outcome(explore, "exploration")
        if outcome:
            return outcome
    return Outcome("survived", "-", str(total))


def _run(folder, arch, bounds, verb, *arguments):
    log = f"{folder}/{verb}"
    child = Child([folder + "/gatherfuzz", verb, "--policy", "linux", "--arch", arch, "--json",
                   *arguments], log=log, errors=log + ".err", cpu_seconds=bounds.cpu_seconds)
    yield child
    return child


def _stored_outcome(child):
    """Of the run of all stored schedules: the first that is not clean, or that it died of."""
    if child.status == 0:
        return None
    with open(child.log, errors="replace", encoding="utf-8") as file:
        verdicts = [run.get("verdict") for run in parse_json_lines(file)]
    for number, verdict in enumerate(verdicts, 1):
        if verdict != "none":
            return Outcome("hang" if verdict == "limit" else verdict, "stored", str(number))
    caught = _caught(child)
    return Outcome(caught, "stored", str(len(verdicts) + 1)) if caught else None


def _outcome(child, by):
    caught = _caught(child)
    executions = last_object(child.log).get("executions", "-")
    return Outcome(caught, by, str(executions)) if caught else None


def _caught(child):
    """What that status, and what was said, mean; None if nothing was caught."""
    if child.status == 0:
        return None
    if child.status == 1:
        return last_object(child.log).get("verdict")
    if child.status == 3:
        return "hang" if last_object(child.log).get("verdict") == "limit" else None
    if child.status in (-signal.SIGXCPU, -signal.SIGKILL):
        return "hang"
    if child.status < 0:
        return "crash"
    with open(child.log + ".err", errors="replace", encoding="utf-8") as file:
        raise Failed(f"status {child.status}: {file.readline().strip()}")
