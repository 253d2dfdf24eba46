# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Crashes as they come in: which are new violations, and what is known from then on.

findings.jsonl is the record. The files of known signatures, which targets read, are made from it.
A crash file is looked at once by each campaign process. Of each signature, and of each kind of
other file that libFuzzer leaves (timeout-, oom-, ...), this host keeps a few; what another one
leaves is never touched.
"""
import json
import os
import shutil
import subprocess
import time

from folder import files_in, flush, folders_in, read_json_lines, remove, sha1_of

FILES_OF_A_SIGNATURE = 8  # kept of this host's own, for each target
SECONDS_OF_A_REPLAY = 60
BATCH = 200


class Findings:
    def __init__(self, folder, gatherfuzz, targets, say):
        self._folder = folder
        self._gatherfuzz = gatherfuzz
        self._say = say
        self._seen = set()  # paths
        self._kept = {}  # (target, signature) -> own files
        self._of_afl = set()  # paths of crashes that AFL++ found
        self.known = {target: set() for target in targets}
        self.last = None  # time of the last finding
        for finding in read_json_lines(folder.at("findings.jsonl")):
            if finding.get("target") in self.known and isinstance(finding.get("signature"), str):
                self.known[finding["target"]].add(finding["signature"])
                self.last = finding.get("time", self.last)
        for target in targets:
            self._write_known(target)

    def total(self):
        return sum(len(signatures) for signatures in self.known.values())

    def _write_known(self, target):
        self._folder.write(self._folder.known(target),
                           "".join(line + "\n" for line in sorted(self.known[target])))

    def harvest(self, target, elapsed):
        """Takes in what engines, and other hosts, have left. Returns how many violations were new."""
        self._collect_from_afl(target)
        self._thin_others(target)
        fresh = []
        for host in folders_in(self._folder.at("share", target, "crashes")):
            for name in files_in(self._folder.crashes(target, host)):
                path = os.path.join(self._folder.crashes(target, host), name)
                if name.startswith("crash-") and path not in self._seen:
                    fresh.append((host, name, path))
        new = 0
        for begin in range(0, len(fresh), BATCH):
            batch = fresh[begin:begin + BATCH]
            for (host, _, path), signature in zip(batch, self._signatures(target, batch)):
                new += self._take(target, host, path, signature, elapsed)
        return new

    def _collect_from_afl(self, target):
        """AFL++ writes crashes into its own folders, which do not last."""
        for instance in folders_in(self._folder.afl(target)):
            if not instance.startswith(self._folder.host + "-"):
                continue
            crashes = os.path.join(self._folder.afl(target), instance, "crashes")
            for name in files_in(crashes):
                path = os.path.join(crashes, name)
                if path in self._seen or not name.startswith("id:"):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                kept = os.path.join(self._folder.crashes(target), "crash-" + sha1_of(path))
                if content and not os.path.exists(kept):
                    self._of_afl.add(kept)
                    self._folder.write(kept, content)
                self._seen.add(path)

    def _take(self, target, host, path, signature, elapsed):
        if signature is None:
            self._say(f"{target}: {self._relative(path)} does not show a violation; it is left there")
            self._seen.add(path)
            return 0
        engine = ("exchange" if host != self._folder.host else
                  "afl" if path in self._of_afl else "libfuzzer")
        self._of_afl.discard(path)
        if signature in self.known[target]:
            if host != self._folder.host or self._keeps(target, signature):
                self._seen.add(path)
            else:
                remove(path)
            return 0
        flush(path)
        self._folder.append("findings.jsonl", {
            "at": round(elapsed, 1), "time": round(time.time(), 1), "target": target,
            "signature": signature, "kind": signature.split("+")[0], "engine": engine,
            "host": host, "crash": self._relative(path)})
        self._seen.add(path)
        self._kept[target, signature] = 1
        self.known[target].add(signature)
        self.last = time.time()
        self._write_known(target)
        self._say(f"{target}: {signature} ({self._relative(path)})")
        return 1

    def _keeps(self, target, signature):
        """Whether one more file of it is worth keeping."""
        kept = self._kept.get((target, signature), 0) + 1
        self._kept[target, signature] = min(kept, FILES_OF_A_SIGNATURE)
        return kept <= FILES_OF_A_SIGNATURE

    def _thin_others(self, target):
        """Of what libFuzzer leaves beside crashes, the first few by name."""
        kept = {}
        for name in files_in(self._folder.crashes(target)):
            kind = name.split("-")[0]
            kept[kind] = kept.get(kind, 0) + 1
            path = os.path.join(self._folder.crashes(target), name)
            if kind == "crash" or path in self._seen:
                continue
            if kept[kind] > FILES_OF_A_SIGNATURE:
                remove(path)
            else:
                self._seen.add(path)
                self._say(f"problem: {target}: {self._relative(path)}")

    def drop_afl(self, target):
        """Removes AFL++'s folders of this host, once their queue and crashes have been taken over."""
        for instance in folders_in(self._folder.afl(target)):
            if instance.startswith(self._folder.host + "-"):
                path = os.path.join(self._folder.afl(target), instance)
                shutil.rmtree(path, ignore_errors=True)
                self._seen = {seen for seen in self._seen if not seen.startswith(path + "/")}

    def _relative(self, path):
        return os.path.relpath(path, self._folder.path)

    def _signatures(self, target, batch):
        """One for each; None where nothing is shown."""
        paths = [path for _, _, path in batch]
        signatures = self._replay(target, paths)
        if signatures is None:
            signatures = [(self._replay(target, [path]) or [None])[0] for path in paths]
        return signatures

    def _replay(self, target, paths):
        """None if not all could be replayed. One that kills the replay (a kernel's code can, by a
        wild pointer or for ever in a loop) has the signature crashed-itself."""
        policy, arch = target.rsplit("_", 1)
        try:
            result = subprocess.run(
                [self._gatherfuzz, "run", "--json", "--policy", policy, "--arch", arch, "--", *paths],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=SECONDS_OF_A_REPLAY, check=False)
            killed = result.returncode < 0
        except subprocess.TimeoutExpired:
            killed = True
        if killed:
            return ["crashed-itself"] if len(paths) == 1 else None
        lines = result.stdout.decode(errors="replace").splitlines()
        if len(lines) != len(paths):
            return None
        runs = [json.loads(line) for line in lines]
        return [run.get("signature") or ("limit" if run["verdict"] == "limit" else None)
                for run in runs]
