/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once
#include <asm-generic/tlb.h>

static inline void tlb_flush(struct mmu_gather* tlb) {
  unsigned int shift = tlb->cleared_ptes ? PAGE_SHIFT : tlb->cleared_pmds ? PMD_SHIFT : PUD_SHIFT;
  bool all = tlb->fullmm || tlb->need_flush_all;
  flush_tlb_mm_range(tlb->mm, all ? 0 : tlb->start, all ? TLB_FLUSH_ALL : tlb->end, shift,
                     tlb->freed_tables);
}
