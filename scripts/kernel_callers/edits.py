# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""One-line edits of a tree's callers, and for each the program in which exploration must find it,
and as what. They are told by the few words that they change."""
import re
from typing import NamedTuple

from lib.command import need

PROGRAMS = "tests/model/callers_edits"


class Edit(NamedTuple):
    file: str
    pattern: str  # the first that matches
    to: str
    program: str
    kind: str  # "none": nothing is found, since the edit is harmless here


EDITS = {
    "mprotect-no-record": Edit(
        "mm/mprotect.c", r"tlb_flush_pte_range\(tlb, addr, PAGE_SIZE\);", "{}", "protect",
        "writable-after-return"),
    "mprotect-next-page": Edit(
        "mm/mprotect.c", r"tlb_flush_pte_range\(tlb, addr, PAGE_SIZE\);",
        "tlb_flush_pte_range(tlb, addr + PAGE_SIZE, PAGE_SIZE);", "protect",
        "writable-after-return"),
    "mprotect-needs-turned": Edit(
        "mm/mprotect.c", r"if \(pte_needs_flush\(oldpte, ptent\)\)",
        "if (!pte_needs_flush(oldpte, ptent))", "protect", "writable-after-return"),
    "mprotect-batch-forgotten": Edit(
        "mm/mprotect.c", r"flush_tlb_batched_pending\(vma->vm_mm\);", "{}", "protect-reclaim",
        "stale-after-return"),
    "zap-no-record": Edit(  # the kernel's own VM_WARN_ON() comes first
        "mm/memory.c", r"tlb_remove_tlb_entries\(tlb, pte, nr, addr\);", "{}", "zap",
        "kernel-assertion"),
    "zap-batch-forgotten": Edit(
        "mm/memory.c", r"flush_tlb_batched_pending\(mm\);", "{}", "zap-reclaim",
        "stale-after-return"),
    "tables-not-told": Edit(
        "mm/memory.c", r"pte_free_tlb\(tlb, token, addr\);", "___pte_free_tlb(tlb, token);",
        "tables", "freed-table-cached"),
    "mremap-no-flush": Edit(
        "mm/mremap.c", r"flush_tlb_range\(vma, old_end - len, old_end\);", "(void)len;", "move",
        "stale-after-return"),
    "mremap-table-no-flush": Edit(
        "mm/mremap.c", r"flush_tlb_range\(vma, old_addr, old_addr \+ PMD_SIZE\);", "{}",
        "move-table", "stale-after-return"),
    "madvise-no-record": Edit(
        "mm/madvise.c",
        r"(clear_young_dirty_ptes\([^;]*cydp_flags\);\s*)tlb_remove_tlb_entries\([^;]*;", r"\1{}",
        "free",
        "stale-dirty-after-return"),
    "gather-says-no-tables": Edit(
        "mm/mmu_gather.c",
        r"(tlb->fullmm = 1;\s*__tlb_reset_range\(tlb\);)\s*tlb->freed_tables = 1;", r"\1", "zap",
        "freed-page-cached"),
    "zap-flush-later": Edit(
        "mm/memory.c", r"tlb_flush_mmu_tlbonly\(tlb\);", "{}", "zap", "none"),
}


def edited(name, text):
    edit = EDITS[name]
    after, count = re.subn(edit.pattern, edit.to, text, count=1)
    need(count == 1, f"the edit '{name}' changes nothing in {edit.file}")
    return after
