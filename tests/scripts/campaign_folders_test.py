#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Folders of campaigns that no campaign has left so, and other hosts' whims.

usage: campaign_folders_test.py BUILD SOURCE [TEST]...
"""
import hashlib
import json
import os

from campaign_case import CampaignTest, read, run_tests
from campaigns.folder import Folder


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


if __name__ == "__main__":
    run_tests()
