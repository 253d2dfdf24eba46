# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""One turn: some cores on one target, from what others have found to a smaller corpus.

All that a turn leaves is in files that are whole at any moment. A turn that is cut off is taken up
by the next one of that target: what AFL++ had found lies in its folder until it is taken over.
"""
import json
import os
import time

from campaigns.findings import own_instances
from lib.children import Child, end
from lib.files import files_in
from lib.jobs import Job, close

FAILURES = 3  # of an engine, before it is left alone for the rest of the turn
WAIT_SECONDS = 1800  # the most that a merge, or counting features, may take; then it is killed
QUICK_SECONDS = 2  # an engine that ends sooner, and found nothing new, has failed
# Of libFuzzer: the time is up; a crash (1 where no sanitizer has a say); a hang; no memory.
LIBFUZZER_STATUSES = (0, 77, 1, 70, 71)


class Slot:
    """A core, the engine that has it, and how that goes."""

    def __init__(self, engine, number):
        self.engine = engine
        self.number = number
        self.child = None
        self.known = 0  # violations known when the child began
        self.failures = 0


class Turn:
    def __init__(self, supervisor, target, cores):
        self._s = supervisor
        self._c = supervisor.c
        self.target = target
        self.begun = time.monotonic()
        self.fuzzed = 0.0  # seconds of these were the engines'
        self._slots = self._roles(cores)
        self._job = Job(self._run(), WAIT_SECONDS)

    def advance(self):
        """Goes on as far as it can without waiting. Returns whether there is more to do."""
        return self._job.advance()

    def close(self):
        close([self._job])  # which ends the engines, if it was just fuzzing

    def _roles(self, cores):
        """Half of the cores are libFuzzer's, and more if there is one over; a single core is each
        engine's in turn."""
        engines = self._c.engine_names
        if len(engines) == 1:
            return [Slot(engines[0], number) for number in range(cores)]
        if cores == 1:
            return [Slot(engines[self._c.turns.get(self.target, 0) % 2], 0)]
        return ([Slot("libfuzzer", number) for number in range((cores + 1) // 2)] +
                [Slot("afl", number) for number in range(cores // 2)])

    def _run(self):
        target = self.target
        if not files_in(self._c.folder.corpus(target)):
            seeds = self._c.engines.merge(target, self._c.folder.corpus(target),
                                          [self._c.folder.at("local", "seeds")])
            yield seeds
            if seeds.status != 0:
                self._s.problem(f"{target}: no seeds: {seeds.last_words()}")
        yield from self._take_over()
        if own_instances(self._c.folder, self.target):  # they would only become more
            self._slots = [slot for slot in self._slots if slot.engine != "afl"]
        yield from self._fuzz()
        yield from self._take_over()
        if not (yield from self._c.merging.make_small(target)):
            self._s.problem(f"{target}: the corpus could not be made small: see local/logs")
        yield from self._measure()
        self._c.turns[target] = self._c.turns.get(target, 0) + 1

    def _take_over(self):
        self._s.harvest(self.target)
        failed = yield from self._c.merging.take_over(self.target)
        for path in failed:
            self._s.problem(f"{path} could not be taken over: see local/logs")
        own = own_instances(self._c.folder, self.target)
        if not any(os.path.basename(os.path.dirname(path)) in own for path in failed):
            self._c.findings.drop_afl(self.target)

    def _fuzz(self):
        begun = time.monotonic()
        seconds = self._s.turn_seconds(self.target)
        counted = begun
        try:
            while begun + seconds - time.monotonic() > 1:
                for slot in self._slots:
                    self._tend(slot, begun + seconds - time.monotonic())
                if all(slot.failures >= FAILURES for slot in self._slots):
                    break
                self._s.harvest(self.target)
                counted = self._count_time(counted)
                yield None
        finally:
            end([slot.child for slot in self._slots if slot.child is not None])
            self._count_time(counted)
            self.fuzzed = time.monotonic() - begun

    def _count_time(self, since):
        now = time.monotonic()
        spent = (now - since) * len(self._slots)
        self._c.seconds[self.target] = self._c.seconds.get(self.target, 0) + spent
        return now

    def _tend(self, slot, seconds):
        """Starts the engine, and again when it has ended at a crash."""
        if slot.failures >= FAILURES or (slot.child is not None and slot.child.running()):
            return
        if slot.child is not None:
            self._s.harvest(self.target)
            self._judge(slot)
        if slot.failures >= FAILURES:
            self._s.problem(f"{slot.child.what} is left alone until the next turn")
            return
        slot.known = len(self._c.findings.known[self.target])
        self._c.engines_run.add(slot.engine)
        start = self._c.engines.afl if slot.engine == "afl" else self._c.engines.libfuzzer
        slot.child = start(self.target, slot.number, seconds)

    def _judge(self, slot):
        child, status = slot.child, slot.child.status
        found = len(self._c.findings.known[self.target]) > slot.known
        quick = time.monotonic() - child.started < QUICK_SECONDS
        expected = status == 0 or (slot.engine == "libfuzzer" and status in LIBFUZZER_STATUSES)
        if not expected:
            self._s.problem(f"{child.what} ended with status {status}: {child.last_words()}")
        if not expected or (quick and not found):
            slot.failures += 1

    def _measure(self):
        """A sample for the curves, with the features of the whole corpus."""
        policy, arch = self.target.rsplit("_", 1)
        log = self._c.folder.at("local", "logs", f"{self.target}.stats")
        stats = Child([self._c.engines.program("gatherfuzz"), "corpus", "stats", "--json",
                       "--policy", policy, "--arch", arch, self._c.folder.corpus(self.target)],
                      {}, log, f"corpus stats of {self.target}")
        yield stats
        try:
            with open(log) as file:
                self._s.cells[self.target] = json.load(file)["cells"]
        except (OSError, ValueError, KeyError):
            self._s.problem(f"{self.target}: features not counted: {stats.last_words()}")
        self._s.sample(self.target)
