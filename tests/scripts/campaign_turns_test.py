#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which targets a campaign comes to in the time it has, by a clock that this test turns: nothing is
run, nothing waits."""
import io
import os
import sys
import unittest
import unittest.mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
# pylint: disable=wrong-import-position
from campaigns import sharing, status, supervisor

SAFE = [f"{name}_{arch}" for name in ("epoch-sync", "flag-pages", "full-mm")
        for arch in ("arm64", "x86")]
BROKEN = ["own-range_x86", "widen-range_x86"]
MANY = [f"policy-{i:02}_{arch}" for i in range(13) for arch in ("arm64", "x86")]


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now

    def time(self):
        return 1_700_000_000 + self.now


class Turn:
    """Has its engines as long as the supervisor says, and takes `beside` seconds more."""
    clock, beside, had = None, 2.0, None

    def __init__(self, looks_after, target, cores):
        self.target, self.begun, self.fuzzed = target, self.clock.now, 0.0
        self._s, self._cores = looks_after, cores
        self._ends = None

    def advance(self):
        c = self._s.c
        if self._ends is None:
            seconds = self._s.turn_seconds(self.target)
            self.had.append((self.target, seconds))
            self._ends = self.begun + seconds + self.beside
            self.fuzzed = seconds
            c.seconds[self.target] = c.seconds.get(self.target, 0) + seconds * self._cores
        if self.clock.now < self._ends:
            return True
        c.turns[self.target] = c.turns.get(self.target, 0) + 1
        return False

    def close(self):
        pass


class Campaigns(unittest.TestCase):
    def run_for(self, seconds, targets, safe=(), jobs=2, turn=60, beside=2.0, turns=None,
                schedules=None, triage=False, had=None):
        """The turns that there were, and the lines said. Of a second of an engine a target runs
        1000 schedules, or all that `schedules` says of it. `had` are seconds of an earlier run."""
        clock, said = Clock(), []
        Turn.clock, Turn.beside, Turn.had = clock, beside, []

        def counted():
            return {target: (0, (schedules or {}).get(target, 1000 * c.seconds.get(target, 0)))
                    for target in targets}

        c = unittest.mock.MagicMock(
            targets=targets, safe=set(safe), jobs=jobs, engine_names=["libfuzzer", "afl"],
            turn_seconds=turn, ran=0.0, turns=dict(turns or {}), seconds=dict(had or {}), seeds=100,
            counted=counted)
        c.findings.known = {target: set() for target in targets}
        c.triage.return_value.running.side_effect = lambda: clock.now < seconds + 200
        c.folder.at = os.path.join
        c.findings.total.return_value = int(triage)
        c.findings.last = None
        c.corpus_files.return_value = 0
        self.shown = []
        status = unittest.mock.MagicMock(rate=lambda *_: 0, say=said.append,
                                         show=lambda line, *_: self.shown.append(line()))
        signals = unittest.mock.MagicMock(caught=None)
        signals.wait = lambda wait: setattr(clock, "now", clock.now + wait)
        self.made = c.method_calls
        with unittest.mock.patch.multiple(
                supervisor, end=c, time=clock, Turn=Turn, Signals=lambda: signals, report=c,
                bytes_in=lambda _: 0, drop_torn=c, read_json_lines=lambda _: []):
            why = supervisor.Supervisor(c, status).run(seconds)
        self.assertEqual("finished", why)
        self.assertGreaterEqual(clock.now, seconds)
        return Turn.had, said

    def test_a_minute_is_enough_for_each_target(self):
        had, said = self.run_for(60, MANY)
        self.assertEqual(set(MANY), {target for target, _ in had})
        self.assertIn("tested: 26 of 26 targets, violations: 0", said[-1])
        self.assertNotIn("NOT TESTED", " ".join(said))

    def test_of_other_times_and_cores(self):
        for seconds, jobs in ((90, 2), (300, 2), (600, 1), (900, 2), (300, 16), (60, 64)):
            had, _ = self.run_for(seconds, MANY, jobs=jobs)
            self.assertEqual(set(MANY), {target for target, _ in had}, (seconds, jobs))

    def test_a_turn_is_as_asked_for_where_there_is_time(self):
        had, _ = self.run_for(3600, MANY)
        self.assertEqual({60.0}, {seconds for _, seconds in had[:26]})

    def test_broken_and_unknown_ones_come_first(self):
        targets = sorted(SAFE + BROKEN)
        had, _ = self.run_for(60, targets, safe=SAFE)
        self.assertEqual(set(BROKEN), {target for target, _ in had[:2]})
        self.assertEqual(set(targets), {target for target, _ in had})

    def test_what_was_not_tested_is_said(self):
        had, said = self.run_for(10, MANY, beside=5.0)
        tested = {target for target, _ in had}
        self.assertLess(len(tested), 26)
        self.assertIn(f"tested: {len(tested)} of 26 targets, violations: 0", said[-1])
        self.assertIn("NOT TESTED, and nothing is known of them: "
                      + " ".join(sorted(set(MANY) - tested)), said)

    def test_hardly_tested_is_not_tested(self):
        """An engine was on it, and did not come to the end of the seeds."""
        few = {"policy-03_x86": 3, "policy-01_arm64": 0, "policy-07_x86": 100}
        had, said = self.run_for(60, MANY, schedules=few)
        self.assertEqual(set(MANY), {target for target, _ in had})
        self.assertIn("tested: 24 of 26 targets, violations: 0", said[-1])
        self.assertIn("HARDLY TESTED, fewer schedules than there are seeds: "
                      "policy-01_arm64 (0), policy-03_x86 (3)", said)
        self.assertNotIn("NOT TESTED", " ".join(said))

    def resumed(self, seconds, schedules, turns=None, **more):
        """The turns of a campaign that goes on, after a turn of each target."""
        return self.run_for(seconds, MANY, had=dict.fromkeys(MANY, 2.0), schedules=schedules,
                            turns={**dict.fromkeys(MANY, 1), **(turns or {})}, **more)[0]

    def test_hardly_tested_comes_first_when_it_goes_on(self):
        """Whatever it had before, and for long enough."""
        few = {"policy-03_x86": 53, "policy-07_arm64": 9}
        for turns in ({}, {"policy-03_x86": 5}):
            turns = self.resumed(20, few, turns, safe=MANY[:10])
            self.assertEqual(few.keys(), {target for target, _ in turns[:2]})
            self.assertGreater(min(seconds for _, seconds in turns[:2]), 8)

    def test_what_stays_slow_waits_like_the_others(self):
        """It had its turn, and does not keep the others from theirs."""
        turns = self.resumed(600, {"policy-03_x86": 0})
        self.assertEqual("policy-03_x86", turns[0][0])
        self.assertNotIn("policy-03_x86", {target for target, _ in turns[1:8]})

    def test_all_share_a_short_time_when_it_goes_on(self):
        turns = self.resumed(90, {})
        self.assertEqual(set(MANY), {target for target, _ in turns})

    def test_the_last_triage(self):
        """It is said before it begins and while it lasts, the page is drawn then, and at the end,
        with all that was said; its time is none of fuzzing."""
        _, said = self.run_for(100, ["full-mm_x86"], triage=True)
        self.assertEqual("sorting what was found ...", said[-2])
        names = [call[0] for call in self.made]
        sorting = self.made.index(
            unittest.mock.call.write_state("running", "sorting what was found"))
        self.assertLess(names.index("write", sorting), names.index("triage", sorting))
        self.assertLess(max(i for i, name in enumerate(names) if name == "folder.log"),
                        max(i for i, name in enumerate(names) if name == "write"))
        self.assertIn("sorting what was found, 0 s of at most 5 min", self.shown)
        self.assertIn("sorting what was found, 100 s of at most 5 min", self.shown)
        self.assertIn("/s, - inputs, - features", said[-1])
        schedules = 1000 * sum(2 * seconds for _, seconds in Turn.had)
        rate = float(said[-1].split(" k/s")[0].rpartition(" ")[2])
        self.assertAlmostEqual(rate, schedules / 100 / 1000, delta=0.05)

    def test_one_that_fails_does_not_make_turns_short(self):
        """It had its turn, if in vain, and waits like the others."""
        turns = {target: 1 for target in MANY}
        had, _ = self.run_for(3600, MANY, turns=turns)
        self.assertEqual({60.0}, {seconds for _, seconds in had[:26]})


class Lines(unittest.TestCase):
    def test_as_often_as_asked_for(self):
        """Where there is no terminal: once a minute, or sooner where a minute is long."""
        clock, out = Clock(), io.StringIO()
        with unittest.mock.patch.object(status.time, "monotonic", clock.monotonic):
            its = status.Status(out)
            for second, pipe in ((0, 60), (20, 60), (61, 60), (70, 15), (77, 15)):
                clock.now = second
                its.show(lambda: f"at {clock.now}", pipe)
        self.assertEqual(["at 0", "at 61", "at 77"],
                         [line.split(" ", 2)[2] for line in out.getvalue().splitlines()])


class Rate(unittest.TestCase):
    def test_is_of_the_time_that_the_campaign_ran(self):
        its = status.Status(io.StringIO())
        self.assertIsNone(its.rate(0, 0.0))
        self.assertEqual(its.rate(500, 10.0), 50)
        self.assertEqual(its.rate(500, 10.0), 50)  # a triage in which its clock stood still
        self.assertEqual(its.rate(4000, 45.0), 100)


class Sharing(unittest.TestCase):
    def test_share_out(self):
        for expected, arguments in (
                ([2], (2, 26, 2)), ([2, 2, 1], (5, 26, 2)), ([8, 8], (16, 2, 2)), ([1], (1, 26, 2)),
                ([1, 1], (2, 26, 2, 60)), ([2], (2, 26, 2, 600)), ([2], (2, 1, 2, 5)),
                ([2] * 32, (64, 26, 2, 5))):
            self.assertEqual(expected, sharing.share_out(*arguments), arguments)

    def test_turn_seconds(self):
        self.assertEqual(60, sharing.turn_seconds(60, None, 25, 1, 3))
        self.assertEqual(7, sharing.turn_seconds(60, 7, 0, 1, 3))
        self.assertEqual(27, sharing.turn_seconds(60, 60, 1, 1, 3))
        self.assertEqual(2, sharing.turn_seconds(60, 20, 25, 1, 3))


if __name__ == "__main__":
    unittest.main()
