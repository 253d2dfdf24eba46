# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The report of a campaign: what it says of folders that are whole, torn, hostile and large."""
import base64
import hashlib
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import xml.etree.ElementTree

CAMPAIGNS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts",
                         "campaigns")
sys.dont_write_bytecode = True
sys.path.insert(0, CAMPAIGNS)
# pylint: disable=wrong-import-position
import report
import report_curves
import report_data
import report_text

START, NOW = 1_763_920_800, 1_764_000_000
HOSTILE = "<script>alert('\"&x\")</script>\u202e\x07\\"
VOID = {"meta", "br", "wbr", "link", "img"}


def sample(at, target="own-range_x86", **fields):
    """A line of history.jsonl."""
    line = {"time": START + at, "target": target, "schedules": 1000 * at, "executions": 500 * at,
            "seconds": at, "corpus": 10, "features": 100, "found": 0}
    return {"at": at, **line, **fields}


def finding(at, target="own-range_x86", signature="stale-after-return+a", **fields):
    """A line of findings.jsonl."""
    line = {"time": START + at, "target": target, "signature": signature,
            "kind": signature.partition("+")[0], "engine": "libfuzzer", "host": "a",
            "crash": f"share/{target}/crashes/a/crash-1", "file": "x/y"}
    return {"at": at, **line, **fields}


class Page(html.parser.HTMLParser):
    """Holds that tags are closed in order; keeps text by the name of the tag, and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert not self.open, self.open
        self.text = re.sub(r"\s+", " ", "".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (self.open, tag)
        self.open.pop()
        if tag in ("td", "th", "tr", "p", "div", "h2", "summary"):
            self.words.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def all(self, tag):
        """The attributes of each tag of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


class Folder(unittest.TestCase):
    """A folder of a campaign."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def put(self, name, content):
        """A file of text, or of bytes."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def lines(self, name, lines):
        """A file of lines of JSON."""
        self.put(name, "".join(json.dumps(line) + "\n" for line in lines))

    def about(self, **fields):
        """campaign.json."""
        self.put("campaign.json", json.dumps(
            {"version": 1, "host": "a", "started": START, "state": "running", "updated": NOW - 9,
             "targets": ["own-range_x86", "full-mm_x86"], "safe": ["full-mm_x86"],
             "engines": ["libfuzzer", "afl"], "jobs": 2, "turn": 60, "build": "c0ffee", **fields}))

    def render(self, now=NOW):
        """The page, of which every drawing has to be XML."""
        page = report.render(self.folder, now)
        self.assertNotIn("://", page)
        for svg in re.findall(r"<svg.*?</svg>", page, re.S):
            root = xml.etree.ElementTree.fromstring(svg)
            self.assertTrue(root.get("aria-label"))
            for line in root.iter("polyline"):
                self.assertLessEqual(len(line.get("points").split()), 400)
        return Page(page)


class State(Folder):
    """The sentence at the top, and what policies expected to be safe did."""

    def test_running(self):
        self.about()
        self.lines("history.jsonl", [sample(3000), sample(7200, "full-mm_x86")])
        self.lines("findings.jsonl", [finding(600), finding(0, signature="deadlock", engine="known",
                                                            time=NOW - 1)])
        text = self.render().text
        self.assertIn("Running since 2025-11-23 18:00 UTC, for 2 h until 2025-11-24 15:59 UTC: "
                      "10.2 M schedules at 1,417 per second", text)
        self.assertIn("; 2 of 2 targets tested; 1 distinct violation in 1 target, the last of them "
                      "2025-11-23 18:10 UTC (and 1 known before).", text)
        self.assertIn("The policy expected to be safe was not broken, in 1 target and 7.20 M "
                      "schedules.", text)

    def test_of_many_safe_policies(self):
        self.about(safe=["full-mm_x86", "full-mm_arm64", "epoch-sync_x86"],
                   targets=["full-mm_x86", "full-mm_arm64", "epoch-sync_x86", "own-range_x86"])
        self.lines("history.jsonl", [sample(60, "full-mm_x86")])
        page = self.render()
        self.assertIn("No verdict yet: 1 of 3 targets expected to be safe tested; these did not "
                      "break. Not tested: epoch-sync on x86, full-mm on arm64, own-range on x86.",
                      page.text)
        self.lines("history.jsonl", [sample(60, name) for name in (
            "full-mm_x86", "full-mm_arm64", "epoch-sync_x86")] + [
                sample(9, schedules=0)])  # an engine that did not come to it tests nothing
        self.assertIn("No verdict yet: 3 of 3 targets expected to be safe tested; these did not "
                      "break. Not tested: own-range on x86.", self.render().text)

    def test_hardly_tested(self):
        """Fewer schedules than seeds are no result; one that broke has one."""
        self.about(seeds=165)
        self.lines("history.jsonl", [sample(60, schedules=164),
                                     sample(70, "full-mm_x86", schedules=165)])
        text = self.render().text
        self.assertIn("No verdict yet: 1 of 1 target expected to be safe tested; these did not "
                      "break. Not tested: own-range on x86 (hardly: 164 schedules).", text)
        self.assertIn("own-range x86 hardly tested: 164 schedules", text)
        self.lines("findings.jsonl", [finding(10)])
        self.assertNotIn("hardly", self.render().text)

    def test_what_is_not_counted_yet_is_a_dash(self):
        self.about(targets=["own-range_x86"])
        self.lines("history.jsonl", [sample(60, features=None)])
        text = self.render().text
        self.assertIn("own-range x86 60,000 1,000 1 min 10 - 0 1 min", text)
        self.assertIn("Features, of all targets -", text)

    def test_engines_are_those_that_ran(self):
        for ran, said in (
                ([], "engines - "), (["afl", "libfuzzer"], "engines afl, libfuzzer "),
                (["libfuzzer"],
                 "engines libfuzzer; not yet afl, since a short turn has one of them ")):
            self.about(engines_run=ran)
            self.assertIn(said, re.sub("[ ]+", " ", self.render().text))

    def test_sorting(self):
        self.about(reason="sorting what was found")
        self.assertIn("Running (sorting what was found) since", self.render().text)

    def test_no_none_and_no_tick_while_a_target_is_untested(self):
        self.about(state="finished", reason="finished")
        for tested in ([], ["full-mm_x86"], ["own-range_x86"]):
            self.lines("history.jsonl", [sample(60, name) for name in tested])
            page = self.render()
            self.assertEqual([], [tag for tag in page.all("p") if "good" in tag.get("class", "")])
            self.assertNotIn("\u2713", page.text)
            self.assertNotIn("was not broken", page.text)
            self.assertIn(f"{len(tested)} of 2 targets tested; 0 distinct violations.", page.text)
            self.assertIn(f"Violations None; {len(tested)} of 2 targets tested.", page.text)
        self.lines("history.jsonl", [sample(60), sample(70, "full-mm_x86")])
        self.assertIn("\u2713 The policy expected to be safe was not broken", self.render().text)

    def test_how_many_targets_broke(self):
        """Which is not how many were tested."""
        self.about()
        self.lines("history.jsonl", [sample(60), sample(70, "full-mm_x86")])
        self.lines("findings.jsonl", [finding(10), finding(20, signature="deadlock")])
        self.assertIn("2 of 2 targets tested; 2 distinct violations in 1 target, the last",
                      self.render().text)

    def test_safe_and_excused(self):
        """What says nothing against a policy is listed, and breaks nothing."""
        self.about()
        self.lines("history.jsonl", [sample(60), sample(70, "full-mm_x86")])
        excused = finding(10, "full-mm_x86", excuse="kernel 6.17", held_safe=False)
        self.lines("findings.jsonl", [excused])
        page = self.render()
        self.assertIn("The policy expected to be safe was not broken, in 1 target and 70,000 "
                      "schedules. 1 violation of theirs says nothing against them: under kernel "
                      "6.17, they are not expected to be safe.", page.text)
        self.assertIn("under kernel 6.17, which says nothing against the policy", page.text)
        self.assertEqual(0, sum(tag.get("class") == "alarm" for tag in page.all("tr")))
        # The same signature where it is held to be safe is another violation.
        self.lines("findings.jsonl", [excused, finding(20, "full-mm_x86", excuse="",
                                                       held_safe=True)])
        page = self.render()
        self.assertIn("Expected to be safe, and broken: full-mm on x86", page.text)
        self.assertIn("2 distinct violations in 1 target", page.text)
        self.assertEqual(1, sum(tag.get("class") == "alarm" for tag in page.all("tr")))

    def test_broken_where_it_is_safe_only_at_times(self):
        """A policy that is not always safe, in a schedule under which it is."""
        self.about()
        self.lines("findings.jsonl", [finding(20, excuse="", held_safe=True)])
        self.assertIn("Expected to be safe, and broken: own-range on x86", self.render().text)

    def test_findings_of_an_earlier_version(self):
        """They do not say whether they are excused, and are judged by the target, until the crash
        was looked at again."""
        self.about()
        old = finding(10, "full-mm_x86")
        self.lines("findings.jsonl", [old])
        self.assertIn("Expected to be safe, and broken: full-mm on x86", self.render().text)
        self.lines("findings.jsonl", [old, {**old, "excuse": "kernel 6.17", "held_safe": False}])
        self.assertNotIn("and broken", self.render().text)

    def test_safe_and_broken(self):
        self.about()
        self.lines("findings.jsonl", [finding(10, "full-mm_x86", "deadlock+x"), finding(600)])
        page = self.render()
        self.assertIn("Expected to be safe, and broken: full-mm on x86 (deadlock).", page.text)
        self.assertNotIn("was not broken", page.text)
        self.assertIn("full-mm x86 expected safe, broken", page.text)
        # It stands above what was found later.
        self.assertLess(page.text.index("deadlock+x"), page.text.index("stale-after-return+a"))
        self.assertEqual(1, sum(tag.get("class") == "alarm" for tag in page.all("tr")))

    def test_silent(self):
        self.about(updated=NOW - 7200)
        self.assertIn("Silent since 2025-11-24 14:00 UTC, and not ended", self.render().text)
        for fields in ({"updated": NOW - 700}, {"updated": NOW - 7200, "turn": 3600}):
            self.about(**fields)
            self.assertIn("Running", self.render().text)

    def test_stopped(self):
        self.about(state="stopped", reason="disk <full>")
        self.assertIn("Stopped (disk <full>) 2025-11-24 15:59 UTC after", self.render().text)
        self.about(state="finished", reason="finished")
        self.assertIn("Finished 2025-11-24 15:59 UTC after", self.render().text)

    def test_times_stay_true(self):
        """What the page says of time, it says of the calendar; ages are its script's."""
        self.about()
        self.lines("history.jsonl", [sample(60), sample(70, "full-mm_x86")])
        self.lines("findings.jsonl", [finding(10)])
        page = self.render()
        self.assertNotIn(" ago", page.text)
        self.assertIn({"datetime": "2025-11-23T18:00:10Z"}, page.all("time"))
        later = self.render(NOW + 600)
        differ = [(a, b) for a, b in zip(page.words, later.words) if a != b]
        self.assertEqual(1, len(differ), differ)  # when the page was made

    def test_not_told_what_is_safe(self):
        self.put("campaign.json", '{"state": "running"}')
        self.assertIn("does not record which are expected to be safe", self.render().text)


class Damage(Folder):
    """Files that are missing, torn, or not what they should be."""

    def test_nothing(self):
        text = self.render().text
        self.assertIn("State unknown", text)
        self.assertIn("Nothing was run yet.", text)
        report.render(os.path.join(self.folder, "missing"), NOW)

    def test_empty_files(self):
        for name in ("campaign.json", "history.jsonl", "findings.jsonl", "log"):
            self.put(name, "")
        self.put("triage/index.json", "")
        self.assertIn("Nothing was run yet.", self.render().text)

    def test_torn_at_every_byte(self):
        whole = json.dumps(sample(60)) + "\n" + json.dumps(sample(120)) + "\n"
        first = whole.index("\n")
        for end in range(0, len(whole), 7):
            self.put("history.jsonl", whole[:end])
            campaign = report_data.load(self.folder)
            self.assertEqual(0 if end < first else 60, campaign.end)
            self.put("campaign.json", whole[:end])
            self.put("findings.jsonl", whole[:end])
            self.put("log", whole[:end])
            self.put("triage/index.json", whole[:end])
            self.render()

    def test_goes_on_after_half_a_line(self):
        line = json.dumps(sample(60))
        self.put("history.jsonl", f'{line}\n{line[:40]}{line}\n\0\0\0{json.dumps(sample(90))}\n')
        self.assertEqual(90, report_data.load(self.folder).end)

    def test_wrong_values(self):
        bad = [None, True, -1, "7", [], {}, 1e300, float("nan"), float("inf"), 10**400]
        self.lines("history.jsonl", [sample(60)] + [{**sample(1), "at": value} for value in bad] +
                   [sample(70, features=value) for value in bad] +
                   [sample(70, target=value) for value in bad] + [7, [], "x", None])
        self.lines("findings.jsonl", [
            {**finding(1), **dict.fromkeys(("at", "time", "kind", "host", "crash", "file"), value),
             "signature": f"deadlock+{i}"} for i, value in enumerate(bad)])
        for value in bad:
            self.assertIsNone(report_data.number(value))
            self.put("triage/index.json", json.dumps({"groups": value if value else [value]}))
            self.about(started=value, updated=value, targets=value, safe=value, limits=value,
                       jobs=value, reason=value, state=value)
            self.render()
        campaign = report_data.load(self.folder)
        self.assertEqual((70, 100), (campaign.end, campaign.targets[0].last.features)[:2])
        self.assertEqual(len(bad), len(campaign.findings))  # none is lost for what is beside it

    def test_deep_and_not_utf8(self):
        self.put("history.jsonl", b"[" * 100_000 + b"\n\xff\xfe\n" + json.dumps(sample(5)).encode())
        self.put("log", b"2026-11-24 03:00:00 \xff\n")
        self.assertEqual(5, report_data.load(self.folder).end)
        self.render()

    def test_counts_do_not_go_back(self):
        self.lines("history.jsonl", [sample(60, corpus=50), sample(50, schedules=3, corpus=20)])
        last = report_data.load(self.folder).targets[0].last
        self.assertEqual((60, 60_000, 20), (last.at, last.schedules, last.corpus))


class Content(Folder):
    """Text of others, sums, growth, links."""

    def test_escapes(self):
        name = HOSTILE + "_x86"
        self.about(host=HOSTILE, reason=HOSTILE, build=HOSTILE, engines=[HOSTILE], targets=[name],
                   safe=[name], state="stopped")
        self.lines("history.jsonl", [sample(60, name)])
        self.lines("findings.jsonl", [finding(1, name, HOSTILE, kind=HOSTILE, engine=HOSTILE,
                                              host=HOSTILE, crash=HOSTILE, file="../" + HOSTILE)])
        self.put("log", HOSTILE + "\n")
        page = self.render()
        self.assertEqual(1, len(page.all("script")))
        self.assertNotIn("\u202e", page.text)
        self.assertIn("<script>alert('\"&x\")</script>\\xe2\\x80\\xae\\x07\\x5c", page.text)

    def test_totals_carry_on(self):
        self.lines("history.jsonl", [
            sample(10, "a_x86", schedules=5), sample(20, "b_x86", schedules=100),
            sample(30, "a_x86", schedules=7), sample(40, "b_x86", schedules=200)])
        targets = report_data.load(self.folder).targets
        sums = report_data.totals(targets, [0, 10, 20, 30, 39, 40])
        self.assertEqual([0, 5, 105, 107, 107, 207], [total.schedules for total in sums])

    def test_curves(self):
        self.assertEqual([(0, 0), (3, 0), (3, 1), (7, 1), (7, 2), (9, 2)],
                         report_curves.steps([3, 7], 9))
        self.lines("history.jsonl", [sample(60), sample(120)])
        self.lines("findings.jsonl", [finding(30), finding(60, signature="deadlock")])
        text = self.render().text
        self.assertIn("0 s 0 0 0 0 1 min 60,000 100 10 2 2 min 120,000 100 10 2", text)

    def test_thinned_keeps_both_ends(self):
        target = report_data.Target("a_x86", False)
        for at in range(1, 100_001):
            target.add(report_data.Sample(at, at, at, at, at, 0))
        samples = target.samples
        self.assertEqual((1, 100_000), (samples[0].at, samples[-1].at))
        self.assertTrue(300 < len(samples) <= report_data.MOST_KEPT + 1)
        gaps = [b.at - a.at for a, b in zip(samples, samples[1:])]
        self.assertLessEqual(max(gaps), 2 * 100_000 / 400)
        self.assertEqual([0, 4, 9], report_data.thinned(range(10), 3))

    def test_growth(self):
        rows = {"flat": lambda i: min(1000, 10 * i), "growing": lambda i: 5 * i,
                "slowing": lambda i: 1000 + i // 20}
        self.lines("history.jsonl", [sample(i, f"{name}_x86", features=of(i), seconds=i)
                                     for i in range(1, 1001) for name, of in rows.items()])
        shares = {}
        for target in report_data.load(self.folder).targets:
            self.assertEqual(target.policy, report.growth(target)[0])
            shares[target.policy] = report_data.late_share(target)
        self.assertAlmostEqual(0.1, shares["growing"], delta=0.003)
        self.assertEqual(0, shares["flat"])
        text = self.render().text
        self.assertIn("Features have gone flat on 1 of 3 targets: more time there is worth little. "
                      "They grow on 1.", text)
        self.assertIn("1,000 0 15 min", text)  # the flat one: found nothing since its second 100

    def test_too_early_to_say(self):
        self.lines("history.jsonl", [sample(i) for i in range(1, 41)])
        self.assertIn("too early to say", self.render().text)

    def test_links(self):
        groups = [{"policy": "own-range", "arch": "x86", "signature": "stale-after-return+a",
                   "folder": "own-range_x86-stale", "preemptions": 1, "steps": 18, "proven": True},
                  {"policy": "own-range", "arch": "arm64", "signature": "deadlock", "folder": ".."},
                  {"policy": "own-range", "arch": "x86", "signature": "starvation", "folder": None}]
        self.put("triage/index.json", json.dumps({"groups": groups}))
        for name in ("page.html", "schedule.gather"):
            self.put(f"triage/own-range_x86-stale/{name}", "x")
        self.put("page.html", "x")
        self.put("share/own-range_x86/crashes/a/crash-1", "x")
        self.put("a b#?%.bin", "x")
        self.lines("findings.jsonl", [
            finding(1), finding(2, "own-range_arm64", "deadlock", crash="/etc/passwd"),
            finding(3, signature="starvation", crash="../page.html", file="a b#?%.bin")])
        page = self.render()
        self.assertEqual(
            ["./a%20b%23%3F%25.bin", "./triage/own-range_x86-stale/page.html",
             "./triage/own-range_x86-stale/schedule.gather",
             "./share/own-range_x86/crashes/a/crash-1"], [tag["href"] for tag in page.all("a")])
        self.assertIn("1 preemption, 18 steps, none shorter exists", page.text)
        self.assertIn("not made small yet", page.text)

    def test_older_are_folded(self):
        self.about()
        self.lines("findings.jsonl", [finding(i, signature=f"deadlock+{i}") for i in range(50)])
        page = self.render()
        newest, _, older = page.text.partition("20 older")
        numbers = [[int(number) for number in re.findall(r"deadlock\+(\d+)", part)]
                   for part in (newest, older)]
        self.assertEqual([[*range(49, 19, -1)], [*range(19, -1, -1)]], numbers)

    def test_each_violation_once(self):
        self.lines("findings.jsonl", [finding(5), finding(9), finding(7, "own-range_arm64")])
        self.lines("history.jsonl", [sample(9, found=4)])
        campaign = report_data.load(self.folder)
        self.assertEqual([5, 7], [found.at for found in campaign.findings])
        self.assertIn("The history counts 3 more", self.render().text)

    def test_log(self):
        self.put("log", "".join(f"line {i:03}\n" for i in range(300)) + "half")
        log = self.render().text.partition(" Log, newest first ")[2].strip()
        self.assertTrue(log.startswith("half line 299 line 298"), log[:30])
        self.assertTrue(log.endswith("line 101"), log[-30:])

    def test_what_replays_is_whole(self):
        """In the log, where other lines are cut: it is to be copied."""
        command = "'/a/long path/" + "folder/" * 60 + "gatherfuzz' run /another/crash-1"
        self.put("log", "x: stale; replay: " + command + "\nlater " + "y" * 300 + "\n")
        page = report.render(self.folder, NOW)
        self.assertIn("x: stale\n  replay: " + html.escape(command) + "</pre>", page)
        self.assertIn("y" * 200 + "...\nx: stale", page)

    def test_numbers(self):
        plain = {0: "0", 999_999: "999,999", 1_234_567: "1.23 M", 61_500_000_000: "61.5 G"}
        self.assertEqual(list(plain.values()),
                         [report_text.count(value).replace("\xa0", " ") for value in plain])
        spans = {0: "0 s", 59: "59 s", 200: "3 min 20 s", 3600: "1 h", 223_200: "2 d 14 h"}
        self.assertEqual(list(spans.values()),
                         [report_text.duration(value).replace("\xa0", " ") for value in spans])

    def test_ticks(self):
        for end in (1, 7, 60, 599, 3600, 86_400, 4 * 86_400, 30 * 86_400, 1e9):
            ticks = report_text.time_ticks(end)
            self.assertTrue(2 <= len(ticks) <= 7 and ticks[-1] <= end, (end, ticks))
        self.assertEqual([0, 86_400, 172_800, 259_200, 345_600], report_text.time_ticks(4 * 86_400))
        for top in (1, 3, 9, 42, 1000, 123_456, 1e12):
            ticks = report_text.value_ticks(top)
            self.assertTrue(2 <= len(ticks) <= 5 and ticks[-1] <= top, (top, ticks))
        self.assertEqual([0, 20, 40], report_text.value_ticks(42))


class Large(Folder):
    """Days of 60 targets."""

    def test_bounds(self):
        names = [f"policy-{i:02}_{arch}" for i in range(30) for arch in ("x86", "arm64")]
        self.about(targets=names, safe=names[::3])
        self.lines("history.jsonl", [sample(i * 3.5, names[i % 60], features=i**0.5)
                                     for i in range(100_000)])
        signature = "+".join(["stale-after-return"] * 12)
        self.lines("findings.jsonl", [finding(i * 345, names[i % 60], f"{signature}{i}")
                                      for i in range(1000)])
        self.put("log", ("<" * 1000 + "\n") * 2000)
        begin = time.process_time()
        page = self.render()
        self.assertLess(time.process_time() - begin, 30)  # a second, where nothing else is done
        self.assertLess(len(report.render(self.folder, NOW).encode()), 500_000)
        self.assertEqual("4 d 1 h", re.search(r"for ([^:]*) until", page.text).group(1))
        self.assertIn("And 700 more, in findings.jsonl.", page.text)
        self.assertEqual(64, len(page.all("svg")))


class Write(Folder):
    """report.html appears whole."""

    def command(self, *arguments):
        """Runs it."""
        return subprocess.run([sys.executable, os.path.join(CAMPAIGNS, "report.py"), *arguments],
                              capture_output=True, text=True, check=False)

    def test_command(self):
        self.about()
        done = self.command(self.folder)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        with open(os.path.join(self.folder, "report.html"), encoding="utf-8") as file:
            self.assertIn("own-range", Page(file.read()).text)
        self.assertEqual(["campaign.json", "report.html"], sorted(os.listdir(self.folder)))

    def test_usage(self):
        for arguments in ([], ["a", "b"], ["--no"], [os.path.join(self.folder, "missing")]):
            done = self.command(*arguments)
            self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")), done.stderr)
        self.assertIn("missing' is no folder", done.stderr)

    def test_cannot_write(self):
        os.mkdir(os.path.join(self.folder, "report.html"))
        done = self.command(self.folder)
        self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")), done.stderr)
        self.assertEqual(["report.html"], os.listdir(self.folder))

    def test_leftovers_go(self):
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        self.put(f".report.html.{dead.pid}", "half")
        self.put(f".report.html.{os.getppid()}", "of one that runs")
        self.put("report.html", "old")
        report.write(self.folder, NOW)
        self.assertEqual([f".report.html.{os.getppid()}", "report.html"],
                         sorted(os.listdir(self.folder)))

    def test_leftovers_of_others_stay(self):
        self.put(".report.html.1", "of another user")
        with unittest.mock.patch("os.kill", side_effect=PermissionError):
            report.write(self.folder, NOW)
        self.assertIn(".report.html.1", os.listdir(self.folder))

    def test_only_its_own_script_runs(self):
        page = report.render(self.folder, NOW)
        script = re.search(r"<script[^>]*>(.*?)</script>", page, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self.assertIn(f"default-src 'none'; style-src 'unsafe-inline'; "
                      f"script-src 'sha256-{digest}'", page)

    def test_same_twice(self):
        self.about()
        self.lines("history.jsonl", [sample(i, f"{i % 5}_x86") for i in range(50)])
        self.assertEqual(report.render(self.folder, NOW), report.render(self.folder, NOW))


if __name__ == "__main__":
    unittest.main()
