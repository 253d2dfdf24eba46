#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Campaigns: killed at random moments, on two hosts, on a full disk, without an engine.

usage: campaign_test.py BUILD SOURCE [TEST]...
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from campaign_case import BUILD, CampaignTest, listing, PATIENCE, read, run_tests, SOURCE

KILLS = 50


class Kills(CampaignTest):
    def test_killed_at_random_moments(self):
        """No crash, no feature, no count is lost, however often."""
        seed = int.from_bytes(os.urandom(4), "little")
        print("seed", seed)
        draw = random.Random(seed)
        child = self.start("--seconds", "1000000")
        self.wait_for(lambda: all(self.planted(target) for target in
                                  ("own-range_x86", "full-mm_x86")))
        self.stop(child)
        known, counts, taken = self.signatures(), self.counts(), 0
        self.assertGreater(sum(executions for executions, *_ in counts.values()), 0)
        for kill in range(KILLS):
            child = self.start("--seconds", "1000000")
            time.sleep(draw.uniform(0.2, 2.5))
            self.assertIsNone(child.poll(), self.said())
            child.kill()
            child.wait()
            self.wait_for(lambda: not self.alive())
            known = self.check_findings(known)
            counts = self.check_counts(counts)
            if kill % 5 == 4:
                taken = self.check_features(taken)
        self.run_until(lambda: len(self.signatures()) > 3 and self.alive())
        known = self.check_findings(known)
        self.check_counts(counts)
        self.check_features(taken)
        self.assertGreater(len(known), 3)
        self.assertEqual([name for _, _, names in os.walk(self.folder)
                          for name in names if name.endswith(".tmp")], [])

    def planted(self, target):
        return sum(len(os.listdir(folder)) for folder in self.corpora(target)) > 60

    def check_findings(self, before):
        lines = read(os.path.join(self.folder, "findings.jsonl")).splitlines()
        now = self.signatures()
        self.assertEqual(len(lines), len(now), "a violation is listed twice")
        self.assertLessEqual(before, now)
        for finding in self.findings():
            policy, arch = finding["target"].rsplit("_", 1)
            shown = subprocess.run(
                [os.path.join(BUILD, "gatherfuzz"), "run", "--json", "--policy", policy, "--arch",
                 arch, os.path.join(self.folder, finding["crash"])], stdout=subprocess.PIPE)
            self.assertEqual(json.loads(shown.stdout)["signature"], finding["signature"])
        return now

    def check_counts(self, before):
        now = self.counts()
        for name, values in before.items():
            for then, value in zip(values, now[name]):
                self.assertGreaterEqual(value, then, name)
        return now

    def check_features(self, kept):
        """What was there at the last look, and more, is still shown."""
        for target in ("own-range_x86", "full-mm_x86"):
            now = os.path.join(self.scratch, "now", target)
            shutil.rmtree(now, ignore_errors=True)
            self.copy_inputs(target, now)
            before = os.path.join(self.scratch, "before", target)
            if kept:
                self.assertEqual(self.new_features(target, now, [before]), 0, target)
            shutil.rmtree(before, ignore_errors=True)
            self.copy_inputs(target, before)
            self.assertGreater(len(os.listdir(before)), 50)
        return kept + 1


class Hosts(CampaignTest):
    def test_two_hosts(self):
        """After one exchange both have all; a second one changes nothing."""
        a, b = (os.path.join(self.scratch, name) for name in "ab")
        target = "full-mm_x86"
        for folder, engine in ((a, "libfuzzer"), (b, "libfuzzer,afl")):
            self.run_until(lambda: self.turns(target, folder) and self.signatures(folder),
                           "--engines", engine, "--host", os.path.basename(folder), folder=folder)
        corpora = {folder: os.path.join(folder, "share", target, "corpus",
                                        os.path.basename(folder)) for folder in (a, b)}
        self.assertNotEqual(set(os.listdir(corpora[a])), set(os.listdir(corpora[b])))
        only = {}
        for mine, other in ((a, b), (b, a)):
            copy = os.path.join(self.scratch, "copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(corpora[mine], copy)
            only[other] = self.new_features(target, copy, [corpora[other]], mine)
        self.assertGreater(only[a] + only[b], 0, "both had the same before")
        union = self.signatures(a) | self.signatures(b)
        everything = set(os.listdir(corpora[a])) | set(os.listdir(corpora[b]))
        self.exchange(a, b)
        for mine, other in ((a, b), (b, a)):
            self.assertEqual(self.signatures(mine), union)
            self.assertTrue(everything - set(os.listdir(corpora[mine])), "more than what is new")
            copy = os.path.join(self.scratch, "copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(corpora[mine], copy)
            self.assertEqual(self.new_features(target, copy, [corpora[other]], mine), 0)
        self.copy_share(a, b)
        before = [listing(os.path.join(folder, "share")) for folder in (a, b)]
        self.exchange(a, b)
        self.assertEqual([listing(os.path.join(folder, "share")) for folder in (a, b)], before)

    def exchange(self, a, b):
        self.copy_share(a, b)
        for folder in (a, b):
            self.assertEqual(self.run_campaign("--exchange", folder=folder), 0, self.said(folder))

    def copy_share(self, a, b):
        for source, into in ((a, b), (b, a)):
            shutil.copytree(os.path.join(source, "share"), os.path.join(into, "share"),
                            dirs_exist_ok=True)


class Trouble(CampaignTest):
    def test_stopped_and_taken_up(self):
        child = self.start("--seconds", "1000000")
        self.wait_for(lambda: os.path.exists(self.folder + "/findings.jsonl"))
        self.assertEqual(self.run_campaign("--seconds", "5"), 2)
        self.assertIn("another campaign is running there", self.said())
        self.stop(child)
        self.assertEqual(self.alive(), [])
        ran = self.state()["ran"]
        self.assertEqual(self.run_campaign("--seconds", "3"), 0)
        state = self.state()
        self.assertGreaterEqual(state["ran"], ran + 2.9)  # rounded
        self.assertEqual(state["state"], "finished")
        for name in ("report.html", "triage/index.html", "history.jsonl"):
            self.assertTrue(os.path.getsize(os.path.join(self.folder, name)), name)

    def test_torn_files(self):
        """What a power cut leaves half written is said, and mended."""
        self.run_until(lambda: self.signatures() and self.corpora("full-mm_x86"))
        known = self.signatures()
        corpus = self.corpora("full-mm_x86")[0]
        torn = os.path.join(corpus, sorted(os.listdir(corpus))[0])
        os.truncate(torn, 3)
        crash = os.path.join(self.folder, self.findings()[0]["crash"])
        lost = os.path.join(os.path.dirname(crash), "crash-" + 40 * "0")
        shutil.copy(crash, lost)
        for name in ("findings.jsonl", "history.jsonl", "log"):
            with open(os.path.join(self.folder, name), "a") as file:
                file.write('{"target": "full-mm_x8')
        self.assertEqual(self.run_campaign("--seconds", "1"), 0)
        why = " was cut off, as its engine ended while it wrote it; "
        self.assertIn(os.path.basename(torn) + why + "removed", self.said())
        self.assertIn(os.path.basename(lost) + why + "kept", self.said())
        self.assertFalse(os.path.exists(lost))
        self.assertLessEqual(known, self.signatures())

    def test_engine_that_is_missing(self):
        tools = os.path.join(self.scratch, "tools")
        os.mkdir(tools)
        for name in ("nice", "env"):
            os.symlink(shutil.which(name), os.path.join(tools, name))
        self.run_until(self.signatures, env={"PATH": tools})
        self.assertIn("afl-fuzz is not installed (package afl++)", self.said())

    def test_child_that_dies(self):
        child = self.start("--seconds", "1000000", "--turn", "100000", targets="full-mm_x86")
        for what in ("afl-0 on full-mm_x86", "libfuzzer-0 on full-mm_x86"):
            program = "afl-fuzz" if what.startswith("afl") else "fuzz_any"
            self.wait_for(lambda: self.of(program))
            time.sleep(0.5)
            os.kill(self.of(program)[0], signal.SIGKILL)
            self.wait_for(lambda: f"problem: {what} ended with status -9" in self.said())
        self.wait_for(lambda: self.of("afl-fuzz") and self.of("fuzz_any"))
        self.assertIsNone(child.poll())

    def of(self, program):
        found = []
        for pid in self.alive():
            try:
                command = read(f"/proc/{pid}/cmdline")
            except OSError:
                continue
            name = os.path.basename(command.split("\0")[0])
            if name == program and "-merge=1" not in command:
                found.append(pid)
        return found

    def test_bounds(self):
        self.assertEqual(self.run_campaign("--seconds", "1000000", "--disk", "1"), 3)
        self.assertIn("more than --disk 1", self.said())
        self.assertEqual(self.alive(), [])

    def test_full_disk(self):
        """Said, and survived; with room again it goes on."""
        disk = os.path.join(self.scratch, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "none", disk],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("cannot mount a small disk here")
        try:
            self.folder = os.path.join(disk, "c")
            child = self.start("--seconds", "1000000")
            self.wait_for(lambda: os.path.exists(self.folder + "/findings.jsonl"))
            filler = os.path.join(disk, "filler")
            try:
                with open(filler, "wb") as file:
                    while True:
                        file.write(bytes(1 << 16))
                        file.flush()
            except OSError:
                pass
            self.wait_for(lambda: "No space left" in read(self.folder + "/log") or
                          "No space left" in self.said())
            time.sleep(3)
            self.assertIsNone(child.poll(), self.said())
            before = self.state()["ran"]
            os.remove(filler)
            self.wait_for(lambda: self.state()["ran"] > before)
            self.stop(child)
        finally:
            for child in self.children:
                child.kill()
                child.wait()
            self.wait_for(lambda: not self.alive())
            subprocess.run(["umount", disk], check=True)


class Programs(CampaignTest):
    """Programs that hang, die or do not end; terminals that go away."""

    def build_with(self, name, script):
        """A build folder in which a program is a shell script; $REAL is the program."""
        folder = os.path.join(self.scratch, "build")
        os.makedirs(folder + "/fuzz")
        for file in ("gatherfuzz", "fuzz/fuzz_any", "fuzz/afl_any",
                     "fuzz/libgatherfuzz_mutator.so"):
            if os.path.exists(os.path.join(BUILD, file)):
                os.symlink(os.path.join(BUILD, file), os.path.join(folder, file))
        os.remove(os.path.join(folder, name))
        with open(os.path.join(folder, name), "w") as file:
            file.write(f"#!/bin/sh\nREAL={BUILD}/{name}\n{script}\n")
        os.chmod(os.path.join(folder, name), 0o755)
        return folder

    def test_merge_that_hangs(self):
        """It is killed with what it has started; the campaign goes on."""
        build = self.build_with("fuzz/fuzz_any", """
            case "$*" in *-merge=1*) sleep 4321 & wait ;; *) exec "$REAL" "$@" ;; esac""")
        command = ("import sys; from campaigns import main, turn;"
                   "turn.WAIT_SECONDS = 1; sys.exit(main.main())")
        with open(self.folder + ".out", "wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-c", command, self.folder, "--build", build, "--corpus",
                 SOURCE + "/corpus", "--jobs", "1", "--turn", "2", "--engines", "libfuzzer",
                 "--targets", "full-mm_x86", "--seconds", "1000000"], stdout=output, stderr=output)
        self.children.append(child)
        self.wait_for(lambda: self.turns("full-mm_x86"))
        self.stop(child)
        self.assertIn("no seeds", self.said())
        self.assertEqual(self.alive(), [])

    def test_engine_that_always_dies(self):
        build = self.build_with("fuzz/fuzz_any", """
            case "$*" in *-merge=1*) exec "$REAL" "$@" ;; *) echo broken; exit 9 ;; esac""")
        self.run_until(lambda: "is left alone until the next turn" in self.said(), "--build", build)
        self.assertIn("ended with status 9: broken", self.said())
        self.assertLess(self.said().count("problem"), 12, self.said())

    def test_engine_that_does_not_end(self):
        build = self.build_with("fuzz/fuzz_any", """
            case "$*" in *-merge=1*) exec "$REAL" "$@" ;; esac
            trap '' TERM
            while :; do sleep 1; done""")
        child = self.start("--seconds", "1000000", "--build", build, "--engines", "libfuzzer")
        self.wait_for(lambda: "-max_total_time" in
                      "".join(read(f"/proc/{pid}/cmdline") for pid in self.alive()))
        self.stop(child, signal.SIGTERM)
        self.assertEqual(self.alive(), [])

    def test_engine_that_is_back(self):
        """What is missing once is used when it is there the next time."""
        tools = os.path.join(self.scratch, "tools")
        os.mkdir(tools)
        self.assertEqual(self.run_campaign("--exchange", env={"PATH": tools}), 0)
        self.assertEqual(json.loads(read(self.folder + "/campaign.json"))["engines"],
                         ["libfuzzer", "afl"])

    def test_target_that_is_new(self):
        """It does not keep the others waiting until it has had as many turns."""
        self.assertEqual(self.run_campaign("--exchange", targets="full-mm_x86"), 0)
        path = self.folder + "/campaign.json"
        state = json.loads(read(path))
        state["turns"] = {"full-mm_x86": 1000}
        with open(path, "w") as file:
            json.dump(state, file)
        both = "full-mm_x86,own-range_x86"
        self.assertEqual(self.run_campaign("--exchange", "--targets", both), 0)
        self.assertEqual(json.loads(read(path))["turns"], dict.fromkeys(both.split(","), 1000))

    def test_nohup(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            child = self.start("--seconds", "4", targets="full-mm_x86")
        finally:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.wait_for(lambda: os.path.exists(self.folder + "/campaign.json"))
        child.send_signal(signal.SIGHUP)
        self.assertEqual(child.wait(PATIENCE), 0, self.said())

    def test_terminal_that_goes_away(self):
        master, terminal = os.openpty()
        child = subprocess.Popen(
            ["setsid", *self.command("--seconds", "4", targets="full-mm_x86")], stdin=terminal,
            stdout=terminal, stderr=terminal)
        self.children.append(child)
        os.close(terminal)
        self.wait_for(lambda: os.path.exists(self.folder + "/campaign.json"))
        os.close(master)
        self.assertEqual(child.wait(PATIENCE), 0)
        self.assertEqual(json.loads(read(self.folder + "/campaign.json"))["state"], "finished")

    def test_output_that_is_closed(self):
        command = self.command("--seconds", "2", targets="full-mm_x86")
        child = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command])
        self.children.append(child)
        self.assertEqual(child.wait(PATIENCE), 0)

    def test_stopped_while_it_begins(self):
        """Ctrl-C while the seeds are planted: no word of Python's; then all seeds are planted."""
        build = self.build_with("gatherfuzz", """
            case $1 in encode) sleep 0.1 ;; esac
            exec "$REAL" "$@" """)
        child = self.start("--exchange", "--build", build)
        seeds = self.folder + "/local/tmp/seeds"
        self.wait_for(lambda: os.path.isdir(seeds) and os.listdir(seeds))
        self.stop(child)
        self.assertNotIn("Traceback", self.said())
        self.assertEqual(self.run_campaign("--exchange"), 0)
        self.assertGreater(len(os.listdir(self.folder + "/local/seeds")), 20)

    def test_afl_that_is_killed_leaves_nothing(self):
        self.start("--seconds", "1000000", "--turn", "100000", "--engines", "afl", "--jobs", "1",
                   targets="full-mm_x86")
        for _ in range(2):
            self.wait_for(lambda: self.running("afl_any"))
            time.sleep(1)
            before = self.running("afl_any")
            os.kill(self.running("afl-fuzz")[0], signal.SIGKILL)
            self.wait_for(lambda: not set(before) & set(self.running("afl_any")))

    def running(self, program):
        found = []
        for pid in self.alive():
            try:
                if os.path.basename(read(f"/proc/{pid}/cmdline").split("\0")[0]) == program:
                    found.append(pid)
            except OSError:
                pass
        return found


if __name__ == "__main__":
    run_tests()
