# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The folder of a campaign: what lies where, and writing that survives a power cut.

    campaign.json    what is fuzzed, how far it has come; rewritten now and then
    findings.jsonl   each new violation, a line; only ever appended to
    history.jsonl    samples for the curves, a line each
    log, log.1       what happened, in words
    report.html      the report
    triage/          of `gatherfuzz triage`: each violation made small and explained
    share/           what other hosts may have: each host writes only under its own name
      TARGET/corpus/HOST/    libFuzzer's corpus: files named by their SHA-1
      TARGET/afl/HOST-.../   AFL++'s output folders (-o is share/TARGET/afl)
      TARGET/crashes/HOST/   crash-SHA1, timeout-SHA1, ...
    local/           of this host alone: programs, counts, known signatures, logs of engines

A file that is replaced is written under another name, flushed and renamed; a line that is appended
is flushed, and half a line at the end, which a power cut can leave, is cut off before the next.
"""
import fcntl
import json
import os
import shutil
import time

from lib.files import read_json_lines, remove, sync, whole_lines

LOG_BYTES = 4 << 20  # of `log`, before it becomes log.1
SAMPLES = 20000  # of history.jsonl, before every other one is dropped


class Folder:
    """Paths, and the only writing that is done to the folder by the campaign itself."""

    def __init__(self, path, host):
        self.path = os.path.abspath(path)
        self.host = host
        self._lock = None

    def at(self, *parts):
        return os.path.join(self.path, *parts)

    def corpus(self, target, host=None):
        return self.at("share", target, "corpus", host or self.host)

    def crashes(self, target, host=None):
        return self.at("share", target, "crashes", host or self.host)

    def afl(self, target):
        return self.at("share", target, "afl")

    def known(self, target):
        return self.at("local", "known", target)

    def counts(self, target, engine):
        return self.at("local", "counts", f"{target}.{engine}")

    def make(self, targets):
        """Makes the folders there have to be."""
        for part in ("known", "counts", "logs", "bin", "tmp", "seeds"):
            os.makedirs(self.at("local", part), exist_ok=True)
        for target in targets:
            os.makedirs(self.corpus(target), exist_ok=True)
            os.makedirs(self.crashes(target), exist_ok=True)

    def lock(self):
        """True, until this process ends; False if another one has it."""
        self._lock = open(self.at("local", "lock"), "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def write(self, path, content):
        """Replaces a file, whole or not at all."""
        unfinished = f"{path}.{os.getpid()}.tmp"
        try:
            with open(unfinished, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
                file.flush()
                os.fsync(file.fileno())
            os.rename(unfinished, path)
        except OSError:
            remove(unfinished)
            raise
        sync(os.path.dirname(path))

    def write_json(self, name, value):
        self.write(self.at(name), json.dumps(value, indent=1) + "\n")

    def append(self, name, value):
        """A line of JSON. All of it is there afterwards, or nothing."""
        with open(self.at(name), "ab+") as file:
            end = whole_lines(file)
            try:
                file.write(json.dumps(value).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.at(name), end)
                raise

    def log(self, message):
        """A line of the log. That it cannot be written is not worth an end."""
        line = (time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime()) + message.replace("\n", " ")
                + "\n")  # names of files may hold anything
        try:
            path = self.at("log")
            if os.path.exists(path) and os.path.getsize(path) > LOG_BYTES:
                os.rename(path, path + ".1")
            with open(path, "a", errors="backslashreplace") as file:
                file.write(line)
        except OSError:
            pass

    def thin_history(self):
        """Drops every other sample of each target once there are many, so that the file stays
        bounded."""
        samples = read_json_lines(self.at("history.jsonl"))
        if len(samples) <= SAMPLES:
            return
        count, kept = {}, []
        for sample in samples:
            name = str(sample.get("target"))
            count[name] = count.get(name, 0) + 1
            if count[name] % 2 == 1:
                kept.append(json.dumps(sample) + "\n")
        self.write(self.at("history.jsonl"), "".join(kept))

    def remove_unfinished(self):
        """What a campaign that was killed was just writing."""
        shutil.rmtree(self.at("local", "tmp"), ignore_errors=True)
        os.makedirs(self.at("local", "tmp"), exist_ok=True)
        for folder, _, names in os.walk(self.path):
            for name in names:
                if name.endswith(".tmp"):
                    remove(os.path.join(folder, name))
