/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#include <asm/pgalloc.h>
#include <asm/tlb.h>
#include <linux/mm_inline.h>
#include <linux/swap.h>

static void reset(struct mmu_gather* tlb) {
  tlb->start = ~0ul;
  tlb->end = 0;
  tlb->fullmm = tlb->need_flush_all = tlb->freed_tables = 0;
  tlb->cleared_ptes = tlb->cleared_pmds = tlb->cleared_puds = tlb->unshared_tables = 0;
}

static void nothing(void* unused) {}
void wait_for_walkers(void) { smp_call_function(nothing, NULL, 1); }

void tlb_gather_mmu(struct mmu_gather* tlb, struct mm_struct* mm) {
  tlb->mm = mm;
  tlb->vma_pfn = 0;
  tlb->local.nr = tlb->table_count = 0;
  tlb->fully_unshared_tables = 0;
  tlb->local.max = ARRAY_SIZE(tlb->pages);
  reset(tlb);
  inc_tlb_flush_pending(mm);
}

bool __tlb_remove_page_size(struct mmu_gather* tlb, struct page* page, bool delay, int size) {
  tlb->pages[tlb->local.nr++] = page;
  return tlb->local.nr >= tlb->local.max;
}

void tlb_remove_table(struct mmu_gather* tlb, void* table) {
  BUG_ON(tlb->table_count == ARRAY_SIZE(tlb->tables));
  tlb->tables[tlb->table_count++] = table;
}

void tlb_flush_mmu_tlbonly(struct mmu_gather* tlb) {
  if (!tlb->fullmm && tlb->end == 0) return;
  tlb_flush(tlb);
  reset(tlb);
}

void tlb_flush_mmu(struct mmu_gather* tlb) {
  tlb_flush_mmu_tlbonly(tlb);
  if (tlb->table_count != 0) synchronize_rcu();
  for (unsigned int i = 0; i < tlb->table_count; ++i) free_page_and_swap_cache(tlb->tables[i]);
  free_pages_and_swap_cache(tlb->pages, tlb->local.nr);
  tlb->local.nr = tlb->table_count = 0;
}

void tlb_finish_mmu(struct mmu_gather* tlb) {
  if (mm_tlb_flush_nested(tlb->mm)) tlb->fullmm = 1;
  tlb_flush_mmu(tlb);
  dec_tlb_flush_pending(tlb->mm);
}
