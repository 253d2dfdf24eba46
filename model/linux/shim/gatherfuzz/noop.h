/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * No-op: what the model has no use for. Caches other than TLBs, other TLBs (IOMMU, KVM), accounting
 * of page tables, rmap (memory is anonymous), preemption, poisoning of freed pages; barriers of the
 * compiler, and of instructions.
 */
#ifndef GATHERFUZZ_SHIM_NOOP_H_
#define GATHERFUZZ_SHIM_NOOP_H_

#define flush_cache_range(vma, start, end) ((void)0)
#define cond_resched() ((void)0)
#define guard(kind) gf_guard_##kind /* of preemption only; there are no locks */
static inline void gf_guard_preempt(void) {}
#define cpu_relax() ((void)0) /* what a busy wait looks at is a step of its own */
#define might_sleep() ((void)0)
#define kmsan_unpoison_memory(address, size) ((void)0)
#define mmu_notifier_invalidate_range(mm, start, end) ((void)0)
#define mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end) ((void)0)
#define page_remove_rmap(page, vma, compound) ((void)0)
#define folio_remove_rmap_ptes(folio, page, count, vma) ((void)0)
#define page_poisoning_enabled_static() false
#define want_init_on_free() false
#define pgtable_pte_page_dtor(page) ((void)0)
#define pgtable_pmd_page_dtor(page) ((void)0)
#define pagetable_pte_dtor(table) ((void)0)
#define pagetable_pmd_dtor(table) ((void)0)
#define pagetable_pud_dtor(table) ((void)0)
#define pagetable_dtor(table) ((void)0)
#define isb() ((void)0)
#define barrier() ((void)0)

#endif
