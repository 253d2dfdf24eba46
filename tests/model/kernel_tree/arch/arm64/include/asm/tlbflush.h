/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#define __TLBI_0(op, arg) asm("tlbi " #op)
#define __TLBI_1(op, arg) asm("tlbi " #op ", %0" : : "r"(arg))

static inline void flush_tlb_mm(struct mm_struct* mm) {
  dsb(ishst);
  __TLBI_1(aside1is, ASID(mm) << 48);
  dsb(ish);
}

static inline void flush_pages(struct mm_struct* mm, unsigned long start, unsigned long end) {
  dsb(ishst);
  for (; start < end; start += PAGE_SIZE) __TLBI_1(vae1is, ASID(mm) << 48 | start >> 12);
  dsb(ish);
}

static inline void flush_page_here(struct mm_struct* mm, unsigned long address) {
  dsb(nshst);
  __TLBI_1(vale1, ASID(mm) << 48 | address >> 12);
  dsb(nsh);
}
