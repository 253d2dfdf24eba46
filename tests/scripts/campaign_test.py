#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Campaigns: killed at random moments, on two hosts, on a full disk, without an engine.

usage: campaign_test.py BUILD SOURCE [TEST]...
"""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

BUILD = SOURCE = None
KILLS = 50
PATIENCE = 3600  # seconds until something counts as hanging; no machine is that slow


class CampaignTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="campaign.")
        self.folder = os.path.join(self.scratch, "c")
        self.children = []

    def tearDown(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, *arguments, folder=None, targets="own-range_x86,full-mm_x86", env=None):
        """A campaign of two cores and short turns; what it says goes to FOLDER.out."""
        folder = folder or self.folder
        command = self.command(*arguments, folder=folder, targets=targets)
        with open(folder + ".out", "ab") as output:
            child = subprocess.Popen(command, stdout=output, stderr=output,
                                     env={**os.environ, **(env or {})})
        self.children.append(child)
        return child

    def command(self, *arguments, folder=None, targets):
        folder = folder or self.folder
        command = [sys.executable, "-m", "campaigns.main", folder,
                   "--build", BUILD, "--corpus", os.path.join(SOURCE, "corpus"), "--jobs", "2",
                   "--turn", "2", *arguments]
        if not os.path.exists(os.path.join(folder, "campaign.json")):
            command += ["--targets", targets]
        return command

    def run_campaign(self, *arguments, **more):
        return self.start(*arguments, **more).wait(PATIENCE)

    def run_until(self, what, *arguments, **more):
        """A campaign that is stopped once something is so, however long that takes."""
        child = self.start("--seconds", "1000000", *arguments, **more)
        self.wait_for(what)
        self.stop(child)

    def stop(self, child, number=signal.SIGINT):
        self.assertIsNone(child.poll(), self.said())
        child.send_signal(number)
        self.assertEqual(child.wait(PATIENCE), 130)

    def state(self, folder=None):
        """campaign.json, which is whole at any moment; an empty one if there is none yet."""
        path = os.path.join(folder or self.folder, "campaign.json")
        return json.loads(read(path)) if os.path.exists(path) else {}

    def turns(self, target, folder=None):
        """That the target has had."""
        return self.state(folder).get("turns", {}).get(target, 0)

    def said(self, folder=None):
        path = (folder or self.folder) + ".out"
        return read(path) if os.path.exists(path) else ""

    def wait_for(self, what):
        """Until it is so; not for what can no longer come."""
        until = time.monotonic() + PATIENCE
        while not what():
            ended = self.children and all(child.poll() is not None for child in self.children)
            if time.monotonic() > until or (ended and not self.alive() and not what()):
                self.fail("it never came; alive: "
                          + str([read(f"/proc/{pid}/cmdline") for pid in self.alive()]) + "\n"
                          + self.said())
            time.sleep(0.05)

    def findings(self, folder=None):
        """The whole lines; half a line is cut off before the next one is written."""
        path = os.path.join(folder or self.folder, "findings.jsonl")
        lines = read(path).splitlines(True) if os.path.exists(path) else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def signatures(self, folder=None):
        return {(f["target"], f["signature"], bool(f["excuse"])) for f in self.findings(folder)}

    def corpora(self, target):
        """Folders with inputs of a target, AFL++'s among them."""
        share = os.path.join(self.folder, "share", target)
        return [parent for parent, _, names in os.walk(share)
                if names and re.search(r"/corpus/[^/]*$|/queue$", parent)]

    def copy_inputs(self, target, into):
        """Whole files only: what was being written has not the name of its content."""
        os.makedirs(into, exist_ok=True)
        for folder in self.corpora(target):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                sha1 = hashlib.sha1(content).hexdigest()
                if name == sha1 or (name.startswith("id:") and content):
                    with open(os.path.join(into, sha1), "wb") as file:
                        file.write(content)

    def new_features(self, target, into, sources, folder=None):
        """How many features `sources` have that `into` has not. `into` is changed."""
        known = os.path.join(folder or self.folder, "local", "all-known")
        policy, arch = target.rsplit("_", 1)
        result = subprocess.run(
            [os.path.join(BUILD, "fuzz/fuzz_any"), "-merge=1", into, *sources],
            env={**os.environ, "GATHERFUZZ_POLICY": policy, "GATHERFUZZ_ARCH": arch,
                 "GATHERFUZZ_KNOWN": known}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=True).stdout.decode(errors="replace")
        return int(re.search(r"(\d+) new files with (\d+) new features added", result)[2])

    def counts(self):
        folder = os.path.join(self.folder, "local", "counts")
        counts = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read(40)
            counts[name] = [int.from_bytes(content[i:i + 8], "little") for i in range(8, 40, 8)]
        return counts

    def alive(self):
        """Processes that work for this campaign."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    environment = file.read()
                with open(f"/proc/{pid}/stat") as file:
                    dead = file.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                continue
            if f"GATHERFUZZ_KNOWN={self.folder}/".encode() in environment and not dead:
                found.append(int(pid))
        return found


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
        self.assertIn(os.path.basename(torn) + " was cut off; removed", self.said())
        self.assertIn(os.path.basename(lost) + " was cut off; kept", self.said())
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


class FindingsTest(CampaignTest):
    """Crash files and the record of findings, by the code that looks after them."""
    TARGET = "own-range_x86"

    def setUp(self):
        super().setUp()
        self.at = Folder(self.folder, "c")
        self.at.make([self.TARGET])
        self.heard = []
        self.schedule = read(SOURCE + "/corpus/verdicts/own-range-x86.gather").encode()

    def open_findings(self, target=TARGET, **more):
        return Findings(self.at, os.path.join(BUILD, "gatherfuzz"), [target], self.heard.append,
                        **more)

    def test_what_is_said_of_a_finding_replays_it(self):
        """Pasted where the person stands who started the campaign: bytes, without a policy."""
        bytes_of = os.path.join(self.scratch, "bytes")
        gatherfuzz = os.path.join(BUILD, "gatherfuzz")
        subprocess.run([gatherfuzz, "encode", SOURCE + "/corpus/verdicts/own-range-x86.gather",
                        "-o", bytes_of], check=True)
        with open(bytes_of, "rb") as file:
            self.put_crash(file.read())
        self.assertEqual(self.open_findings(called_in=self.scratch).harvest(self.TARGET, 1), 1)
        line = self.heard[-1].partition("; replay: ")[2]
        ran = subprocess.run(line, shell=True, cwd=self.scratch, check=False, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(ran.returncode, 1, line + "\n" + ran.stdout)
        self.assertIn("own-range on x86, as its path says", ran.stdout)

    def test_what_is_excused_hides_nothing(self):
        """Under a later kernel any policy may break. The same signature where that is no excuse is
        a violation of its own; the other way round it is not."""
        later = self.schedule.replace(b"\n", b"\nkernel 6.17\n", 1)
        self.put_crash(later)
        findings = self.open_findings()
        self.assertEqual(findings.harvest(self.TARGET, 1), 1)
        signature = self.findings()[0]["signature"]
        self.assertIn("under kernel 6.17, which says nothing against the policy", self.heard[-1])
        self.assertEqual(read(self.at.known(self.TARGET)), f"excused {signature}\n")
        self.put_crash(self.schedule)
        findings = self.open_findings()  # by another process, which reads what this one has left
        self.assertEqual(findings.harvest(self.TARGET, 1), 1)
        self.put_crash(later + b"# another\n")
        self.assertEqual(findings.harvest(self.TARGET, 1), 0)
        self.assertEqual([(f["signature"], f["excuse"]) for f in self.findings()],
                         [(signature, "kernel 6.17"), (signature, "")])
        self.assertEqual(read(self.at.known(self.TARGET)), f"excused {signature}\n{signature}\n")
        self.assertFalse(findings.alarming)

    def test_safe_policy_that_is_excused(self):
        """No alarm, unlike for what a policy that is held to be safe must not show."""
        target = "full-mm_x86"
        self.at.make([target])
        self.put_crash(read(SOURCE + "/corpus/zoo/s1.gather").encode(), target=target)
        findings = self.open_findings(target, safe={target})
        self.assertEqual(findings.harvest(target, 1), 1)
        self.assertFalse(findings.alarming)
        self.assertEqual([line for line in self.heard if "IS HELD TO BE SAFE" in line], [])
        run = {"signature": "deadlock+x", "held_safe": True, "excused": False}
        with unittest.mock.patch.object(findings, "_replay", lambda *_: (1, [run])):
            self.put_crash(b"another", target=target)
            self.assertEqual(findings.harvest(target, 1), 1)
        self.assertEqual(findings.alarming, {target})
        self.assertIn("full-mm_x86 IS HELD TO BE SAFE, AND IS BROKEN", self.heard)
        self.assertEqual(self.open_findings(target).alarming, {target}, "for good")

    def test_findings_of_an_earlier_version(self):
        """Which did not ask what a crash says against the policy: that is looked at again."""
        target = "full-mm_x86"
        self.at.make([target])
        crash = self.put_crash(read(SOURCE + "/corpus/zoo/s1.gather").encode(), target=target)
        self.open_findings(target).harvest(target, 1)
        line = self.findings()[0]
        del line["excuse"], line["held_safe"]
        with open(self.at.at("findings.jsonl"), "w") as file:
            file.write(json.dumps(line) + "\n")
        findings = self.open_findings(target, safe={target})
        self.assertFalse(findings.alarming)
        self.assertEqual(findings.harvest(target, 1), 1)
        self.assertEqual(self.findings()[1]["excuse"], "kernel 6.17")
        os.remove(crash)
        with open(self.at.at("findings.jsonl"), "w") as file:
            file.write(json.dumps(line) + "\n")
        self.assertEqual(self.open_findings(target, safe={target}).alarming, {target})

    def put_crash(self, content, name=None, host="c", target=TARGET):
        os.makedirs(self.at.crashes(target, host), exist_ok=True)
        path = os.path.join(self.at.crashes(target, host),
                            name or "crash-" + hashlib.sha1(content).hexdigest())
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_what_other_hosts_put_beside_crashes(self):
        self.put_crash(b"gatherfuzz schedule", host="d")  # refused
        self.put_crash(b"", name="crash-" + 40 * "2", host="d")
        self.put_crash(b"gatherfuzz schedule\n", name="crash-a \n\udcff", host="d")
        self.put_crash(self.schedule, name="crash-" + 40 * "0", host="d")
        os.truncate(self.put_crash(self.schedule + b"#", host="d"), 1 << 32)
        os.mkdir(self.at.at("share", self.TARGET, "crashes", "d", "crash-" + 40 * "1"))
        findings = self.open_findings()
        self.assertEqual(findings.harvest(self.TARGET, 1), 0, self.heard)
        good = self.put_crash(self.schedule, host="d")
        self.assertEqual(findings.harvest(self.TARGET, 1), 1, self.heard)
        self.assertEqual(os.path.join(self.folder, self.findings()[0]["crash"]), good)

    def test_crash_that_is_being_written(self):
        path = self.put_crash(self.schedule)
        os.truncate(path, 20)
        findings = self.open_findings()
        self.assertEqual(findings.harvest(self.TARGET, 1), 0)
        self.put_crash(self.schedule)
        self.assertEqual(findings.harvest(self.TARGET, 1), 1)

    def test_a_file_that_a_finding_names_is_kept(self):
        contents = sorted((self.schedule + b"#%d\n" % number for number in range(20)),
                          key=lambda content: hashlib.sha1(content).hexdigest())
        found = self.put_crash(contents[-1])
        self.assertEqual(self.open_findings().harvest(self.TARGET, 1), 1)
        for content in contents[:-1]:
            self.put_crash(content)
        self.assertEqual(self.open_findings().harvest(self.TARGET, 1), 0)
        self.assertTrue(os.path.exists(found))
        self.assertEqual(len(os.listdir(self.at.crashes(self.TARGET))), 9)

    def test_record_that_cannot_be_written(self):
        """Nothing is known that is not in the record: it is taken when there is room again."""
        self.put_crash(self.schedule)
        findings = self.open_findings()
        append = self.at.append
        self.at.append = lambda *_: os.open(self.scratch + "/no/room", os.O_RDONLY)
        self.assertRaises(OSError, findings.harvest, self.TARGET, 1)
        self.assertEqual(read(self.at.known(self.TARGET)), "")
        self.at.append = append
        self.assertEqual(findings.harvest(self.TARGET, 1), 1)
        self.assertEqual(len(self.findings()), 1)

    def test_record_is_flushed(self):
        """The crash and the line, before the signature is known to engines."""
        self.put_crash(self.schedule)
        findings, order = self.open_findings(), []
        fsync, rename = os.fsync, os.rename
        os.fsync = lambda handle: order.append(os.readlink(f"/proc/self/fd/{handle}"))
        os.rename = lambda old, new: (order.append(new), rename(old, new))
        try:
            findings.harvest(self.TARGET, 1)
        finally:
            os.fsync, os.rename = fsync, rename
        crash = os.path.join(self.folder, self.findings()[0]["crash"])
        steps = [order.index(path) for path in (crash, self.at.at("findings.jsonl"),
                                                self.at.known(self.TARGET))]
        self.assertEqual(steps, sorted(steps))

    def test_findings_of_wrong_types(self):
        lines = ["7", "[]", "null", '"text"', '{"target": [], "signature": "s"}',
                 '{"target": "own-range_x86", "signature": {}}',
                 '{"target": "own-range_x86", "signature": "s", "time": "never", "crash": 3}', "\0",
                 '{"target": "own-range_x86", "signature": "t"}']
        with open(self.at.at("findings.jsonl"), "w") as file:
            file.write("\n".join(lines))  # the last one was cut off just before its end
        self.assertEqual(self.open_findings().known[self.TARGET], {"s"})

    def test_findings_that_cannot_be_read(self):
        os.mkdir(self.at.at("findings.jsonl"))
        self.assertRaises(OSError, self.open_findings)

    def test_bounds(self):
        for kind in ("timeout", "oom", "slow-unit", "torn"):
            for number in range(50):
                self.put_crash(b"%d" % number, f"{kind}-{number}")
        for number in range(50):
            self.put_crash(b"nothing %d" % number)
        findings = self.open_findings()
        findings.harvest(self.TARGET, 1)
        self.assertEqual(len(os.listdir(self.at.crashes(self.TARGET))), 5 * 32)

    def test_folders_of_a_host_whose_name_begins_like_ours(self):
        instances = ("c-main", "c-main-1", "c-s3", "c-x-main", "c-mainly", "cc-main")
        for instance in instances:
            crashes = os.path.join(self.at.afl(self.TARGET), instance, "crashes")
            os.makedirs(crashes)
            with open(os.path.join(crashes, "id:000000"), "wb") as file:
                file.write(self.schedule + b"# " + instance.encode() + b"\n")
        findings = self.open_findings()
        self.assertEqual(findings.harvest(self.TARGET, 1), 1)
        self.assertEqual(len(os.listdir(self.at.crashes(self.TARGET))), 3)
        findings.drop_afl(self.TARGET)
        self.assertEqual(sorted(os.listdir(self.at.afl(self.TARGET))), sorted(instances[3:]))


class Folders(CampaignTest):
    """Files in the folder of a campaign that no campaign has left so, and other hosts' whims."""

    def test_kill_before_the_first_state(self):
        os.makedirs(self.folder + "/local")
        for name in ("log", "findings.jsonl", "campaign.json.77.tmp"):
            with open(os.path.join(self.folder, name), "w"):
                pass
        self.assertEqual(self.run_campaign("--exchange"), 0, self.said())

    def test_campaign_json_is_damaged(self):
        """One line that says what to do; what was found is still there then."""
        self.assertEqual(self.run_campaign("--seconds", "4", targets="full-mm_x86"), 0)
        path = self.folder + "/campaign.json"
        good = json.loads(read(path))
        for bad in ("", "\0\0", "7", "{}", *(json.dumps({**good, **change}) for change in (
                {"turns": []}, {"seconds": {"full-mm_x86": "x"}}, {"targets": 3}, {"targets": []},
                {"jobs": 0}, {"ran": None}, {"taken": 1}, {"host": []}))):
            with open(path, "w") as file:
                file.write(bad)
            self.assertEqual(self.run_campaign("--exchange"), 2, bad)
            self.assertIn("remove it and start again", self.said().splitlines()[-1])
        os.remove(path)
        with open(self.folder + "/history.jsonl", "a") as file:
            file.write('7\n{"target": [], "at": "x", "features": "y"}\n{"at": 1000}\n')
        self.assertEqual(self.run_campaign("--seconds", "1", targets="full-mm_x86"), 0, self.said())
        self.assertGreaterEqual(json.loads(read(path))["ran"], 1000)

    def test_name_with_blanks(self):
        self.folder = os.path.join(self.scratch, "a b$(c)'; \"d")
        self.run_until(lambda: self.turns("full-mm_x86"), targets="full-mm_x86")
        self.assertNotIn("problem", self.said())

    def test_corpora_that_cannot_be_merged(self):
        """One of another host keeps neither ours nor those of others from being taken over."""
        self.assertEqual(self.run_campaign("--exchange", targets="full-mm_x86"), 0, self.said())
        corpora = os.path.join(self.folder, "share/full-mm_x86/corpus")
        for host in ("bad", "good", "$(touch run)"):
            os.makedirs(os.path.join(corpora, host))
            for number in range(3):
                with open(os.path.join(corpora, host, f"{host} {number}"), "wb") as file:
                    file.write(os.urandom(30 * number))
        with open(os.path.join(corpora, "bad", "a name\nof two lines\n3"), "wb") as file:
            file.truncate(1 << 31)
        self.run_until(lambda: self.turns("full-mm_x86"))
        self.assertIn("share/full-mm_x86/corpus/good", self.state()["taken"])
        self.assertFalse(os.path.exists(self.folder + "/run"))
        self.assertIn("$(touch run) could not be taken over", self.said())
        self.assertIn("corpus/bad could not be taken over", self.said())
        self.assertEqual([name for name in os.listdir(self.folder + "/share/full-mm_x86/afl")
                          if not name.endswith("-main")], [], "set aside, and never taken over")

    def test_inputs_that_a_person_puts_there(self):
        self.assertEqual(self.run_campaign("--exchange", "--host", "h", targets="full-mm_x86"), 0)
        corpus = os.path.join(self.folder, "share/full-mm_x86/corpus", "h")
        with open(corpus + "/mine.bin", "wb") as file:
            file.write(b"mine")
        self.assertEqual(self.run_campaign("--exchange"), 0, self.said())
        self.assertEqual(os.listdir(corpus), [hashlib.sha1(b"mine").hexdigest()])

    def test_history_is_thinned_evenly(self):
        at = Folder(self.folder, "c")
        at.make([])
        with open(at.at("history.jsonl"), "w") as file:
            for number in range(20002):
                file.write(json.dumps({"target": "ab"[number % 2], "at": number}) + "\n")
        at.thin_history()
        kept = [json.loads(line)["target"] for line in read(at.at("history.jsonl")).splitlines()]
        self.assertEqual((kept.count("a"), kept.count("b")), (5001, 5001))

    def test_names_of_any_bytes_are_logged(self):
        at = Folder(self.folder, "c")
        at.make([])
        at.log("a\nb \udcff")
        self.assertEqual(len(read(at.at("log")).splitlines()), 1)


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def listing(folder):
    """Every file below it, with its size."""
    return sorted((os.path.relpath(os.path.join(parent, name), folder),
                   os.path.getsize(os.path.join(parent, name)))
                  for parent, _, names in os.walk(folder) for name in names)


if __name__ == "__main__":
    BUILD, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
    os.environ["PYTHONPATH"] = os.path.join(SOURCE, "scripts")
    sys.path.insert(0, os.environ["PYTHONPATH"])
    from campaigns.findings import Findings
    from campaigns.folder import Folder
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
