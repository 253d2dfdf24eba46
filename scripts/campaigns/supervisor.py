# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Looks after a campaign while it runs, in one thread.

The cores are shared out among teams. Each team gives a target a turn (turn.py), those that were
fuzzed least first (sharing.py). A turn is a generator that yields whenever it has to wait. Beside
the turns, at intervals: the state is written, new crashes are triaged, the report is drawn, the
disk is looked at.
"""
import signal
import time

from campaigns import report
from campaigns.merging import drop_torn
from campaigns.sharing import next_target, share_out, turn_seconds
from campaigns.turn import Turn
from lib.children import end
from lib.files import bytes_in, read_json_lines
from lib.signals import Signals

TICK_SECONDS = 0.2
SAME_PROBLEM_SECONDS = 60
LAST_TRIAGE_SECONDS = 300
SORTING_SECONDS = 15  # between two words about it where there is no terminal
TRIAGE_SECONDS = 3 * 3600  # the most that one may take
FIRST_BESIDE_SECONDS = 2  # that a turn takes besides engines, until one was measured


class Stop(Exception):
    """The end of the campaign before its time; says why."""


class Supervisor:
    def __init__(self, campaign, status):
        self.c = campaign
        self._status = status
        self._shares = []  # the cores of each team, and its turn
        self._turns = []
        self._had_turn = set()  # targets, since this start of the campaign
        self._beside_turn = FIRST_BESIDE_SECONDS
        self._triage = None
        self._triage_due = campaign.findings.total() > 0
        self._signals = Signals()
        self._until = None
        self._beside = [[seconds, 0.0, do] for seconds, do in (
            (5, self._write_state), (10, self._tend_triage),
            (60, self._write_report), (60, self._look_at_disk), (60, self._sample))]
        self._problems = {}  # message -> when it was last said
        self.cells = {}  # features of each target's corpus, as last measured
        self._inputs = {}  # files of each target's corpus, as last sampled
        for sample in read_json_lines(campaign.folder.at("history.jsonl")):
            at, target = sample.get("at"), sample.get("target")
            for name, last in (("features", self.cells), ("corpus", self._inputs)):
                if target in campaign.targets and isinstance(sample.get(name), int):
                    last[target] = sample[name]
            if isinstance(at, (int, float)):  # in case that campaign.json was lost
                campaign.ran = max(campaign.ran, at)

    def run(self, seconds):
        """Until the time is up, or it is stopped. Returns "finished", or why it stopped."""
        self._until = None if seconds is None else self.c.ran + seconds
        self._shares = share_out(self.c.jobs, len(self.c.targets), len(self.c.engine_names),
                                 seconds)
        self._turns = [None] * len(self._shares)
        why = "finished"
        with self._signals:
            try:
                self._loop()
            except Stop as stop:
                why = str(stop)
            self._finish(why)
        return why

    def _loop(self):
        last = time.monotonic()
        while self._until is None or self.c.ran < self._until:
            for number, _ in enumerate(self._shares):
                self._advance(number)
            self._look_after()
            self._signals.wait(TICK_SECONDS)
            now = time.monotonic()
            self.c.ran += now - last
            last = now
            if self._signals.caught:
                raise Stop("stopped by " + signal.Signals(self._signals.caught).name)

    def left(self):
        """Seconds to the end; None if there is none."""
        return None if self._until is None else max(0.0, self._until - self.c.ran)

    def _advance(self, number):
        turn = self._turns[number]
        if turn is None:
            target = self._next_target()
            if target is None:
                return
            turn = self._turns[number] = Turn(self, target, self._shares[number])
            self._had_turn.add(target)
        try:
            if not turn.advance():
                self._turns[number] = None
                self._beside_turn = time.monotonic() - turn.begun - turn.fuzzed
        except Exception as error:  # whatever it is, the others go on
            self.problem(f"{turn.target}: {_said_by(error)}")
            turn.close()
            self._turns[number] = None
            self.c.turns[turn.target] = self.c.turns.get(turn.target, 0) + 1

    def _next_target(self):
        """Of those that have no turn now."""
        taken = {turn.target for turn in self._turns if turn is not None}
        free = [target for target in self.c.targets if target not in taken]
        return next_target(free, self.c.turns, self._waiting(), self.tested(), self.c.safe)

    def _waiting(self):
        """The targets without a result. After each start they come first, with one turn each: what
        is as slow as before then waits like the others."""
        return set(self.c.targets) - self.tested() - self._had_turn

    def had_engines(self):
        """The targets that engines have been on, however short."""
        return {target for target in self.c.targets if self.c.seconds.get(target)}

    def hardly_tested(self):
        """Targets that engines have been on, without a result: not as many schedules as there are
        seeds. How many they ran."""
        counts = self.c.counted()
        return {target: counts[target][1] for target in self.had_engines()
                if counts[target][1] < self.c.seeds and not self.c.findings.known[target]}

    def tested(self):
        return self.had_engines() - self.hardly_tested().keys()

    def turn_seconds(self, target):
        """How long engines may run in the turn of a target that begins now: those without a result
        share the time; the others do with all that had no turn since this start."""
        waiting = (set(self.c.targets) - self._had_turn if target in self.tested()
                   else self._waiting())
        return turn_seconds(self.c.turn_seconds, self.left(), len(waiting), len(self._shares),
                            self._beside_turn)

    def harvest(self, target):
        if self.c.findings.harvest(target, self.c.ran):
            self._triage_due = True

    def sample(self, target):
        """A line for the curves."""
        executions, schedules = self.c.counted()[target]
        self._inputs[target] = self.c.corpus_files(target)
        self.c.folder.append("history.jsonl", {
            "at": round(self.c.ran, 1), "time": round(time.time(), 1), "target": target,
            "schedules": schedules, "executions": executions,
            "seconds": round(self.c.seconds.get(target, 0), 1),
            "corpus": self._inputs[target], "features": self.cells.get(target),
            "found": len(self.c.findings.known[target])})

    # What is done beside the turns.

    def _look_after(self):
        for task in self._beside:
            seconds, due, do = task
            if time.monotonic() < due:
                continue
            task[1] = time.monotonic() + seconds
            try:
                do()
            except Stop:
                raise
            except Exception as error:  # whatever it is, fuzzing goes on
                self.problem(_said_by(error))
        self._status.show(self._line)

    def _write_state(self):
        self.c.flush_counts({turn.target for turn in self._turns if turn is not None})
        self.c.write_state("running")

    def _sample(self):
        for turn in self._turns:
            if turn is not None:
                self.sample(turn.target)

    def _tend_triage(self):
        """One at a time, of all targets, when there is something new."""
        if self._triage is not None:
            if self._triage.running_at_most(TRIAGE_SECONDS):
                return
            if self._triage.status not in (0, 1):
                self.problem(f"triage ended with status {self._triage.status}: "
                             + self._triage.last_words())
            self._triage = None
        if self._triage_due:
            self._triage = self.c.triage()
            self._triage_due = False

    def _write_report(self):
        self.c.folder.thin_history()
        report.write(self.c.folder.path, time.time())

    def _look_at_disk(self):
        used = bytes_in(self.c.folder.path) >> 20
        if used > self.c.disk_mb:
            raise Stop(f"the folder takes {used} MB, more than --disk {self.c.disk_mb}")

    def _finish(self, why):
        for turn in self._turns:
            if turn is not None:
                turn.close()
        self._turns = []
        if self._triage is not None:
            end([self._triage])
        for target in self.c.targets:
            self._try(lambda: drop_torn(self.c.folder, target, self.say))
            self._try(lambda: self.harvest(target))
            if self.c.seconds.get(target):
                self._try(lambda: self.sample(target))
        if why == "finished" and (self._triage_due or self._triage is not None):
            self._try(self._last_triage)
        self._try(lambda: self.c.write_state("finished" if why == "finished" else "stopped", why))
        self._say_what_lacks()
        self.say(f"{why}: {self._line(self._mean_rate)}")
        self._try(lambda: report.write(self.c.folder.path, time.time()))  # which has the log

    def _say_what_lacks(self):
        untested = sorted(set(self.c.targets) - self.had_engines())
        if untested:
            self.say(f"NOT TESTED, and nothing is known of them: {' '.join(untested)}")
        hardly = sorted(self.hardly_tested().items())
        if hardly:
            self.say("HARDLY TESTED, fewer schedules than there are seeds: "
                     + ", ".join(f"{target} ({count})" for target, count in hardly))

    def _last_triage(self):
        """It can take minutes: what is on the screen and in the folder says so meanwhile."""
        self.say("sorting what was found ...")
        self.c.write_state("running", "sorting what was found")
        report.write(self.c.folder.path, time.time())
        triage = self.c.triage()
        began = time.monotonic()
        until = began + LAST_TRIAGE_SECONDS
        while triage.running() and not self._signals.caught and time.monotonic() < until:
            spent = _ago(time.monotonic() - began)
            self._status.show(lambda: f"sorting what was found, {spent} of at most "
                              f"{_ago(LAST_TRIAGE_SECONDS)}", SORTING_SECONDS)
            self._signals.wait(TICK_SECONDS)
        end([triage])

    def _try(self, do):
        try:
            do()
        except Exception as error:
            self.problem(_said_by(error))

    # What is said.

    def _mean_rate(self, schedules, seconds):
        """Of all the time that it ran, as the report has it."""
        return schedules / seconds if seconds else None

    def _line(self, rate=None):
        rate = rate or self._status.rate
        schedules = sum(count for _, count in self.c.counted().values())
        last = self.c.findings.last
        age = "" if last is None else f" (the last {_ago(time.time() - last)} ago)"
        at = " ".join(turn.target for turn in self._turns if turn is not None)
        # A terminal cuts it at its edge, so what counts most comes first.
        return (f"{_ago(self.c.ran)}, tested: {len(self.tested())} of "
                f"{len(self.c.targets)} targets, violations: {self.c.findings.total()}{age}, "
                f"{_short(schedules)} schedules, {_short(rate(schedules, self.c.ran))}/s, "
                f"{_sum(self._inputs)} inputs, {_sum(self.cells)} features"
                + (f" [{at}]" if at else ""))

    def say(self, message):
        self.c.folder.log(message)
        self._status.say(message)

    def problem(self, message):
        """At most once a minute, since what fails tends to fail again."""
        now = time.monotonic()
        self._problems = {m: t for m, t in self._problems.items() if now - t < SAME_PROBLEM_SECONDS}
        if message not in self._problems:
            self._problems[message] = now
            self.say("problem: " + message)


def _said_by(error):
    if not isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    return (error.strerror or str(error)) + (f": {error.filename}" if error.filename else "")


def _ago(seconds):
    """3 s, 5 min, 2 h 10 min, 3 d 4 h."""
    seconds = max(0, int(seconds))  # clocks are set back at times
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    if seconds < 172800:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def _sum(counts):
    """A dash for what was not counted yet: no target has a corpus without inputs or features."""
    return sum(counts.values()) or "-"


def _short(number):
    if number is None:
        return "-"
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.0f}"
