# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""One-line edits of arch/x86/mm/tlb.c, arch/arm64/mm/context.c and what flushes for PFN maps and
for shared page tables, and for each the program in which exploration must find it.

They are told by the few words that they change, which are the same from 6.1 to 6.12.
"""
import re
from typing import NamedTuple

TLB = "arch/x86/mm/tlb.c"
CONTEXT = "arch/arm64/mm/context.c"
MMU_CONTEXT_H = "arch/arm64/include/asm/mmu_context.h"
LOCAL_GEN = "this_cpu_write(cpu_tlbstate.ctxs[loaded_mm_asid].tlb_gen, mm_tlb_gen)"


class Edit(NamedTuple):
    program: str
    pattern: str  # the first that matches
    to: str
    arch: str = "x86"
    files: tuple = (TLB,)  # of the first of them in which it matches


def _switching(name, pattern, to):
    return Edit(f"corpus/switching/{name}.gather", pattern, to)


def _other(name, pattern, to):
    return Edit(f"tests/model/kernel_edits/{name}.gather", pattern, to)


def _zoo(number, pattern, to):
    return Edit(f"corpus/zoo/z{number}.gather", pattern, to)


EDITS = {
    "zero-is-old": _zoo(42, r"f->new_tlb_gen != TLB_GENERATION_INVALID &&", ""),
    "switching-not-told": _zoo(43, r"if \(loaded_mm == LOADED_MM_SWITCHING\)", "if (0)"),
    "switching-not-said": _switching(
        "switching-not-said",
        r"this_cpu_write\(cpu_tlbstate.loaded_mm, LOADED_MM_SWITCHING\);", ""),
    "tables-like-pages": _zoo(41, r"if \(info->freed_tables\)", "if (0)"),
    "lazy-left-alone": _zoo(
        40, r"switch_mm_irqs_off\(NULL, &init_mm, NULL\);\s*return;", "return;"),
    "generation-before-mask": _switching(
        "generation-before-mask",
        r"(if \(next != &init_mm\)\s*cpumask_set_cpu\(.*;)\s*(next_tlb_gen = .*;)", r"\2 \1"),
    "told-before-raise": _switching(
        "told-before-raise",
        r"(new_tlb_gen = inc_mm_tlb_gen\(mm\);)((?:.|\n)*?)if \((cpumask_any_but\(mm_cpumask\(mm\), "
        r"cpu\) < nr_cpu_ids)\)", r"bool others = \3; \1\2if (others)"),
    "wakes-blindly": _switching("wakes-blindly", r"if \(!was_lazy\)\s*return;", "return;"),
    "lazy-until-end": _switching(
        "lazy-until-end",
        r"if \(was_lazy\)\s*(this_cpu_write\(cpu_tlbstate_shared.is_lazy, false\);)"
        r"((?:.|\n)*?next_tlb_gen = .*;)", r"\2 \1"),
    "partial-of-any": _switching("partial-of-any", r"f->new_tlb_gen == local_tlb_gen \+ 1 &&", ""),
    "partial-of-old": _switching("partial-of-old", r"&&\s*f->new_tlb_gen == mm_tlb_gen\)", ")"),
    "slot-reused-blindly": _switching(
        "slot-reused-blindly", r"\*need_flush = \(this_cpu_read\([^;]*;", "*need_flush = false;"),
    "slot-not-flushed": _switching(
        "slot-not-flushed", r"(next_asid, 1\);\s*\}\s*)\*need_flush = true;",
        r"\1*need_flush = false;"),
    "generation-read-again": _other(
        "flush-meets-flush", re.escape(LOCAL_GEN),
        LOCAL_GEN.replace(" mm_tlb_gen", " atomic64_read(&loaded_mm->context.tlb_gen)")),
    "generation-too-high": _switching(
        "generation-too-high", re.escape(LOCAL_GEN), LOCAL_GEN.replace(" mm_tlb_gen",
                                                                       " mm_tlb_gen + 1")),
    "generation-not-raised": _switching(
        "range-one-short", r"new_tlb_gen = inc_mm_tlb_gen\(mm\);",
        "new_tlb_gen = atomic64_read(&mm->context.tlb_gen);"),
    "last-page-left": _switching(
        "range-one-short", r"while \(addr < f->end\)",
        "while (addr + (1UL << f->stride_shift) < f->end)"),
    "slot-not-named": _other(
        "used-behind-switches",
        r"this_cpu_write\(cpu_tlbstate.ctxs\[new_asid\].ctx_id, next->context.ctx_id\);", ""),
    "generation-not-read": _other(
        "used-behind-switches",
        r"next_tlb_gen = atomic64_read\(&next->context.tlb_gen\);(\s*choose)",
        r"next_tlb_gen = 9;\1"),
    "itself-left": _other("alone", r"(local_irq_disable\(\);\s*)flush_tlb_func\(info\);", r"\1"),
}
EDITS["pfn-not-flushed"] = Edit("corpus/zoo/z20.gather", r"tlb->vma_pfn \|\| ", "",
                                files=("include/asm-generic/tlb.h",))


# reserved_ttbr0 was loaded in cpu_switch_mm(), in a header, up to 6.5.
ASID_EDITS = {
    "asids-not-flushed": (
        r"(&tlb_flush_pending\)\)\s*)local_flush_tlb_all\(\);", r"\1;"),
    "flush-not-queued": (r"cpumask_setall\(&tlb_flush_pending\);", ""),
    "flush-queued-here": (
        r"cpumask_setall\(&tlb_flush_pending\);",
        "cpumask_set_cpu(smp_processor_id(), &tlb_flush_pending);"),
    "active-not-marked": (r"atomic64_set\(this_cpu_ptr\(&active_asids\), asid\);", ""),
    "reserved-forgotten": (r"if \(asid == 0\)\s*asid = per_cpu\(reserved_asids, i\);", ""),
    "reserved-once": (
        r"per_cpu\(reserved_asids, cpu\) = newasid;",
        "per_cpu(reserved_asids, cpu) = newasid; break;"),
    "zero-swapped": (r"old_active_asid && (asid_gen_match\(asid\) &&)", r"\1"),
    "active-stored": (
        r"atomic64_cmpxchg_relaxed\(this_cpu_ptr\(&active_asids\),\s*old_active_asid, asid\)",
        "(atomic64_set(this_cpu_ptr(&active_asids), asid), true)"),
    "generation-not-matched": (
        r"old_active_asid && asid_gen_match\(asid\) &&", "old_active_asid && asid &&"),
    "asid-looked-once": (
        r"(raw_spin_lock_irqsave\(&cpu_asid_lock, flags\);\s*/\*[^/]*\*/\s*)"
        r"asid = atomic64_read\(&mm->context.id\);", r"\1"),
    "root-before-asid": (
        r"(write_sysreg\(ttbr1, ttbr1_el1\);)(\s*(?:isb\(\);\s*)?)"
        r"(write_sysreg\(ttbr0, ttbr0_el1\);)", r"\3\2\1"),
    "root-not-reserved": (r"cpu_set_reserved_ttbr0(?:_nosync)?\(\);(\s*(?:write|cpu_do))", r"\1"),
}
EDITS |= {
    name: Edit(f"corpus/switching/{name}.gather", pattern, to, "arm64", (CONTEXT, MMU_CONTEXT_H))
    for name, (pattern, to) in ASID_EDITS.items()}

EDITS |= {
    "unshared-not-flushed": Edit(
        "corpus/zoo/z25b.gather",
        r"if \(tlb->unshared_tables\)\s*tlb_flush_mmu_tlbonly\(tlb\);", "", "x86",
        ("include/asm-generic/tlb.h",)),
    "unshared-not-noted": Edit(
        "corpus/zoo/z27.gather", r"tlb->unshared_tables = true;", "", "arm64",
        ("include/asm-generic/tlb.h",)),
    "unshared-like-leaves": Edit(
        "corpus/zoo/z27.gather", r"tlb->freed_tables \|\| tlb->unshared_tables",
        "tlb->freed_tables", "arm64", ("arch/arm64/include/asm/tlb.h",))}


def edited(text, edit):
    return re.sub(edit.pattern, edit.to, text, count=1)
