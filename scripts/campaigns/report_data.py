# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What the folder of a campaign holds, read for its report.

Every file may be missing, empty, or end in half a line after a power cut: what does not parse is
skipped, and nothing raises. A finding is never dropped for a field that is wrong, as long as it
says a target and a signature. Memory is bounded by the number of targets, not by that of samples.
"""
import json
import math
import os
from typing import NamedTuple

MOST_KEPT = 800  # samples of one target; a curve has no more than half as many points
LOG_BYTES = 1 << 17  # of the log only so much of its end is read


class Sample(NamedTuple):
    """One target, so far."""

    at: float  # seconds that the campaign had been running
    seconds: float  # on one core, on this target
    schedules: float
    corpus: float
    features: float
    found: float  # distinct signatures


NOTHING = Sample(0, 0, 0, 0, 0, 0)


class Target:
    """A policy on an architecture, and its samples in order of time, evenly thinned out."""

    def __init__(self, name, safe, seeds=0):
        self.name = name
        self.seeds = seeds  # which a target runs first
        self.policy, _, self.arch = name.rpartition("_")
        self.safe = safe
        self.last = NOTHING
        self.new_feature = 0  # the seconds on this target at its last new feature
        self.findings = []
        self._kept, self._seen, self._stride = [], 0, 1

    def add(self, sample):
        """The next sample. All but the corpus, which is made small at times, never go back."""
        last = self.last
        sample = Sample(*map(max, last, sample))._replace(corpus=sample.corpus)
        if sample.features > last.features:
            self.new_feature = sample.seconds
        self.last = sample
        if self._seen % self._stride == 0:
            self._kept.append(sample)
            if len(self._kept) == MOST_KEPT:
                del self._kept[1::2]
                self._stride *= 2
        self._seen += 1

    @property
    def tested(self):
        """Whether there is a result: it broke, or ran through its seeds at least."""
        return self.last.schedules >= max(1, self.seeds) or bool(self.findings)

    @property
    def broken(self):
        """The violations that it must not have."""
        return [finding for finding in self.findings if finding.safe]

    @property
    def samples(self):
        """The first, the last, and evenly what is between."""
        if not self._kept or self._kept[-1] is self.last:
            return self._kept
        return self._kept + [self.last]


class Finding(NamedTuple):
    """A violation of one target, when it was first seen."""

    target: str
    signature: str
    kind: str
    engine: str
    host: str
    files: tuple  # relative to the folder, as far as they are told
    at: float  # None if it is not told, as is
    time: float
    safe: bool  # the policy is held to be safe there
    excuse: str  # under what it says nothing against the policy; empty if it does


class Campaign(NamedTuple):
    """All of it."""

    folder: str
    about: dict  # campaign.json, of which nothing is sure
    targets: list  # by name
    findings: list  # each (target, signature, whether it is excused) once, oldest first
    triaged: dict  # (policy, arch, signature, whether it is excused) -> group of triage/index.json
    log: list  # its last lines, oldest first
    end: float  # seconds of running time so far
    updated: float  # the last time that any file tells


def number(value):
    """A finite number that is not negative, or else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < 1e18 and math.isfinite(value) else None


def text(value):
    """A string, or else the empty one."""
    return value if isinstance(value, str) else ""


def texts(value):
    """The strings of a list, or else none."""
    return [item for item in value if text(item)] if isinstance(value, list) else []


def parse(content):
    """An object of JSON, or else an empty one."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read(path):
    """A whole file of JSON."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return parse(file.read())
    except OSError:
        return {}


def lines(path):
    """The objects of a file of lines of JSON, those that are whole."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if value := parse(line.strip("\0 \r\n")):
                    yield value
    except OSError:
        return


def read_log(path, count=200):
    """The last lines of a plain text; half a line at the end is one."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_BYTES))
            content = file.read(LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in content.split("\n") if line.strip("\0 \r")][-count:]


def read_history(path, target_of):
    """Hands each sample to its target; gives the latest time of any."""
    latest = 0
    for line in lines(path):
        name, at = text(line.get("target")), number(line.get("at"))
        if not name or at is None:
            continue
        target = target_of(name)
        values = [number(line.get(field)) for field in Sample._fields[1:]]
        values = [was if is_ is None else is_ for was, is_ in zip(target.last[1:], values)]
        target.add(Sample(at, *values))
        latest = max(latest, number(line.get("time")) or 0)
    return latest


def read_findings(path, target_of):
    """Each (target, signature, whether it is excused) once, as it was first seen. A line that does
    not say whether, as of an earlier version, counts as long as no other is of that signature."""
    first, unsaid = {}, {}
    for line in lines(path):
        name, signature = text(line.get("target")), text(line.get("signature"))
        if not name or not signature:
            continue
        if "excuse" in line:
            first.setdefault((name, signature, bool(text(line["excuse"]))), line)
        else:
            unsaid.setdefault((name, signature), line)
    said = {key[:2] for key in first}
    first.update({(*key, False): line for key, line in unsaid.items() if key not in said})
    found = sorted((finding_of(line, target_of) for line in first.values()),
                   key=lambda finding: (finding.at or 0, finding.time or 0))
    for finding in found:
        target_of(finding.target).findings.append(finding)
    return found


def finding_of(line, target_of):
    """Of a line that says a target and a signature."""
    name, signature = line["target"], line["signature"]
    held_safe = line.get("held_safe")
    return Finding(
        target=name,
        signature=signature,
        kind=text(line.get("kind")) or signature.partition("+")[0],
        engine=text(line.get("engine")),
        host=text(line.get("host")),
        files=tuple(filter(None, (text(line.get("crash")), text(line.get("file"))))),
        at=number(line.get("at")),
        time=number(line.get("time")),
        safe=held_safe if isinstance(held_safe, bool) else target_of(name).safe,
        excuse=text(line.get("excuse")),
    )


def read_triage(path):
    """The violations that triage has made a folder for."""
    groups = read(path).get("groups")
    made = {}
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, dict) and text(group.get("folder")):
            key = tuple(text(group.get(key)) for key in ("policy", "arch", "signature"))
            made[(*key, group.get("excused") is True)] = group
    return made


def load(folder):
    """The campaign in a folder, which need not be there."""
    about = read(os.path.join(folder, "campaign.json"))
    safe = set(texts(about.get("safe")))
    seeds = number(about.get("seeds")) or 0
    targets = {}

    def target_of(name):
        if name not in targets:
            targets[name] = Target(name, name in safe, seeds)
        return targets[name]

    for name in texts(about.get("targets")):
        target_of(name)
    latest = read_history(os.path.join(folder, "history.jsonl"), target_of)
    findings = read_findings(os.path.join(folder, "findings.jsonl"), target_of)
    ends = [target.last.at for target in targets.values()]
    return Campaign(
        folder=folder,
        about=about,
        targets=sorted(targets.values(), key=lambda target: (target.policy, target.arch)),
        findings=findings,
        triaged=read_triage(os.path.join(folder, "triage", "index.json")),
        log=read_log(os.path.join(folder, "log")),
        end=max(ends + [finding.at or 0 for finding in findings], default=0),
        updated=max(latest, number(about.get("updated")) or 0),
    )


def thinned(values, count):
    """At most so many of a list, evenly, with its first and its last."""
    if len(values) <= count:
        return list(values)
    step = (len(values) - 1) / (count - 1)
    return [values[round(i * step)] for i in range(count)]


def totals(targets, times):
    """Sums over all targets at each time: of a target counts the last sample until then."""
    sums = [[0] * len(Sample._fields) for _ in times]
    for target in targets:
        samples, last, i = target.samples, NOTHING, 0
        for total, at in zip(sums, times):
            while i < len(samples) and samples[i].at <= at:
                last, i = samples[i], i + 1
            for field, value in enumerate(last):
                total[field] += value
    return [Sample(*total)._replace(at=at) for total, at in zip(sums, times)]


def late_share(target):
    """The share of a target's features that the last tenth of its time found.

    None if that is too early to say: of few samples, or of less than a minute.
    """
    samples = target.samples
    if len(samples) < 10 or target.last.seconds < 60 or not target.last.features:
        return None
    early = [sample.features for sample in samples if sample.seconds <= 0.9 * target.last.seconds]
    return 1 - (early[-1] if early else 0) / target.last.features
