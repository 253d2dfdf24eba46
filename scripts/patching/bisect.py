# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/bisect: git bisect, with a stored schedule as its test.

It works in a clone of its own that shares the repository's objects and checks nothing out: of each
commit only the few files of the gather are read. The user's repository is not written to.
"""
import os
import re
import shutil
import subprocess
import tempfile

from lib import command
from lib.build import ROOT, build_folder, enter_root
from lib.command import Problem, need, one_of
from lib.jobs import run_one
from lib.subjects import all_kernel_archs, gather_files, kernel_archs
from lib.terminal import say
from patching.confine import Confined
from patching.examine import binary, build_binary
from patching.objects import TreeObject, alone

USAGE = """\
usage: scripts/bisect --kernel PATH GOOD BAD FILE.gather [--arch NAME]
                      [--expect KIND]
                      [--config [ARCH:]OPTION=VALUE]...
Finds the first commit between GOOD and BAD, in the git repository at PATH,
whose gather violates under the schedule FILE.gather: `git bisect run` with that
schedule as its test. A commit whose gather does not build is skipped. Nothing
in PATH is written, its work tree is not looked at, and nothing is checked out.
  --arch NAME    the architecture; default: the file's own, else x86
  --expect KIND  the kind of violation of a bad commit; default: any
  --config ITEM  an option of the tree's configuration, as for scripts/fuzz
Exit status: 0 if the first bad commit was found, 1 if not (GOOD violates, BAD
does not, or only skipped commits are left), 2 for bad usage or a failed build,
130 if interrupted.
"""
GOOD, BAD, SKIP, ABORT = 0, 1, 125, 128


def git(repository, *arguments, check=True):
    ran = subprocess.run(["git", "-C", repository, *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False, env={**os.environ, "LC_ALL": "C"})
    if check and ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise Problem(f"git {arguments[0]}: {said[0] if said else 'failed'}")
    return ran


def read(arguments):
    options = command.read(arguments, USAGE, one=("--kernel", "--arch", "--expect"),
                           many=("--config",), places=True)
    need(options.kernel, "--kernel PATH: which repository? see --help")
    need(len(options.places) == 3, "GOOD BAD FILE.gather are needed; see --help")
    return options


def arch_of(path, asked):
    """The one asked for, else that of the schedule."""
    if asked:
        one_of(asked, all_kernel_archs(), "architecture")
        return asked
    with open(path, encoding="utf-8", errors="replace") as file:
        found = re.search(r"^arch (\S+)", file.read(), re.M)
    return found[1] if found and found[1] in all_kernel_archs() else kernel_archs()[0]


class Predicate:
    """Whether a commit is bad."""

    def __init__(self, clone, arch, schedule, expect, config):
        self._clone = clone
        self._arch = arch
        self._schedule = schedule
        self._expect = expect
        self._config = config

    def __call__(self, commit):
        with alone(), tempfile.TemporaryDirectory(dir=self._clone) as folder:
            source = folder + "/tree"
            if not self._read(commit, source):
                say("gatherfuzz: it lacks a file of the gather")
                return SKIP
            try:
                tree = TreeObject(source, [self._arch], self._config)
                tree.build(source, f"commit {commit[:12]}")
            except Problem as problem:
                say(f"gatherfuzz: {problem}")
                return SKIP
            return self._run(tree, folder)

    def _read(self, commit, source):
        """The files of the gather, as the commit has them."""
        needed = gather_files([self._arch], "needed")
        for file in gather_files([self._arch]):
            shown = git(self._clone, "cat-file", "blob", f"{commit}:{file}", check=False)
            if shown.returncode and file not in needed:
                continue
            if shown.returncode:
                return False
            os.makedirs(os.path.dirname(f"{source}/{file}"), exist_ok=True)
            with open(f"{source}/{file}", "wb") as to:
                to.write(shown.stdout)
        return True

    def _run(self, tree, folder):
        """What `run` says of it; a commit whose code crashes is bad, if any kind is."""
        child = run_one(
            [binary(), "run", "--policy", "linux@tree", "--arch", self._arch,
             *(["--expect", self._expect] if self._expect else []), self._schedule],
            kind=Confined, writable=folder, readable=(binary(), tree.path, self._schedule),
            environment={"GATHERFUZZ_LOAD": f"tree={tree.path}", "LLVM_PROFILE_FILE": "/dev/null"},
            log=folder + "/log")
        if child.status == 2 or child.status == 3:
            raise Problem(f"the schedule cannot be run: {child.last_words()}")
        bad = child.status == 0 if self._expect else child.status != 0
        return BAD if bad else GOOD


def test_commit(arguments):
    """What `git bisect run` starts: CLONE ARCH FILE EXPECT CONFIG..."""
    os.chdir(ROOT)
    clone, arch, schedule, expect, *config = arguments
    commit = git(clone, "rev-parse", "BISECT_HEAD").stdout.decode().strip()
    try:
        return Predicate(clone, arch, schedule, expect, config)(commit)
    except Problem as problem:
        say(f"gatherfuzz: {problem}")
        return ABORT


def bisect(options, clone, arch, schedule):
    git(clone, "bisect", "start", "--no-checkout", options.commits[1], options.commits[0])
    expect = options.expect or ""
    with open(clone + "/gatherfuzz-log", "wb") as log:
        subprocess.run(
            ["git", "-C", clone, "bisect", "run", f"{ROOT}/scripts/lib/python", "patching.bisect",
             "--test", clone, arch, schedule, expect, *options.config],
            stdout=log, stderr=subprocess.STDOUT, check=False,
            env={**os.environ, "LC_ALL": "C"})
    with open(clone + "/gatherfuzz-log", encoding="utf-8", errors="replace") as log:
        said = log.read()
    found = re.search(r"^([0-9a-f]{40,64}) is the first bad commit", said, re.M)
    if not found:
        say("bisect: no first bad commit: " + (said.strip().splitlines() or ["nothing said"])[-1])
        return 1
    tested = len(re.findall(r"^running ", said, re.M))
    show = git(clone, "show", "--no-patch", "--format=%H%n%an, %ad%n%s", "--date=short", found[1])
    print(f"{show.stdout.decode(errors='replace').strip()}\n\nis the first commit that violates "
          f"({arch}, {os.path.basename(schedule)}); {tested} commits were tested")
    return 0


def main(arguments):
    if arguments[:1] == ["--test"]:
        return test_commit(arguments[1:])
    called_in = enter_root()
    options = read(arguments)
    good, bad, schedule = options.places
    repository = os.path.join(called_in, options.kernel)
    schedule = os.path.abspath(os.path.join(called_in, schedule))
    need(os.path.isfile(schedule), f"no such file: {schedule}")
    arch = arch_of(schedule, options.arch)
    need(os.path.isdir(repository), f"--kernel: no folder at {repository}")
    options.commits = [git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options",
                           name + "^{commit}", check=False).stdout.decode().strip()
                       for name in (good, bad)]
    for name, commit in zip((good, bad), options.commits):
        need(commit, f"{name} is no commit of the repository at {repository}")
    build_binary()
    os.makedirs(build_folder(), exist_ok=True)
    folder = tempfile.mkdtemp(prefix="bisect-", dir=os.path.abspath(build_folder()))
    try:
        clone = folder + "/clone"
        git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", repository, clone)
        predicate = Predicate(clone, arch, schedule, options.expect, options.config)
        for name, commit, wanted in zip((good, bad), options.commits, (GOOD, BAD)):
            need(predicate(commit) == wanted,
                 f"{name} is not {'good' if wanted == GOOD else 'bad'}: "
                 f"the schedule {'violates' if wanted == GOOD else 'does not violate'} there, or "
                 "it does not build")
        return bisect(options, clone, arch, schedule)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    command.main("bisect", main)
