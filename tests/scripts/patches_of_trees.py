#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Patches of one line on the trees of Debian's packages, as far as they are installed: each is
caught, or said to be outside of what is seen; and harmless ones change no verdict.

usage: patches_of_trees.py SOURCE BUILD [VERSION]...
Exit status: 0 if all is as it should be, 1 if not, 77 if no tree is installed.
"""
import difflib
import json
import os
import subprocess
import sys
import tempfile

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "scripts"))
# pylint: disable=wrong-import-position
from kernel_trees import unpacking

NOT_INSTALLED = 77
WORSE = 10
GATHER, GENERIC = "mm/mmu_gather.c", "include/asm-generic/tlb.h"
PENDING = "include/linux/mm_inline.h"
ARM64, TLBFLUSH = "arch/arm64/include/asm/tlb.h", "arch/arm64/include/asm/tlbflush.h"
X86, TLB = "arch/x86/include/asm/tlb.h", "arch/x86/mm/tlb.c"

# (file, the function or macro from which on, old, new, where it is caught)
EDITS = (
    (GATHER, "void tlb_finish_mmu", "tlb->freed_tables = 1;", "", "x86 arm64"),
    (GATHER, "void tlb_finish_mmu", "(mm_tlb_flush_nested(tlb->mm))",
     "(!mm_tlb_flush_nested(tlb->mm))", "x86 arm64"),
    (GATHER, "void tlb_finish_mmu", "tlb_flush_mmu(tlb);", "", "x86 arm64"),
    (GATHER, "static void __tlb_gather_mmu", "inc_tlb_flush_pending(tlb->mm);", "", "x86 arm64"),
    (GATHER, "void tlb_flush_mmu(", "tlb_flush_mmu_tlbonly(tlb);", "", "x86 arm64"),
    (GATHER, "void tlb_flush_mmu(", "tlb_flush_mmu_free(tlb);", "", "x86 arm64"),
    (GATHER, "static void tlb_table_flush", "tlb_table_invalidate(tlb);", "", "x86 arm64"),
    (GATHER, "void tlb_remove_table(", "tlb_table_flush(tlb);", ";", "x86 arm64"),
    (GENERIC, "static inline void __tlb_adjust_range", "min(tlb->start", "max(tlb->start",
     "arm64"),  # on x86 a range that ends before it begins is all of it
    (GENERIC, "static inline void __tlb_adjust_range", "max(tlb->end", "min(tlb->end",
     "x86 arm64"),
    (GENERIC, "static inline void tlb_flush_mmu_tlbonly", "tlb->cleared_ptes ||", "",
     "x86 arm64"),
    (GENERIC, "static inline void tlb_flush_pte_range", "tlb->cleared_ptes = 1;", "",
     "x86 arm64"),
    (GENERIC, "#define pte_free_tlb", "freed_tables = 1;", "freed_tables = 0;", "arm64"),
    (PENDING, "static inline bool mm_tlb_flush_nested", "> 1;", "> 2;", "x86 arm64"),
    (PENDING, "static inline void inc_tlb_flush_pending", "atomic_inc(&mm->tlb_flush_pending);",
     "", "x86 arm64"),
    (ARM64, "static inline void tlb_flush(struct mmu_gather *tlb)\n{", "last_level = !(",
     "last_level = (1 | ", "arm64"),
    (TLBFLUSH, "static inline void flush_tlb_mm(", "__tlbi(aside1is, asid);", "",
     "arm64"),
    (TLBFLUSH, "static inline void flush_tlb_mm(", "dsb(ishst);", ";", "arm64"),
    (TLBFLUSH, "static inline void __flush_tlb_range", "dsb(ishst);", ";", "arm64"),
    (X86, "static inline void tlb_flush(struct mmu_gather *tlb)\n{", "end = tlb->end;",
     "end = tlb->start;", "x86"),
    (TLB, "static bool should_flush_tlb", "loaded_mm == LOADED_MM_SWITCHING", "false", "x86"),
    (TLB, "static void flush_tlb_func", "switch_mm_irqs_off(NULL, &init_mm, NULL);", "", "x86"),
    (TLB, "void switch_mm_irqs_off(", "need_flush = true;", "need_flush = false;", "x86"),
    ("mm/mprotect.c", "tlb_gather_mmu", "tlb_gather_mmu(&tlb", "tlb_finish_mmu(&tlb", ""),
)
HARMLESS = (
    (GATHER, "void tlb_finish_mmu", "tlb_flush_mmu(tlb);", "/* all of it */ tlb_flush_mmu(tlb);"),
    (GATHER, "void tlb_finish_mmu", "tlb_flush_mmu(tlb);", "{ tlb_flush_mmu(tlb); }"),
    (GATHER, "static void __tlb_gather_mmu", "tlb->need_flush_all = 0;",
     "tlb->need_flush_all = !1;"),
    (GENERIC, "static inline void __tlb_adjust_range",
     "tlb->start = min(tlb->start, address);\n\ttlb->end = max(tlb->end, address + range_size);",
     "tlb->end = max(tlb->end, address + range_size);\n\ttlb->start = min(tlb->start, address);"),
    (PENDING, "static inline bool mm_tlb_flush_nested", "> 1;", ">= 2;"),
    # The mm is going away, and is flushed for all that.
    (GATHER, "void tlb_gather_mmu_fullmm", "true", "false"),
)


def edited(tree, file, since, old, new):
    """A diff."""
    with open(f"{tree}/{file}", encoding="utf-8", errors="surrogateescape") as source:
        before = source.read()
    at = before.index(old, before.index(since))
    after = before[:at] + new + before[at + len(old):]
    return "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True),
                                        "a/" + file, "b/" + file))


def judge(tree, folder, diffs, archs=("x86", "arm64")):
    """Exit status and answer."""
    paths = []
    for number, diff in enumerate(diffs):
        paths.append(f"{folder}/{number}.patch")
        with open(paths[-1], "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(diff)
    chosen = ["--arch", ",".join(archs)] if archs else []
    ran = subprocess.run(
        [f"{SOURCE}/scripts/fuzz", "--kernel", tree, "--executions", "20000", "--json", *chosen,
         "--patch", *paths], stdout=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "GATHERFUZZ_COMMAND": f"{BUILD}/gatherfuzz", "GATHERFUZZ_BUILD": BUILD})
    return ran.returncode, json.loads(ran.stdout or "{}")


class Trees:
    def __init__(self):
        self.failed = 0

    def check(self, holds, what, said):
        print(f"{'ok    ' if holds else 'FAILED'}  {what}: {said}", flush=True)
        self.failed += not holds

    def edit(self, tree, version, folder, edit):
        *where, caught = edit
        status, answer = judge(tree, folder, [edited(tree, *where)])
        worse = {each["arch"]: each["after"] for each in answer.get("archs", ())
                 if each["change"] == "worse"}
        states = {hunk["state"] for hunk in answer.get("hunks", ())}
        holds = (status == (WORSE if caught else 0) and sorted(worse) == sorted(caught.split())
                 and ("compiled and run" in states) == bool(caught))
        self.check(holds, f"{version} {where[0]}: {where[2]} -> {where[3] or 'nothing'}",
                   worse or ", ".join(states) or status)

    def of(self, tree, version, folder):
        for edit in EDITS:
            self.edit(tree, version, folder, edit)
        for edit in HARMLESS:
            status, answer = judge(tree, folder, [edited(tree, *edit)])
            what = f"{edit[2][:40]!r} -> {edit[3][:40]!r}"
            self.check(status == 0 and not answer["worse"],
                       f"{version} harmless, {edit[0]}: {what}", status)


def main():
    os.chdir(SOURCE)
    versions = [version for version in sys.argv[3:] or ("6.1", "6.12")
                if os.path.exists(unpacking.tarball(version))]
    if not versions:
        print("no kernel tree is installed: scripts/trees installs them")
        return NOT_INSTALLED
    trees = Trees()
    os.makedirs(f"{BUILD}/trees", exist_ok=True)
    for version in versions:
        path = unpacking.unpack(version, f"{BUILD}/trees/{version}-patches", ["mm/mprotect.c"])
        with tempfile.TemporaryDirectory() as folder:
            trees.of(path, version, folder)
    return 1 if trees.failed else 0


if __name__ == "__main__":
    sys.exit(main())
