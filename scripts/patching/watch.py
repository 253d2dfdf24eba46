# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/watch: judges each patch of a folder or maildir once.

Known by the hash of its bytes, a patch is judged in OUT/unfinished/, which is renamed to
OUT/patches/HASH when all is there: what a kill leaves half done is done anew. Nothing of the kernel
stays there.
"""
import fcntl
import hashlib
import html
import os
import shutil
import time

from lib import command
from lib.build import enter_root
from lib.command import Problem, need, number, seconds
from lib.files import files_in, folders_in, read_json
from lib.subjects import Trees
from patching import mails, tell
from patching.confine import kind
from patching.examine import build_binary
from patching.main import archs_for, judge

USAGE = """\
usage: scripts/watch --kernel PATH --out OUT FOLDER [--once] [--every TIME]
                     [--executions N] [--arch NAMES]
                     [--config [ARCH:]OPTION=VALUE]... [--unconfined]
Judges each file in FOLDER once, as scripts/fuzz --patch does: a mail, an mbox
(a series) or a diff. A maildir's mails are those in its cur/ and new/; nothing
there is moved or marked. OUT/index.html lists all answers; OUT/patches/ has a
folder of each: answer.txt, answer.json, schedules, pages.
  --once          ends when all are judged; otherwise looks again
  --every TIME    how often it looks: 90 or 90s, 30m; default 30s
  --executions N  of random programs, for each tree and architecture; default
                  200000
  --unconfined    also without bubblewrap, which keeps what patches do away from
                  network and files
It may be killed at any time, and goes on where it was. A patch with which that
happened three times is given up. Exit status: 0, with --once; 2 for bad usage
or a failed build; 130 if interrupted.
"""
MOST_TRIES = 3


def read(arguments):
    options = command.read(
        arguments, USAGE, one=("--kernel", "--out", "--every", "--executions"),
        many=("--config",), lists=("--arch",), flags=("--once", "--unconfined"), places=True)
    need(options.kernel, "--kernel PATH: which tree? see --help")
    need(options.out, "--out OUT: where to? see --help")
    need(len(options.places) == 1, "one FOLDER of patches is needed; see --help")
    options.every = seconds(options.every or "30", "--every")
    options.executions = number(options.executions or "200000", "--executions", "a number", 9)
    return options


class Watch:
    def __init__(self, options, tree, folder, out):
        self._options = options
        self._tree = tree
        self._folder = folder
        self._out = out
        self._seen = {}  # path -> (time, size), of files that are done
        for name in ("patches", "unfinished", "tries"):
            os.makedirs(f"{out}/{name}", exist_ok=True)
        self._lock = open(f"{out}/lock", "w", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem(f"another scripts/watch writes to {out}") from error
        for left in folders_in(f"{out}/unfinished"):
            shutil.rmtree(f"{out}/unfinished/{left}")

    def round(self):
        """All that is new; how many that was."""
        count = 0
        for path in self._files():
            about = os.lstat(path)
            if self._seen.get(path) == (about.st_mtime_ns, about.st_size):
                continue
            name = hashlib.sha1(mails.content_of(path)).hexdigest()
            if not os.path.exists(f"{self._out}/patches/{name}"):
                self._judge(path, name)
                self._write_index()
                count += 1
            self._seen[path] = (about.st_mtime_ns, about.st_size)
        return count

    def _files(self):
        """Regular files; a link might lead anywhere, and a pipe never ends."""
        maildir = [name for name in ("cur", "new") if os.path.isdir(f"{self._folder}/{name}")]
        places = [f"{self._folder}/{name}" for name in maildir] or [self._folder]
        return [f"{place}/{name}" for place in places for name in files_in(place)
                if not name.startswith(".")]

    def _judge(self, path, name):
        work = f"{self._out}/unfinished/{name}"
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        about = {"name": os.path.basename(path).split(":")[0], "number": self._next_number(),
                 "subject": "", "verdict": "", "note": ""}
        try:
            need(self._try(name) <= MOST_TRIES, "given up: it ended scripts/watch three times")
            about.update(self._answer(path, work))
        except Problem as problem:
            about.update(verdict="not judged", note=str(problem))
        tell.write(f"{work}/about.json", tell.pretty(about))
        os.rename(work, f"{self._out}/patches/{name}")
        os.remove(f"{self._out}/tries/{name}")
        print(f"{about['name']}: {about['verdict']} {about['note']}".rstrip(), flush=True)

    def _answer(self, path, work):
        patches = mails.read_patches([path], "/")
        archs = archs_for(self._options.arch, patches, self._tree)
        answer = judge(self._tree, patches, archs, self._options.config,
                       self._options.executions, work, self._out)
        name = os.path.basename(work)  # it tells these places from what OUT itself is called
        for file, text in (("answer.txt", tell.text_of(answer)),
                           ("answer.json", tell.pretty(tell.json_of(answer)))):
            tell.write(f"{work}/{file}", text.replace(f"unfinished/{name}", f"patches/{name}"))
        states = [state for _, _, state in answer.hunks]
        worse = [f"{change.arch}: {change.kind}" for change in answer.changes if change.worse]
        return {"subject": patches[0].subject,
                "verdict": "changed for the worse" if worse else "no verdict changed",
                "note": "; ".join([*worse, *(f"{states.count(state)} {state}"
                                             for state in sorted(set(states)))])}

    def _try(self, name):
        """Counted before it begins, for what ends this script."""
        path = f"{self._out}/tries/{name}"
        tries = (read_json(path) or 0) + 1
        tell.write(path, f"{tries}\n")
        return tries

    def _next_number(self):
        return 1 + len(folders_in(f"{self._out}/patches"))

    def _write_index(self):
        rows = []
        for name in folders_in(f"{self._out}/patches"):
            about = read_json(f"{self._out}/patches/{name}/about.json")
            if about:
                rows.append((about["number"], name, about))
        lines = ["<!doctype html><meta charset=utf-8><title>gatherfuzz: patches</title>",
                 "<style>body{font:15px sans-serif;margin:2em}td,th{padding:.2em .8em;"
                 "text-align:left;vertical-align:top}.worse{color:#b00}</style>",
                 f"<h1>Patches on {html.escape(self._tree)}</h1><table>",
                 "<tr><th>patch<th>subject<th>verdict<th>"]
        for _, name, about in sorted(rows, reverse=True):
            lines.append(_row(f"patches/{name}", about,
                              os.path.exists(f"{self._out}/patches/{name}/answer.txt"),
                              [page for page in files_in(f"{self._out}/patches/{name}")
                               if page.endswith(".html")]))
        tell.write(f"{self._out}/index.html", "\n".join([*lines, "</table>", ""]))


def _row(folder, about, answered, pages):
    said = {key: html.escape(str(about[key])) for key in ("name", "subject", "verdict", "note")}
    name = f'<a href="{folder}/answer.txt">{said["name"]}</a>' if answered else said["name"]
    links = " ".join(f'<a href="{folder}/{html.escape(page)}">{html.escape(page)}</a>'
                     for page in pages)
    mark = " class=worse" if about["verdict"] == "changed for the worse" else ""
    return (f"<tr><td>{name}<td>{said['subject']}<td{mark}>{said['verdict']}"
            f"<td>{said['note']} {links}")


def main(arguments):
    called_in = enter_root()
    options = read(arguments)
    tree = Trees([options.kernel], options.config, called_in).items[0]
    folder, out = (os.path.abspath(os.path.join(called_in, path))
                   for path in (options.places[0], options.out))
    need(os.path.isdir(folder), f"no such folder: {folder}")
    build_binary()
    need(options.unconfined or kind() == "bubblewrap",
         "bubblewrap does not work here, and patches would not be confined; --unconfined allows it")
    watch = Watch(options, tree, folder, out)
    command.when_interrupted = f"the answers so far are in {out}/index.html"
    while True:
        judged = watch.round()
        if options.once and judged == 0:
            return 0
        if judged == 0:
            time.sleep(options.every)


if __name__ == "__main__":
    command.main("watch", main)
