# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which lines of a tree are compiled here, and which of these ran.

A line runs if a count of clang's source coverage says so. It is compiled if it has a count, or
survives the preprocessor, as declarations and macros do. Made headers say by #line what of the tree
they hold; those lines count as the tree's.
"""
import functools
import json
import os
import re
import subprocess

RUN, COMPILED, NOT_SEEN, NO_CODE = "compiled and run", "compiled, not run", "not seen", "no code"
ORDER = (RUN, COMPILED, NOT_SEEN, NO_CODE)  # a hunk is what the first of its lines is
LINE = re.compile(r'#\s*(?:line )?(\d+) "([^"]*)"')


class Lines:
    """Of one tree, after its examination: (file, line) in the tree. `source` is a folder with the
    files of the patch, which need not be the tree's."""

    def __init__(self, tree, source, examinations):
        self._tree = tree
        self._source = source
        self.ran, self.compiled = set(), set()
        for arch in tree.archs:
            self._count(arch, examinations[tree.hash, arch].profile)
            self._preprocessed(f"{tree.work(arch)}/tree.i")

    def state(self, path, number):
        code = _lines_with_code(f"{self._source}/{path}")
        if number not in code:
            return NO_CODE if code else NOT_SEEN
        if {(path, number), (path, _body_of(code, number))} & self.ran:
            return RUN
        # A line that goes on is what the line that it continues is.
        begins = code[number][0]
        return COMPILED if (path, begins) in self.compiled else NOT_SEEN

    def _inside(self, path):
        root = self._tree.tree + "/"
        return path.removeprefix(root) if path.startswith(root) else None

    def _count(self, arch, profile):
        if not os.path.exists(profile):
            return
        exported = subprocess.run(
            ["llvm-cov-19", "export", "-instr-profile=" + profile,
             f"{self._tree.work(arch)}/tree.o"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        for file in json.loads(exported or '{"data": []}')["data"][0]["files"]:
            places = self._places(file["filename"])
            for line, count in _line_counts(file["segments"]).items():
                place = places(line)
                if place is not None:
                    self.compiled.add(place)
                    if count:
                        self.ran.add(place)

    def _places(self, filename):
        """From lines of a file that is compiled to places in the tree."""
        path = self._inside(filename)
        if path is not None:
            return lambda line: (path, line)
        made = _made_of(filename) if filename.startswith(self._tree.folder) else []

        def place(line):
            for begin, original, first in reversed(made):
                if line > begin:
                    inside = self._inside(original)
                    return (inside, first + line - begin - 1) if inside else None
            return None
        return place

    def _preprocessed(self, path):
        file, number = None, 0
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                mark = LINE.match(line)
                if mark:
                    number, file = int(mark[1]), self._inside(os.path.normpath(mark[2]))
                    continue
                if file and line.strip():
                    self.compiled.add((file, number))
                number += 1


def _made_of(path):
    """(line of the mark, file, first line) for each #line."""
    marks = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            mark = LINE.match(line)
            if mark:
                marks.append((number, mark[2], int(mark[1])))
    return marks


def _line_counts(segments):
    """The largest count of what begins in a line, or goes on there, as llvm-cov has it."""
    counts = {}
    for (line, _, count, has, _, gap), after in zip(segments, segments[1:] + [None]):
        if not has or gap:
            continue
        last = after[0] if after else line
        if after and after[1] == 1 and last > line:
            last -= 1
        for each in range(line, last + 1):
            counts[each] = max(counts.get(each, 0), count)
    return counts


@functools.cache
def _lines_with_code(path):
    """Number of each line that is not blank or a comment -> (the line where its directive or macro
    begins, its text without comments). Empty if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return {}
    bare = re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*',
                  lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text,
                  flags=re.S)
    found, begins, goes_on = {}, 0, False
    for number, line in enumerate(bare.split("\n"), 1):
        begins = begins if goes_on else number
        goes_on = line.rstrip().endswith("\\")
        if line.strip(" \t\\"):
            found[number] = begins, line.strip()
    return found


def _body_of(code, number):
    """The line of the brace that follows the heading of a function, which itself has no count."""
    while number in code and not set(";}#") & set(code[number][1]):
        if code[number][1].endswith("{"):
            return number
        number += 1
    return None


def judge_hunk(file, hunk, before, after):
    """RUN, COMPILED, NOT_SEEN or NO_CODE; of all that is taken out, and put in."""
    states = {before.state(file.old_path, number) for number in hunk.removed}
    states |= {after.state(file.path, number) for number in hunk.added}
    return next((state for state in ORDER if state in states), NO_CODE)
