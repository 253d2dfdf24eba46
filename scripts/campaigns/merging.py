# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The corpus of a target: taking over from others, and making it small.

Only this host writes to its own corpus, so a corpus that comes from elsewhere is read and never
changed. What is merged is what shows something new, so that merging the same again changes nothing.
All steps can be cut off anywhere: files are added before any is removed, and one that libFuzzer was
just writing, which has not the SHA-1 that is its name, is removed. What a merge has added is on the
disk before anything that depends on it is written or removed.
"""
import hashlib
import os
import re
import shutil

from lib.files import files_in, folders_in, remove, sha1_of


PLAIN = re.compile(r"[A-Za-z0-9_@.+/-]+")  # libFuzzer hands names of folders to a shell
GROWTH = 2  # a corpus is made small when it has grown so many times since


def drop_torn(folder, target, say):
    """Files that were cut off while they were written."""
    corpus = folder.corpus(target)
    for name in files_in(corpus):
        path = os.path.join(corpus, name)
        content = sha1_of(path)
        if not re.fullmatch("[0-9a-f]{40}", name):  # put there by a person
            os.rename(path, os.path.join(corpus, content))
        elif content != name:
            say(f"{target}: input {name} was cut off, as its engine ended while it wrote it; "
                "removed, and nothing else is lost")
            remove(path)
    for name in files_in(folder.crashes(target)):
        path = os.path.join(folder.crashes(target), name)
        content = sha1_of(path)
        if name.startswith("crash-") and content != name[6:]:
            say(f"{target}: {name} was cut off, as its engine ended while it wrote it; kept as "
                f"torn-{content}")
            os.rename(path, os.path.join(folder.crashes(target), "torn-" + content))


def others(folder, target):
    """Folders of inputs that are not of this host's corpus, with what tells that one changed."""
    found = []
    corpora = folder.at("share", target, "corpus")
    for host in folders_in(corpora):
        if host != folder.host:
            found.append(os.path.join(corpora, host))
    for instance in folders_in(folder.afl(target)):
        found.append(os.path.join(folder.afl(target), instance, "queue"))
    return [(path, listing(path)) for path in found if files_in(path)]


def listing(path):
    """A number that changes when files come or go, small enough to be kept."""
    names = files_in(path)
    return [len(names), hashlib.sha1("\0".join(names).encode(errors="replace")).hexdigest()]


class Merging:
    def __init__(self, folder, engines, taken):
        self._folder = folder
        self._engines = engines
        # Of each folder, how it was listed when it was taken over; in campaign.json.
        self._taken = taken
        self._small = {}  # target -> files after the corpus was last made small

    def take_over(self, target):
        """A generator: waits by yielding the child. Returns the folders that could not be merged;
        one of them, as another host can make it, does not keep the others from it."""
        sources = [(path, state) for path, state in others(self._folder, target)
                   if self._taken.get(self._key(path)) != state]
        failed = [path for path, _ in sources if not PLAIN.fullmatch(self._key(path))]
        sources = [source for source in sources if source[0] not in failed]
        if not sources or (yield from self._merge(target, sources)):
            return failed
        for source in sources:
            if len(sources) == 1 or not (yield from self._merge(target, [source])):
                failed.append(source[0])
        return failed

    def _merge(self, target, sources):
        child = self._engines.merge(target, self._folder.corpus(target),
                                    [path for path, _ in sources])
        yield child
        if child.status != 0:
            return False
        os.sync()
        for key in [key for key in self._taken if not os.path.isdir(self._folder.at(key))]:
            del self._taken[key]
        for path, state in sources:
            self._taken[self._key(path)] = state
        return True

    def _key(self, path):
        return os.path.relpath(path, self._folder.path)

    def make_small(self, target):
        """A generator, like take_over. The files that remain show all that there was."""
        corpus = self._folder.corpus(target)
        before = files_in(corpus)
        if len(before) < GROWTH * self._small.get(target, 50):
            return True
        into = self._folder.at("local", "tmp", target)
        shutil.rmtree(into, ignore_errors=True)
        os.makedirs(into)
        child = self._engines.merge(target, into, [corpus])
        yield child
        kept = set(files_in(into))
        whole = child.status == 0 and kept and kept <= set(before)
        if whole:
            os.sync()
            for name in before:
                if name not in kept:
                    remove(os.path.join(corpus, name))
            self._small[target] = len(kept)
        shutil.rmtree(into, ignore_errors=True)
        return whole
