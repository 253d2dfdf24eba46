/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once
#include <asm-generic/tlb.h>

static inline void tlb_flush(struct mmu_gather* tlb) {
  if (tlb->fullmm || tlb->freed_tables)
    flush_tlb_mm(tlb->mm);
  else
    flush_pages(tlb->mm, tlb->start, tlb->end);
}
