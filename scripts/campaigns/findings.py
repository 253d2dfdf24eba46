# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Crashes as they come in: which are new violations, and what is known from then on.

findings.jsonl is the record. The files of known signatures, which targets read, are made from it.
What is known of schedules under which a violation says nothing against the policy hides none that
does (fuzz/known.h). A crash file is looked at once by each campaign process, as soon as it is
whole: its name says what its content is. What other hosts put beside crashes is left alone. Bounds:
of each target this host keeps FILES_OF_A_SIGNATURE files of a signature, and FILES_OF_A_KIND of
what shows none.
"""
import os
import re
import shutil
import subprocess
import time

from lib.files import files_in, folders_in, parse_json_lines, remove, sha1_of, sync
from lib.gatherfuzz import excuse_of, replay


FILES_OF_A_SIGNATURE = 8  # kept of this host's own, for each target
FILES_OF_A_KIND = 32  # the same, of each of timeout-, oom-, slow-unit-, leak-, torn-
MOST_BYTES = 1 << 20  # of a crash; engines write less
CRASH = re.compile(r"crash-[0-9a-f]{40}")
SECONDS_OF_A_BATCH = 60  # of replays; the campaign waits so long
SECONDS_OF_A_REPLAY = 10
BATCH = 200


class Findings:
    def __init__(self, folder, gatherfuzz, targets, say, called_in=".", safe=()):
        self._folder = folder
        self._gatherfuzz = gatherfuzz
        self._say = say
        self._called_in = os.path.abspath(called_in)  # where the person stands who reads it
        self._seen = {}  # path -> its size and time when it was looked at
        self._kept = {}  # (target, signature) -> own files
        self._of_afl = set()  # paths of crashes that AFL++ found
        self._recorded = set()  # paths that findings name
        self._safe = safe  # targets that must not break, for where a crash does not say it
        self.known = {target: set() for target in targets}  # lines of fuzz/known.h
        self.alarming = set()  # targets that broke where they are held to be safe
        self.last = None  # time of the last finding
        for finding in _recorded(folder.at("findings.jsonl")):
            if finding["target"] in self.known:
                self._take_up(finding)
        for target in targets:
            self._write_known(target)

    def _take_up(self, finding):
        """What an earlier process has recorded. If it did not ask yet what a crash says against the
        policy, that is looked at again."""
        target, crash = finding["target"], self._folder.at(finding["crash"])
        if "excuse" not in finding and os.path.isfile(crash):
            return
        self.known[target].add(_line(finding["signature"], finding.get("excuse")))
        if finding.get("held_safe", target in self._safe):
            self.alarming.add(target)
        self._recorded.add(crash)
        self.last = finding["time"]

    def total(self):
        return sum(len(signatures) for signatures in self.known.values())

    def _write_known(self, target):
        self._folder.write(self._folder.known(target),
                           "".join(line + "\n" for line in sorted(self.known[target])))

    def harvest(self, target, elapsed):
        """Takes in what engines, and other hosts, have left. Returns how many violations are new."""
        self._collect_from_afl(target)
        self._thin_kinds(target)
        fresh = []
        for host in folders_in(self._folder.at("share", target, "crashes")):
            for name in files_in(self._folder.crashes(target, host)):
                path = os.path.join(self._folder.crashes(target, host), name)
                if CRASH.fullmatch(name) and self._is_fresh(path):
                    fresh.append((host, name, path))
        new = 0
        for begin in range(0, len(fresh), BATCH):
            batch = fresh[begin:begin + BATCH]
            for (host, _, path), run in zip(batch, self._runs(target, batch)):
                new += self._take(target, host, path, run, elapsed)
        return new

    def _is_fresh(self, path):
        """Whether it is whole, and was not looked at as it is. It may go at any moment."""
        try:
            stamp = _stamp(path)
            if self._seen.get(path) == stamp:
                return False
            whole = stamp[0] <= MOST_BYTES and sha1_of(path) == path[-40:]
            if not whole:
                self._seen[path] = stamp  # until it changes
            return whole
        except OSError:
            return False

    def _collect_from_afl(self, target):
        """AFL++ writes crashes into its own folders, which do not last."""
        for instance in own_instances(self._folder, target):
            crashes = os.path.join(self._folder.afl(target), instance, "crashes")
            for name in files_in(crashes):
                path = os.path.join(crashes, name)
                if not name.startswith("id:") or self._seen.get(path) == _stamp(path):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                kept = os.path.join(self._folder.crashes(target), "crash-" + sha1_of(path))
                if content and not os.path.exists(kept):
                    self._of_afl.add(kept)
                    self._folder.write(kept, content)
                self._see(path)

    def _thin_kinds(self, target):
        folder, kept = self._folder.crashes(target), {}
        for name in files_in(folder):
            kind = name.split("-")[0]
            kept[kind] = kept.get(kind, 0) + 1
            if kind != "crash" and kept[kind] > FILES_OF_A_KIND:
                remove(os.path.join(folder, name))

    def drop_afl(self, target):
        """AFL++'s folders of this host, once their queue and their crashes have been taken over."""
        for instance in own_instances(self._folder, target):
            path = os.path.join(self._folder.afl(target), instance)
            shutil.rmtree(path, ignore_errors=True)
            for seen in [seen for seen in self._seen if seen.startswith(path + "/")]:
                del self._seen[seen]  # the next one there may have the same name

    def _see(self, path):
        try:
            self._seen[path] = _stamp(path)
        except OSError:
            self._seen.pop(path, None)

    def _take(self, target, host, path, run, elapsed):
        signature, excuse = _signature(run), excuse_of(run)
        if signature is None:
            self._say(f"{target}: {self._relative(path)} does not show a violation; "
                      "it is left there")
            self._see(path)
            self._thin(target, host, None, path, FILES_OF_A_KIND)
            return 0
        line = _line(signature, excuse)
        if self.known[target] & {line, signature}:
            self._see(path)
            self._thin(target, host, line, path, FILES_OF_A_SIGNATURE)
            return 0
        self._record(target, host, path, run, elapsed)
        self._see(path)
        self.known[target].add(line)
        self.last = time.time()
        self._write_known(target)
        self._tell(target, path, run)
        return 1

    def _record(self, target, host, path, run, elapsed):
        signature, held_safe = _signature(run), run.get("held_safe", target in self._safe)
        engine = ("exchange" if host != self._folder.host else
                  "afl" if path in self._of_afl else "libfuzzer")
        sync(path)  # once it is known, no engine writes it again
        self._folder.append("findings.jsonl", {
            "at": round(elapsed, 1), "time": round(time.time(), 1), "target": target,
            "signature": signature, "kind": signature.split("+")[0], "held_safe": held_safe,
            "excuse": excuse_of(run), "engine": engine, "host": host,
            "crash": self._relative(path)})
        self._recorded.add(path)
        if held_safe:
            self.alarming.add(target)

    def _tell(self, target, path, run):
        excuse = excuse_of(run)
        under = f" (under {excuse}, which says nothing against the policy)" if excuse else ""
        self._say(f"{target}: {_signature(run)}{under}; replay: "
                  + replay(self._gatherfuzz, path, self._called_in))
        if run.get("held_safe", target in self._safe):
            self._say(f"{target} IS HELD TO BE SAFE, AND IS BROKEN")

    def _thin(self, target, host, signature, path, most):
        """Keeps some of this host's own, and what findings name in any case."""
        if host != self._folder.host or path in self._recorded:
            return
        kept = self._kept.get((target, signature), 0)
        if kept >= most:
            remove(path)
            self._see(path)
            self._of_afl.discard(path)
        else:
            self._kept[target, signature] = kept + 1

    def _relative(self, path):
        return os.path.relpath(path, self._folder.path)

    def _runs(self, target, batch):
        """What `run --json` says of each; {} where nothing is shown, as by what is refused, or gone
        by now. A file that kills the replay, or keeps it busy (a kernel's code can), has the
        signature crashed-itself."""
        status, runs = self._replay(target, [path for _, _, path in batch], SECONDS_OF_A_BATCH)
        if status >= 0 and len(runs) == len(batch):
            return runs
        alone = []
        for _, _, path in batch:
            status, runs = self._replay(target, [path], SECONDS_OF_A_REPLAY)
            alone.append({"signature": "crashed-itself"} if status < 0 else runs[0] if runs else {})
        return alone

    def _replay(self, target, paths, seconds):
        """Its status, less than 0 if it was killed, and what it says of each."""
        policy, arch = target.rsplit("_", 1)
        try:
            result = subprocess.run(
                [self._gatherfuzz, "run", "--json", "--policy", policy, "--arch", arch, "--",
                 *paths],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return -1, []
        said = result.stdout.decode(errors="replace")
        return result.returncode, parse_json_lines(said.splitlines())


def _signature(run):
    return run.get("signature") or ("limit" if run.get("verdict") == "limit" else None)


def _line(signature, excuse):
    """As engines read it."""
    return f"excused {signature}" if excuse else signature


def _stamp(path):
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns


def _recorded(path):
    """The findings of earlier campaigns there. One that does not say what was found is none."""
    if not os.path.exists(path):
        return []
    with open(path, errors="replace") as file:  # not to be read: no campaign
        findings = parse_json_lines(line for line in file if line.endswith("\n"))
    for finding in findings:
        finding["crash"] = finding["crash"] if isinstance(finding.get("crash"), str) else ""
        if not isinstance(finding.get("excuse", ""), str):
            finding["excuse"] = ""
        finding["time"] = finding["time"] if isinstance(finding.get("time"), (int, float)) else None
    return [finding for finding in findings if isinstance(finding.get("target"), str)
            and isinstance(finding.get("signature"), str)]


def own_instances(folder, target):
    """AFL++'s folders of this host, with those that were set aside."""
    own = re.compile(re.escape(folder.host) + r"-(main|s[0-9]+)(-[0-9]+)?")
    return [instance for instance in folders_in(folder.afl(target)) if own.fullmatch(instance)]
