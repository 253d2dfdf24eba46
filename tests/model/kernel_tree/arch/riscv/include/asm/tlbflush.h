/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once
#include <asm/smp.h>
#include <linux/mm_types.h>

void flush_tlb_mm(struct mm_struct* mm);
void flush_pages(struct mm_struct* mm, unsigned long start, unsigned long end);

static inline void fence_all(void) { __asm__ __volatile__("sfence.vma" : : : "memory"); }

static inline void fence_page(unsigned long address) {
  ALT_FLUSH_TLB_PAGE(__asm__ __volatile__("sfence.vma %0" : : "r"(address) : "memory"));
}
