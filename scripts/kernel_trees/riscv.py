# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Kernel trees on riscv: as they are, broken, and with edits of its own files.

They are shared objects, which the command loads: so the many trees that are edited elsewhere are
not compiled for riscv.
"""
import os
import re
from typing import NamedTuple

from kernel_trees import unpacking
from lib.command import Problem
from lib.jobs import run_one
from patching.objects import compiler, config_of

TLB_H = "arch/riscv/include/asm/tlb.h"
TLBFLUSH_C = "arch/riscv/mm/tlbflush.c"
PGALLOC_H = "arch/riscv/include/asm/pgalloc.h"
PROGRAMS = "cpus=2 ops=2 pages=2 walkers=1 kinds=munmap,dontneed"


class Edit(NamedTuple):
    file: str
    before: str
    after: str
    found: bool = True  # whether every order of PROGRAMS has a violation


# Since 97cf301fa42e (6.9).
EDITS = {
    "freed-tables-ignored": Edit(TLB_H, " || tlb->freed_tables", ""),
    "this-cpu-only": Edit(TLBFLUSH_C, "cpumask_any_but(cmask, cpu) >= nr_cpu_ids", "true"),
    "not-waited-for": Edit(TLBFLUSH_C, "&ftd, 1)", "&ftd, 0)"),
    "page-short": Edit(TLBFLUSH_C, "i < nr_ptes_in_range", "i < nr_ptes_in_range - 1"),
    "stride-twice": Edit(TLBFLUSH_C, "start += stride", "start += 2 * stride"),
    "range-short": Edit(TLBFLUSH_C, "start, end - start, page_size",
                        "start, end - start - page_size, page_size"),
    "another-stride": Edit(TLBFLUSH_C, "ftd.stride = stride", "ftd.stride = PMD_SIZE"),
    "another-asid": Edit(TLBFLUSH_C, "ftd.asid = asid", "ftd.asid = asid + 1"),
    "page-for-mm": Edit(TLBFLUSH_C, "0, FLUSH_TLB_MAX_SIZE, PAGE_SIZE", "0, PAGE_SIZE, PAGE_SIZE"),
    "no-cpu": Edit(TLBFLUSH_C, "if (cpumask_empty(cmask))", "if (!cpumask_empty(cmask))"),
    "unmap-size": Edit(TLB_H, "tlb_get_unmap_size(tlb)", "PMD_SIZE"),
    "upper-table-at-once": Edit(
        PGALLOC_H, "pagetable_pmd_dtor(ptdesc);\n\triscv_tlb_remove_ptdesc(tlb, ptdesc);",
        "pmd_free(tlb->mm, pmd);"),
    # What is no fault: freed_tables is set as well; a threshold is a matter of speed here.
    "fullmm-ignored": Edit(TLB_H, "tlb->fullmm || ", "", found=False),
    "threshold-high": Edit(TLBFLUSH_C, "__read_mostly = 64", "__read_mostly = 1024", found=False),
}
# Up to 6.7 PMD tables are freed past the gather: Z31, 8246601a7d39.
OLD_EDITS = {
    "upper-table-gathered": Edit(
        PGALLOC_H, "__pmd_free_tlb(tlb, pmd, addr)  pmd_free((tlb)->mm, pmd)",
        "__pmd_free_tlb(tlb, pmd, addr)  tlb_remove_page((tlb), virt_to_page(pmd))", found=False),
}
# Of its mm/context.c, as patterns, which are the same from 6.1 to 7.1: each is found in the program
# of that name. `zero-swapped` is no fault there, and the last one mends S11 (docs/suspicions.md).
CONTEXT_C = "arch/riscv/mm/context.c"
CONTEXT_EDITS = {
    "asids-not-flushed": (r"if \(need_flush_tlb\)\s*local_flush_tlb_all\(\);", ""),
    "flush-not-queued": (r"cpumask_setall\(&context_tlb_flush_pending\);", ""),
    "flush-queued-here": (
        r"cpumask_setall\(&context_tlb_flush_pending\);",
        "cpumask_set_cpu(smp_processor_id(), &context_tlb_flush_pending);"),
    "active-not-marked": (r"atomic_long_set\(&per_cpu\(active_context, cpu\), cntx\);", ""),
    "reserved-forgotten": (r"if \(cntx == 0\)\s*cntx = per_cpu\(reserved_context, i\);", ""),
    "reserved-once": (
        r"per_cpu\(reserved_context, cpu\) = newcntx;",
        "per_cpu(reserved_context, cpu) = newcntx; break;"),
    "active-stored": (
        r"atomic_long_cmpxchg_relaxed\(&per_cpu\(active_context, cpu\),\s*"
        r"old_active_cntx, cntx\)",
        "(atomic_long_set(&per_cpu(active_context, cpu), cntx), true)"),
    "generation-not-matched": (
        r"\(\(?cntx[^=]*== atomic_long_read\(&current_version\)\) &&", "cntx &&"),
    "asid-looked-once": (
        r"(raw_spin_lock_irqsave\(&context_lock, flags\);\s*/\*[^/]*\*/\s*)"
        r"cntx = atomic_long_read\(&mm->context.id\);", r"\1"),
    "zero-swapped": (r"if \(old_active_cntx &&", "if ("),
    "flushed-before-root": (
        r"switch_mm_fast:", r"\g<0> if (need_flush_tlb) local_flush_tlb_all(); "
        "need_flush_tlb = false;"),
}
NO_FAULT = ("zero-swapped", "flushed-before-root")
S11 = "corpus/zoo/s11.gather"
CONFIGS = {"sbi": ["riscv:GATHERFUZZ_SBI=y"], "ipi": ["riscv:GATHERFUZZ_IPI=y"]}


def is_old(tree):
    with open(f"{tree}/{TLB_H}", encoding="utf-8") as file:
        return "freed_tables" not in file.read()


class Objects:
    """Makes them, in a folder; `path` of those that are there."""

    def __init__(self, folder):
        self._folder = folder
        self.path = {}

    def add(self, name, tree, config=()):
        work = f"{self._folder}/{name}"
        os.makedirs(work, exist_ok=True)
        self._run(["model/linux/compile_tree", "build", tree, "riscv", "gf_tree_riscv", work,
                   compiler(), "objcopy", *config_of("riscv", config)], work)
        self.path[name] = f"{work}/tree.so"
        self._run([compiler(), "-shared", "-o", self.path[name], f"{work}/tree.o"], work)

    @property
    def environment(self):
        return {"GATHERFUZZ_LOAD": ":".join(f"{name}={path}" for name, path in self.path.items())}

    @staticmethod
    def _run(arguments, work):
        child = run_one(arguments, log=f"{work}/messages")
        if child.status:
            raise Problem(child.last_words())


def check_all(checks, folder, versions, runs, stored):
    for version in versions:
        tree = unpacking.unpack(version, f"{folder}/{version}")
        objects = Objects(f"{folder}/riscv-objects/{version}")
        old = is_old(tree)
        edits = OLD_EDITS if old else EDITS
        objects.add("it", tree)
        for name, (pattern, to) in CONTEXT_EDITS.items():
            objects.add(name, unpacking.edited_copy(
                tree, f"{folder}/{version}-riscv-{name}", CONTEXT_C, _sub(name, pattern, to),
                version))
        for name, edit in edits.items():
            objects.add(name, unpacking.edited_copy(
                tree, f"{folder}/{version}-riscv-{name}", edit.file, _edit(name, edit), version))
        if not old:
            for name, config in CONFIGS.items():
                objects.add(name, tree, config)
            for name, edit in unpacking.BREAKS.items():
                objects.add("broken-" + name, unpacking.edited_copy(
                    tree, f"{folder}/{version}-riscv-broken-{name}", unpacking.GATHER, edit,
                    version))
        checks.environment = objects.environment
        _explored(checks, version, {"it": old} | {name: edits[name].found for name in edits} |
                  ({} if old else {name: False for name in CONFIGS}))
        _asids(checks, version, runs, old)
        if not old:
            _compared(checks, version, runs, stored)
        checks.environment = {}


def _edit(name, edit):
    def edits(text):
        return text.replace(edit.before, edit.after, 1)
    edits.__name__ = name
    return edits


def _sub(name, pattern, to):
    def edits(text):
        return re.sub(pattern, to, text, count=1)
    edits.__name__ = name
    return edits


def _asids(checks, version, runs, old):
    """Where ASIDs are allocated: against the model, and each edit in its program. In an old tree
    page tables do not wait for RCU, so that S11 is not mended by the edit alone."""
    checks.check(f"{version} on riscv, ASIDs: {runs} random programs", "tests/asid_differential",
                 "--runs", str(runs), "--arch", "riscv", "--policy", "linux@it")
    explored = ("gatherfuzz", "explore", "--arch", "riscv", "--policy")
    for name in CONTEXT_EDITS:
        program = f"corpus/switching/{name}.gather"
        if name == "flushed-before-root":
            if old:
                continue
            program = S11
        elif name not in NO_FAULT:
            checks.check(f"{version} on riscv: every order of {program}", *explored, "linux@it",
                         program)
        checks.check(f"{version}, {name} on riscv: {program}", *explored, f"linux@{name}", program,
                     status=0 if name in NO_FAULT else 1)
    checks.check(f"{version} on riscv: found in {S11}", *explored, "linux@it", S11, status=1)


def _explored(checks, version, found):
    for name, breaks in found.items():
        checks.check(f"{version}, {name} on riscv: every order of small programs"
                     f"{' has a violation' if breaks else ''}",
                     "gatherfuzz", "explore", "--policy", f"linux@{name}", "--arch", "riscv",
                     "--programs", PROGRAMS, status=1 if breaks else 0)


def _compared(checks, version, runs, stored):
    checks.check(f"{version} on riscv: {len(stored)} schedules of the corpus", "gatherfuzz", "run",
                 "--policy", "linux@it", "--arch", "riscv", "--expect", "none", *stored)
    differential = ("tests/kernel_differential", "--runs", str(runs), "--arch", "riscv", "--policy")
    checks.check(f"{version} on riscv, full-mm: {runs} random schedules, and the corpus",
                 *differential, "linux@it", *stored)
    for name in unpacking.BREAKS:
        checks.check(f"{version} on riscv: the same, broken ({name})", *differential,
                     f"linux@broken-{name}", "--nested", name, *stored)
