# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What a diff changes: files, hunks, and the lines of each before and after."""
import re

from lib.command import Problem, need

AT = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")


class Hunk:
    """Numbers of the lines that it takes out of the file before, and puts into the file after."""

    def __init__(self, old, new, place):
        self.old = old  # where it begins
        self.new = new
        self.place = place  # the function, as the diff has it
        self.removed = []
        self.added = []


class FileDiff:
    def __init__(self, path):
        self.path = path  # in the tree; where it is renamed, the new name
        self.old_path = path
        self.hunks = []


def files_of(diff, name):
    """The files of a diff, in its order."""
    files, lines = [], diff.split(b"\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git "):
            files.append(_named(line, name))
        elif line.startswith(b"--- ") and at < len(lines) and lines[at].startswith(b"+++ "):
            _sides(files, line, lines[at], name)
            at += 1
        elif re.match(rb"(new|deleted|old) (file )?mode 120000|GIT binary patch", line):
            raise Problem(f"--patch: {name}: links and binary files are not taken")
        elif line.startswith((b"rename from ", b"rename to ")) and files:
            where = "old_path" if line.startswith(b"rename from ") else "path"
            setattr(files[-1], where, _inside(line.split(b" ", 2)[2], name))
        elif files and AT.match(line):
            at = _hunk(files[-1], AT.match(line), lines, at)
    return files


def _named(line, name):
    """`diff --git a/X b/X`; where the two differ, the lines that follow say so."""
    rest = line[len(b"diff --git "):].rstrip(b"\r")
    half = rest[:(len(rest) - 1) // 2]
    return FileDiff(_inside(half.partition(b"/")[2] or half, name))


def _sides(files, old, new, name):
    paths = [side[4:].split(b"\t")[0].rstrip(b"\r") for side in (old, new)]
    real = [_inside(path.partition(b"/")[2], name) if path != b"/dev/null" else None
            for path in paths]
    path, old_path = real[1] or real[0], real[0] or real[1]
    need(path, f"--patch: {name}: a file without a name")
    if not files or path not in (files[-1].path, files[-1].old_path) or files[-1].hunks:
        files.append(FileDiff(path))
    files[-1].path, files[-1].old_path = path, old_path


def _inside(path, name):
    """A path that stays in the tree. Git quotes odd ones, and a kernel has none."""
    text = path.decode("ascii", errors="replace")
    need(re.fullmatch(r"[A-Za-z0-9_.,+@=-]+(/[A-Za-z0-9_.,+@=-]+)*", text)
         and not {"..", ".", ".git"} & set(text.split("/")),
         f"--patch: {name}: the path '{printable(text)[:200]}' is outside of the tree, or none "
         "of a kernel's")
    return text


def printable(text):
    """ASCII that prints, for messages and mails."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def _hunk(file, at, lines, index):
    """Takes the lines that the heading counts; returns where what follows begins."""
    old, old_count, new, new_count = (int(n) if n is not None else 1 for n in at.groups()[:4])
    hunk = Hunk(old, new, printable(at[5].decode(errors="replace").strip()))
    file.hunks.append(hunk)
    while (old_count > 0 or new_count > 0) and index < len(lines):
        kind = lines[index][:1]
        if kind == b"-":
            hunk.removed.append(old)
        elif kind == b"+":
            hunk.added.append(new)
        elif kind == b"\\":
            index += 1
            continue
        elif kind not in (b" ", b"", b"\r"):
            break
        old, old_count = (old + 1, old_count - 1) if kind != b"+" else (old, old_count)
        new, new_count = (new + 1, new_count - 1) if kind != b"-" else (new, new_count)
        index += 1
    return index
