#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Crash files of a campaign and the record of findings, by the code that looks after them.

usage: campaign_findings_test.py BUILD SOURCE [TEST]...
"""
import hashlib
import json
import os
import subprocess
import unittest.mock

from campaign_case import BUILD, CampaignTest, read, run_tests, SOURCE
from campaigns.findings import Findings
from campaigns.folder import Folder


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


if __name__ == "__main__":
    run_tests()
