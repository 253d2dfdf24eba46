/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#pragma once

#include <asm/tlbflush.h>
#include <linux/mm_types.h>

struct mmu_gather {
  struct mm_struct* mm;
  unsigned long start, end;
  unsigned int fullmm : 1, need_flush_all : 1, freed_tables : 1;
  unsigned int cleared_ptes : 1, cleared_pmds : 1, cleared_puds : 1, vma_pfn : 1;
  unsigned int unshared_tables : 1, fully_unshared_tables : 1;
  struct {
    unsigned int nr, max;
  } local;
  unsigned int table_count;
  struct page* pages[8];
  struct page* tables[20];
};

void tlb_gather_mmu(struct mmu_gather* tlb, struct mm_struct* mm);
void tlb_finish_mmu(struct mmu_gather* tlb);
void tlb_flush_mmu(struct mmu_gather* tlb);
void tlb_flush_mmu_tlbonly(struct mmu_gather* tlb);
void tlb_remove_table(struct mmu_gather* tlb, void* table);
bool __tlb_remove_page_size(struct mmu_gather* tlb, struct page* page, bool delay, int size);

static inline void record(struct mmu_gather* tlb, unsigned long address, unsigned long size) {
  if (address < tlb->start) tlb->start = address;
  if (address + size > tlb->end) tlb->end = address + size;
}

#define tlb_start_vma(tlb, vma) \
  ((tlb)->vma_pfn |= ((vma)->vm_flags & (VM_PFNMAP | VM_MIXEDMAP)) != 0)
static inline void tlb_free_vmas(struct mmu_gather* tlb) {
  if (tlb->vma_pfn) tlb_flush_mmu_tlbonly(tlb);
}
#ifdef CONFIG_MMU_GATHER_MERGE_VMAS
#define tlb_end_vma(tlb, vma) ((void)(vma))
#else
#define tlb_end_vma(tlb, vma) tlb_flush_mmu_tlbonly(tlb)
#endif
#define tlb_change_page_size(tlb, size) ((void)(size))
#define tlb_remove_tlb_entry(tlb, entry, address) \
  (record(tlb, address, PAGE_SIZE), (tlb)->cleared_ptes = 1)
#define tlb_remove_pmd_tlb_entry(tlb, entry, address) \
  (record(tlb, address, PMD_SIZE), (tlb)->cleared_pmds = 1)
#define pte_free_tlb(tlb, table, address)                                          \
  (record(tlb, address, PAGE_SIZE), (tlb)->cleared_pmds = (tlb)->freed_tables = 1, \
   tlb_remove_table(tlb, table))
#define pmd_free_tlb(tlb, table, address)                                          \
  (record(tlb, address, PAGE_SIZE), (tlb)->cleared_puds = (tlb)->freed_tables = 1, \
   tlb_remove_table(tlb, virt_to_page(table)))

#ifdef CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING
void wait_for_walkers(void);

static inline void tlb_unshare_pmd_ptdesc(struct mmu_gather* tlb, struct ptdesc* table,
                                          unsigned long address) {
  ptdesc_pmd_pts_dec(table);
  record(tlb, address, PUD_SIZE);
  tlb->cleared_pmds = tlb->unshared_tables = 1;
  if (!ptdesc_pmd_is_shared(table)) tlb->fully_unshared_tables = 1;
}

static inline void tlb_flush_unshared_tables(struct mmu_gather* tlb) {
  if (tlb->unshared_tables) tlb_flush_mmu_tlbonly(tlb);
  if (tlb->fully_unshared_tables) wait_for_walkers();
  tlb->fully_unshared_tables = 0;
}
#endif
