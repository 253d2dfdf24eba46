#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What `llvm-cov export` says, as a person acts on it; for scripts/coverage.

usage: scripts/coverage_summary.py EXPORT.json SOURCE_FOLDER
"""
import json
import os
import re
import subprocess
import sys

FEW = 10  # files of each folder, the least covered first


def share(covered, count):
    """'12/16  75.0%', in columns."""
    percent = f"{100 * covered / count:5.1f}%" if count else "     -"
    return f"{covered:6d}/{count:<6d}{percent}"


def files_of(export, root):
    """By path below root: the summary of each file; of model/linux/ only if a tree is built in."""
    files = {os.path.relpath(file["filename"], root): file["summary"]
             for file in export["data"][0]["files"]}
    linux = {path for path in files if path.startswith("model/linux/")}
    if any(files[path]["lines"]["covered"] for path in linux):
        linux = set()
    return {path: summary for path, summary in files.items() if path not in linux}


def by_folder(files):
    """Sums of [covered, count] for each folder: {folder: {"lines": [..], "branches": [..]}}."""
    folders = {}
    for path, summary in files.items():
        nothing = {"lines": [0, 0], "branches": [0, 0]}
        sums = folders.setdefault(os.path.dirname(path) + "/", nothing)
        for what, pair in sums.items():
            pair[0] += summary[what]["covered"]
            pair[1] += summary[what]["count"]
    return folders


def folder_table(files):
    """A line for each folder, and one for all."""
    lines = [f"{'folder':<26}{'lines':^19}  {'branches':^19}"]
    folders = by_folder(files)
    total = {what: [sum(sums[what][i] for sums in folders.values()) for i in (0, 1)]
             for what in ("lines", "branches")}
    for folder, sums in sorted(folders.items()) + [("all", total)]:
        lines.append(f"{folder:<26}{share(*sums['lines'])}  {share(*sums['branches'])}")
    return lines


def least_covered(files, folder):
    """The files there with the smallest share of lines that run, then of branches."""
    def key(path):
        return (files[path]["lines"]["percent"], files[path]["branches"]["percent"], path)

    lines = []
    for path in sorted((path for path in files if path.startswith(folder)), key=key)[:FEW]:
        parts = [files[path][what] for what in ("lines", "branches")]
        if any(part["covered"] < part["count"] for part in parts):
            columns = [share(part["covered"], part["count"]) for part in parts]
            lines.append(f"{path:<46}{columns[0]}  {columns[1]}")
    return lines


def never_run(export, root, files):
    """[(path, line, mangled name)] of functions in these files of which no instance runs.

    Those of one line are left out: they are accessors, for the most part, and what the compiler
    has evaluated.
    """
    runs = {}
    for function in export["data"][0]["functions"]:
        path = os.path.relpath(function["filenames"][0], root)
        first, last = function["regions"][0][0], function["regions"][0][2]
        if path not in files or first == last:
            continue
        place = (path, function["regions"][0][0], function["regions"][0][1])
        count, name = runs.get(place, (0, function["name"]))
        runs[place] = (count + function["count"], name)
    return [(path, line, re.sub(r"^.*[:;](?=_Z)", "", name))
            for (path, line, _), (count, name) in sorted(runs.items()) if count == 0]


def demangled(names):
    """The names as the source has them."""
    if not names:
        return []
    run = subprocess.run(["llvm-cxxfilt-19"], input="\n".join(names) + "\n", text=True,
                         stdout=subprocess.PIPE, check=True)
    short = run.stdout.replace("(anonymous namespace)::", "").replace("gatherfuzz::", "")
    return short.splitlines()


def summary(export, root):
    """All of it, as lines."""
    files = files_of(export, root)
    lines = folder_table(files)
    for folder in ("model/", "harness/"):
        lines += ["", f"least covered of {folder}:"]
        lines += [f"  {line}" for line in least_covered(files, folder)]
    functions = never_run(export, root, {path for path in files if path.startswith("model/")})
    lines += ["", f"functions of model/ of more than one line that never run: {len(functions)}"]
    for (path, line, _), name in zip(functions, demangled([name for *_, name in functions])):
        lines.append(f"  {path}:{line}  {name}")
    return lines


def main():
    """Prints the summary of an export."""
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        export = json.load(file)
    print("\n".join(summary(export, sys.argv[2])))


if __name__ == "__main__":
    main()
