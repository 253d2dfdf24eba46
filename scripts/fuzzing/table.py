# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What scripts/fuzz ends with: a line of at most 80 columns for each target, and below it what runs
its violation again; then a violation of each kind, made small."""
import collections
import os
import shlex
import subprocess

from lib.junit import Case
from lib.gatherfuzz import replay, seen_from
from fuzzing.target import CRASHES

HARDLY = "hardly tested"  # in place of a verdict
NARROWEST, WIDEST = 17, 19  # of the column of policies; a longer name has a line of its own


class Table:
    def __init__(self, session, policies, called_in="."):
        self._failed = set()  # targets, as are
        self._broken = set()
        self._alarming = set()  # of these, those that break although they are held to be safe
        self._executions = collections.Counter()  # of each target, by all engines
        self._session = session
        self._called_in = os.path.abspath(called_in)
        self._width = min(WIDEST, max([NARROWEST, *map(len, policies)]))
        self._first_of_kind = {}  # verdict -> file
        self._shown = []  # (engine, target, verdict, seconds, where it shows again)
        if session.memory != "sc":
            print(f"under memory {session.memory}:")
        self._line("policy", "arch", "engine", "verdict", "executions", "seconds")

    def show(self, engine, target):
        run = self._session.runs[engine, target]
        verdict, file = self._outcome(run)
        seconds = f"{int(run.seconds * 10) / 10:.1f}"
        self._shown.append((engine, target, verdict, seconds, file))
        mark = "!" if run.kept and run.held_safe else ""
        self._line(run.policy, run.arch, engine, verdict + mark, run.executions(), seconds)
        if run.excused and not run.kept:
            print(f"  {run.said.get('verdict')} under {run.excuse}, which says nothing against it:")
        if file:
            print(f"  {file}", flush=True)  # one line, however long, so that it can be copied

    def _line(self, policy, arch, engine, verdict, executions, seconds):
        if len(policy) > self._width:
            print(policy)
            policy = ""
        print(f"{policy:{self._width}} {arch:6} {engine:9} {verdict:25}{executions:>10} "
              f"{seconds:>7}", flush=True)

    def _outcome(self, run):
        """The verdict, and the line that shows it again; of a failure the file that tells more, of
        what found nothing none."""
        if run.kept:
            return self._crash(run)
        if run.child.status != 0:
            self._failed.add(run.target)
            return (f"failed ({run.child.shell_status})",
                    seen_from(run.folder + "/log", self._called_in))
        if run.hangs():
            self._failed.add(run.target)
            return "failed (hang)", seen_from(run.hangs(), self._called_in)
        again = self._replay(run.excused) if run.excused else ""
        self._executions[run.target] += run.executions()
        return HARDLY if run.executions() < self._session.least else "none found", again

    def _crash(self, run):
        self._broken.add(run.target)
        if run.held_safe:
            self._alarming.add(run.target)
        verdict = run.said.get("verdict")
        if verdict is None:  # a kernel's code, by a wild pointer
            return "crashed itself", self._replay(run.kept)
        file = self._small(run)
        self._first_of_kind.setdefault(verdict, file)
        return verdict, self._replay(file)

    def _replay(self, file):
        return replay(self._session.gatherfuzz, file, self._called_in)

    def _small(self, run):
        """The crash as text, made small; as it was found, if that fails."""
        sha1 = run.kept.rpartition("crash-")[2]
        small = f"{CRASHES}/{run.target}/{sha1[:12]}.gather"
        if not os.path.exists(small):
            subprocess.run([self._session.gatherfuzz, "minimize", "--policy", run.policy, "--arch",
                            run.arch, "--memory", self._session.memory, run.kept, "-o", small],
                           check=False)
        return small if os.path.exists(small) else run.kept

    def broken(self, named):
        """The targets that --fail is about: of those that were named all that broke, else those
        that are held to be safe."""
        return self._broken if named else self._alarming

    def judged(self, named, fail):
        """The exit status, and why; --fail is about targets that were named, or are held safe."""
        names = (", ".join(sorted(targets)) for targets in (
            self._failed, self.broken(named), self._hardly_tested(named)))
        failed, broken, hardly = names
        if failed:
            return 1, f"failed in another way: {failed}"
        if fail and broken:
            return 1, f"--fail: broken{'' if named else ' although held to be safe'}: {broken}"
        if fail and hardly:
            return 3, f"--fail: hardly tested, so nothing is known of: {hardly}"
        return 0, ""

    def _hardly_tested(self, named):
        """Of the targets that --fail is about, those that no engine got far with."""
        return {target for target, count in self._executions.items()
                if count < self._session.least and target not in self._broken
                and (named or target in self._session.safe)}

    def show_hardly(self):
        if any(verdict == HARDLY for _, _, verdict, _, _ in self._shown):
            print(f"{HARDLY}: fewer executions than the {self._session.least} schedules that a "
                  "campaign begins\nwith; nothing is known of it: pass a longer --time, or fewer "
                  "--jobs", flush=True)

    def show_alarm(self):
        if self._alarming:
            print("! held to be safe there: a fault of the policy, the model or the oracle")

    def cases(self, judged):
        """For JUnit: a test for each line, which fails if its target is broken, and is of these; it
        is skipped if its target was hardly tested."""
        for engine, target, verdict, seconds, file in self._shown:
            run = self._session.runs[engine, target]
            outcome = ("error" if not run.kept and verdict.startswith("failed")
                       else "failure" if run.kept and target in judged
                       else "skipped" if verdict == HARDLY else None)
            yield Case(run.policy, f"{run.arch} {engine}", seconds, outcome, verdict,
                       f"{verdict}\n{file}\n")

    def show_violations(self):
        for _, file in sorted(self._first_of_kind.items()):
            print(flush=True)
            command = shlex.split(self._replay(file))  # so that its replay line holds there, too
            subprocess.run(command, cwd=self._called_in, check=False)
