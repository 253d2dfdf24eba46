# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The few files of the gather out of Debian's packages; and the same, broken in three ways,
configured without RCU for page tables, and with each edit of its CPU side."""
import os
import re
import shutil
import subprocess
import sys

from kernel_trees.edits import EDITS, edited
from lib.command import Problem, need
from lib.subjects import all_kernel_archs, gather_files

GATHER = "mm/mmu_gather.c"
TLB_H = "arch/x86/include/asm/tlb.h"
MARK = "/.unpacked"  # lists the files that were taken


def tarball(version):
    return f"/usr/src/linux-source-{version}.tar.xz"


def prepare(versions, folder, edits):
    """The trees that are compared: name -> folder; with their edits, if those are asked for."""
    trees = {}
    for version in versions:
        trees[version] = unpack(version, f"{folder}/{version}")
        if not edits:
            continue
        for way, edit in BREAKS.items():
            name = f"{version}-{way}"
            trees[name] = edited_copy(trees[version], f"{folder}/{name}", GATHER, edit, version)
        for way, edit in CONFIGURED.items():
            name = f"{version}-{way}"
            trees[name] = edited_copy(trees[version], f"{folder}/{name}", TLB_H, edit, version)
        for way, edit in EDITS.items():
            name = f"{version}-{way}"
            file = _where(trees[version], edit)
            trees[name] = edited_copy(trees[version], f"{folder}/{name}", file, _edits(way, edit),
                                  version)
    return trees


def _where(tree, edit):
    """The file that an edit is of; the last one, if it matches in none."""
    matches = (file for file in edit.files
               if re.search(edit.pattern, _text(f"{tree}/{file}") or ""))
    return next(matches, edit.files[-1])


def _edits(way, edit):
    def edits(text):
        return edited(text, edit)
    edits.__name__ = way
    return edits


def unpack(version, to, more=()):
    """The files of the gather, and more; unless they, all of them, are there already. Stops reading
    at the last one. Returns where they are."""
    files = [*gather_files(all_kernel_archs()), *more]
    mark, listed = to + MARK, "\n".join(files) + "\n"
    package = tarball(version)
    if _text(mark) == listed and os.path.getmtime(mark) > os.path.getmtime(package):
        return to
    print(f"unpacking {package}", file=sys.stderr)
    for path in (to, to + ".new"):
        shutil.rmtree(path, ignore_errors=True)
    os.makedirs(to + ".new")
    unpacked = subprocess.run(
        ["tar", "-xJf", package, "-C", to + ".new", "--strip-components=1", "--occurrence=1",
         *(f"linux-source-{version}/{file}" for file in files)], check=False)
    if unpacked.returncode:
        raise Problem(f"{package} lacks a file of the gather")
    with open(to + ".new" + MARK, "w", encoding="utf-8") as file:
        file.write(listed)
    os.rename(to + ".new", to)
    return to


def edited_copy(tree, to, name, edit, version):
    """A copy of the tree with that file edited; the one that is there, if it is the same."""
    with open(f"{tree}/{name}", encoding="utf-8", errors="surrogateescape") as file:
        whole = file.read()
    broken = edit(whole)
    need(broken != whole,
         f"the edit '{edit.__name__.strip('_')}' changes nothing in {name} of {version}")
    if _text(f"{to}/{name}") == broken and _text(to + MARK) == _text(tree + MARK):
        return to
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(tree, to)
    with open(f"{to}/{name}", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(broken)
    return to


def _text(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def _never_nested(text):
    return text.replace("(mm_tlb_flush_nested(tlb->mm))", "(mm_tlb_flush_nested(tlb->mm) && 0)")


def _without(statement):
    """An edit that drops the lines of a statement, from tlb_finish_mmu() on."""
    def drop(text):
        before, finish, after = text.partition("tlb_finish_mmu(")
        line = rf"^[ \t]*{re.escape(statement)}.*\n"
        return before + finish + re.sub(line, "", after, flags=re.M)
    drop.__name__ = "without " + statement
    return drop


# kernel_differential --nested WAY compares with each.
BREAKS = {"none": _never_nested, "no-tables": _without("tlb->freed_tables = 1;"),
          "no-fullmm": _without("tlb->fullmm = 1;")}


def _tables_at_once(text):
    return "".join(f"#undef CONFIG_MMU_GATHER_{option}\n"
                   for option in ("RCU_TABLE_FREE", "TABLE_FREE")) + text


# As x86 is without PARAVIRT, up to 6.12.
CONFIGURED = {"tables-at-once": _tables_at_once}
