/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once
#include <asm/sbi.h>
#include <asm/tlb.h>

static inline void free_table(struct mmu_gather* tlb, void* table) {
  tlb_remove_table(tlb, table); /* tlb_remove_ptdesc() */
}
