# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A campaign: what it is to do, and how far it has come. campaign.json is both."""
import os
import shutil
import struct
import subprocess
import time

from campaigns.engines import PROGRAMS, Engines
from campaigns.findings import Findings
from campaigns.merging import Merging, drop_torn
from lib.children import Child, end_orphans
from lib.files import files_in, read_json, sha1_of, sync
from lib.subjects import clean_schedules

COUNTS_MAGIC = 0x31746E7563666761  # fuzz/counts.h


class BadCampaign(Exception):
    """One clear line for whoever started it."""


class Campaign:
    """Settings and state. `say` takes a line for the log and the terminal."""

    def __init__(self, folder, settings, say):
        self.folder = folder
        self.say = say
        self.targets = settings["targets"]
        self.safe = set()  # of the targets, those that must not break
        self.jobs = settings["jobs"]
        self._engines_asked = settings["engines"]  # of which some may be missing today
        self.engine_names = list(self._engines_asked)
        self.turn_seconds = settings["turn"]
        self.disk_mb = settings["disk"]
        self.memory_mb = settings["memory"]
        self.started = settings.get("started") or round(time.time(), 1)
        self.ran = settings.get("ran", 0.0)
        self.turns = settings.get("turns", {})
        had = [self.turns[target] for target in self.targets if target in self.turns]
        fewest = min(had, default=0)
        for target in self.targets:  # one that is new here does not hold up the others
            self.turns.setdefault(target, fewest)
        self.seconds = settings.get("seconds", {})
        self.taken = settings.get("taken", {})
        ran = settings.get("engines_run")
        ran = ran if isinstance(ran, list) else []
        self.engines_run = {engine for engine in ran if isinstance(engine, str)}
        self.seeds = 0  # which a target has to run through before it counts as tested
        self.build = ""
        self._called_in = settings.get("called_in", ".")
        self.engines = Engines(folder, max(64, self.memory_mb // (2 * self.jobs)))

    def open(self):
        """Makes what is missing, mends what a kill has left, and knows what is known."""
        end_orphans(f"GATHERFUZZ_KNOWN={self.folder.path}/")
        self.folder.remove_unfinished()
        self.folder.write(self.folder.at("local", "all-known"), "*\n")  # fuzz/known.h
        for target in self.targets:
            drop_torn(self.folder, target, self.say)
        self.findings = Findings(self.folder, self.engines.program("gatherfuzz"), self.targets,
                                 self.say, self._called_in, self.safe)
        self.merging = Merging(self.folder, self.engines, self.taken)
        if "afl" in self.engine_names:
            why_not = self.engines.has_afl()
            if why_not:
                self.say(f"problem: {why_not}; libFuzzer takes all cores")
                self.engine_names = ["libfuzzer"]

    def take_programs(self, build):
        """Copies the programs, so that a build that goes on beside the campaign changes nothing."""
        for name in PROGRAMS:
            source = os.path.join(build, name if name == "gatherfuzz" else "fuzz/" + name)
            if not os.path.exists(source):
                if name in ("gatherfuzz", "fuzz_any"):
                    raise BadCampaign(f"{source} was not built")
                continue
            unfinished = self.engines.program(name) + ".tmp"
            shutil.copy(source, unfinished)
            os.rename(unfinished, self.engines.program(name))
        self.build = sha1_of(self.engines.program("fuzz_any"))[:12]  # for the report

    def plant_seeds(self, corpus):
        """The seeds every target begins with: the stored schedules without a violation."""
        into = self.folder.at("local", "seeds")
        self.seeds = len(files_in(into))
        if self.seeds:
            return
        unfinished = self.folder.at("local", "tmp", "seeds")
        os.makedirs(unfinished)
        for number, path in enumerate(clean_schedules(corpus)):
            subprocess.run([self.engines.program("gatherfuzz"), "encode", path,
                            "-o", os.path.join(unfinished, str(number))],
                           check=True, stdout=subprocess.DEVNULL)
        os.rename(unfinished, into)
        self.seeds = len(files_in(into))

    def settings(self):
        return {"version": 1, "host": self.folder.host, "started": self.started,
                "targets": self.targets, "safe": sorted(self.safe), "jobs": self.jobs,
                "engines": self._engines_asked, "turn": self.turn_seconds, "disk": self.disk_mb,
                "memory": self.memory_mb, "build": self.build, "seeds": self.seeds,
                "engines_run": sorted(self.engines_run)}

    def write_state(self, state, reason=""):
        self.folder.write_json("campaign.json", {
            **self.settings(), "state": state, "reason": reason, "updated": round(time.time(), 1),
            "ran": round(self.ran, 1), "turns": self.turns,
            "seconds": {target: round(s, 1) for target, s in self.seconds.items()},
            "taken": self.taken, "limits": {"disk_mb": self.disk_mb, "memory_mb": self.memory_mb}})

    def counted(self):
        """Executions and schedules of each target, from the files that engines count in."""
        counts = {target: (0, 0) for target in self.targets}
        for target, path in self._count_files():
            with open(path, "rb") as file:
                content = file.read(24)
            magic, *more = struct.unpack("=3Q", content) if len(content) == 24 else (0, 0, 0)
            if target in counts and magic == COUNTS_MAGIC:
                counts[target] = tuple(map(sum, zip(counts[target], more)))
        return counts

    def flush_counts(self, targets):
        """To the disk, for the case of a power cut: targets only write to memory."""
        for target, path in self._count_files():
            if target in targets:
                sync(path)

    def _count_files(self):
        folder = self.folder.at("local", "counts")
        return [(name.rsplit(".", 1)[0], os.path.join(folder, name)) for name in files_in(folder)]

    def corpus_files(self, target):
        return len(files_in(self.folder.corpus(target)))

    def triage(self):
        """A child that sorts all crashes of all hosts, and makes the new ones small."""
        with_crashes = [self.folder.at("share", target, "crashes") for target in self.targets
                        if self.findings.known[target]]
        return Child(
            ["nice", self.engines.program("gatherfuzz"), "triage", *with_crashes,
             "--out", self.folder.at("triage"), "--jobs", "1",
             "--limit", f"memory={max(64, self.memory_mb // 2)}M"],
            {}, self.folder.at("local", "logs", "triage"), "triage")


def open_settings(path, given):
    """What an earlier campaign in that folder was, with what is given now in its place."""
    stored = read_json(os.path.join(path, "campaign.json"))
    if stored is None and os.path.lexists(os.path.join(path, "campaign.json")):
        raise BadCampaign(f"{path}/campaign.json is damaged" + REMEDY)
    if stored is None and os.path.isdir(path) and not os.path.isdir(os.path.join(path, "local")) \
            and set(os.listdir(path)) - {"share"}:
        raise BadCampaign(f"{path} is not empty and holds no campaign; name a new folder")
    if stored is not None:
        _check(path, stored)
        if given.get("host") not in (None, stored["host"]):
            raise BadCampaign(f"{path} is of the host '{stored['host']}'; leave --host out")
    settings = dict(stored or {})
    settings.update({key: value for key, value in given.items() if value is not None})
    if "targets" not in settings:
        raise BadCampaign(f"{path} holds no campaign yet; name what to fuzz")
    return settings


def _check(path, stored):
    """That a campaign.json is one: a person, or a disk, may have changed it."""
    if not isinstance(stored, dict) or stored.get("version") != 1:
        raise BadCampaign(f"{path}/campaign.json is of another version" + REMEDY)
    for names, good in CHECKS:
        for name in names:
            if name not in stored or not good(stored[name]):
                raise BadCampaign(f"{path}/campaign.json: '{name}' is damaged" + REMEDY)


def _is_number(value):
    return isinstance(value, (int, float)) and value >= 0


def _are_numbers(value):
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _are_names(value):
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


REMEDY = "; remove it and start again with --policy and so on as before: nothing else is lost"
CHECKS = ((("host",), lambda value: isinstance(value, str)),
          (("targets", "engines"), _are_names),
          (("jobs", "turn", "disk", "memory"), lambda value: isinstance(value, int) and value > 0),
          (("started", "ran"), _is_number),
          (("turns", "seconds"), _are_numbers),
          (("taken",), lambda value: isinstance(value, dict)))
