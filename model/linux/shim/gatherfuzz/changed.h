/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Changed: what behaves here otherwise than in a kernel, or is done by the model.
 */
#ifndef GATHERFUZZ_SHIM_CHANGED_H_
#define GATHERFUZZ_SHIM_CHANGED_H_

/* Sizes. A page is a page, but tables have four entries: the model's three levels. */
#define PAGE_SHIFT GF_PAGE_SHIFT
#define PMD_SHIFT (PAGE_SHIFT + GF_LEVEL_SHIFT)
#define PUD_SHIFT (PMD_SHIFT + GF_LEVEL_SHIFT)
#define P4D_SHIFT (PUD_SHIFT + GF_LEVEL_SHIFT)
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PMD_SIZE (1ul << PMD_SHIFT)
#define PUD_SIZE (1ul << PUD_SHIFT)
#define P4D_SIZE (1ul << P4D_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PMD_MASK (~(PMD_SIZE - 1))
#define PUD_MASK (~(PUD_SIZE - 1))
#define HPAGE_PMD_SIZE PMD_SIZE
#define HPAGE_PUD_SIZE PUD_SIZE
#define TASK_SIZE ((unsigned long)GF_PAGES << PAGE_SHIFT)
/* arm64 flushes the whole ASID in place of so many strides; the model's number (arm64.cc). */
#define PTRS_PER_PTE 16

/* Assertions end the run. */
#define GF_BUG(text, condition)         \
  ({                                    \
    bool gf_hit = !!(condition);        \
    if (unlikely(gf_hit)) gf_bug(text); \
    gf_hit;                             \
  })
#define BUG() gf_bug("BUG()")
#define BUG_ON(condition) ((void)GF_BUG("BUG_ON(" #condition ")", condition))
#define VM_BUG_ON(condition) ((void)GF_BUG("VM_BUG_ON(" #condition ")", condition))
#define VM_BUG_ON_PAGE(condition, page) ((void)GF_BUG("VM_BUG_ON_PAGE(" #condition ")", condition))
#define WARN_ON(condition) GF_BUG("WARN_ON(" #condition ")", condition)
#define WARN_ON_ONCE(condition) GF_BUG("WARN_ON_ONCE(" #condition ")", condition)
#define VM_WARN_ON(condition) ((void)GF_BUG("VM_WARN_ON(" #condition ")", condition))
#define VM_WARN_ON_ONCE(condition) ((void)GF_BUG("VM_WARN_ON_ONCE(" #condition ")", condition))

/* tlb_flush_pending is the model's; any other counter is a plain number. What an access orders is
 * what its name says; on x86 every update is a full barrier. Of updates that return a value there
 * is what orders, and not the value: code that uses it does not compile. */
#if defined(GF_ARCH_x86)
#define GF_UPDATE(order) GF_full
#else
#define GF_UPDATE(order) order
#endif
extern struct mm_struct gf_mm;
static inline bool gf_is_count(const volatile void* counter) {
  return counter == &gf_mm.tlb_flush_pending;
}
#define GF_READ(x, order)                                                       \
  ({                                                                            \
    int gf_count;                                                               \
    const volatile void* gf_at = &(x);                                          \
    if (gf_is_count(gf_at)) gf_count = gf_count_read(order), gf_at = &gf_count; \
    *(const volatile __typeof__(x)*)gf_at;                                      \
  })
#define READ_ONCE(x) GF_READ(x, GF_relaxed)
#define smp_load_acquire(p) GF_READ(*(p), GF_acquire)
static inline int atomic_read(const atomic_t* v) { return GF_READ(v->counter, GF_relaxed); }
static inline int atomic_read_acquire(const atomic_t* v) { return GF_READ(v->counter, GF_acquire); }
static inline void gf_inc(atomic_t* counter, enum gf_order order) {
  if (gf_is_count(counter)) return gf_count_inc(order);
  ++counter->counter;
}
static inline void gf_dec(atomic_t* counter, enum gf_order order) {
  if (gf_is_count(counter)) return gf_count_dec(order);
  --counter->counter;
}
#define atomic_inc(v) gf_inc(v, GF_UPDATE(GF_relaxed))
#define atomic_dec(v) gf_dec(v, GF_UPDATE(GF_relaxed))
#define atomic_inc_return_relaxed(v) gf_inc(v, GF_UPDATE(GF_relaxed))
#define atomic_inc_return_acquire(v) gf_inc(v, GF_UPDATE(GF_acquire))
#define atomic_inc_return_release(v) gf_inc(v, GF_UPDATE(GF_release))
#define atomic_inc_return(v) gf_inc(v, GF_full)
#define atomic_dec_return_relaxed(v) gf_dec(v, GF_UPDATE(GF_relaxed))
#define atomic_dec_return_acquire(v) gf_dec(v, GF_UPDATE(GF_acquire))
#define atomic_dec_return_release(v) gf_dec(v, GF_UPDATE(GF_release))
#define atomic_dec_return(v) gf_dec(v, GF_full)
#define atomic_fetch_inc_relaxed(v) atomic_inc_return_relaxed(v)
#define atomic_fetch_inc_acquire(v) atomic_inc_return_acquire(v)
#define atomic_fetch_inc_release(v) atomic_inc_return_release(v)
#define atomic_fetch_inc(v) atomic_inc_return(v)
#define atomic_fetch_dec_relaxed(v) atomic_dec_return_relaxed(v)
#define atomic_fetch_dec_acquire(v) atomic_dec_return_acquire(v)
#define atomic_fetch_dec_release(v) atomic_dec_return_release(v)
#define atomic_fetch_dec(v) atomic_dec_return(v)
static inline void atomic_set(atomic_t* counter, int value) {
  if (gf_is_count(counter)) return gf_bug("tlb_flush_pending is set while the mm is in use");
  counter->counter = value;
}

/* Memory for batches: the schedule says whether there is any. */
static inline unsigned long __get_free_pages(gfp_t flags, unsigned int order) {
  return order == 0 ? gf_alloc_batch() : 0;
}
#define __get_free_page(flags) __get_free_pages(flags, 0)
static inline void free_pages(unsigned long address, unsigned int order) { gf_free_batch(address); }
#define free_page(address) free_pages(address, 0)

/* The callback runs at once, and what it frees goes to a queue: it is freed, by the step rcu_free,
 * when the grace period is over. Where the schedule does not say `rcu`, the step free_table frees
 * it here, when CPUs in the middle of a switch, whose interrupts are off, have gone on: the
 * earliest it can be, and the worst for whoever did not flush before. */
static inline void call_rcu(struct rcu_head* head, void (*func)(struct rcu_head* head)) {
  gf_call_rcu_begin();
  func(head);
  gf_call_rcu_end();
}
static inline void synchronize_rcu(void) { gf_synchronize_rcu(); }
/* An IPI that does nothing, and is waited for: such CPUs take it when their interrupts are on. */
static inline void smp_call_function(void (*call)(void*), void* info, int wait) {
  if (wait) gf_grace_period();
}

/* Pages and tables stand in two arrays, by frame. */
extern struct page gf_pages[GF_FRAMES];
extern struct ptdesc gf_tables[GF_FRAMES];
static inline void gf_free(const void* what) {
  if (what >= (void*)gf_pages && what < (void*)(gf_pages + GF_FRAMES))
    return gf_free_page((unsigned int)((struct page*)what - gf_pages));
  if (what >= (void*)gf_tables && what < (void*)(gf_tables + GF_FRAMES))
    return gf_free_table((unsigned int)((struct ptdesc*)what - gf_tables));
  gf_free_unknown();
}
static inline void free_page_and_swap_cache(struct page* page) { gf_free(page); }
/* Of a page table: its accounting, and then the page (since 6.14). */
static inline void pagetable_dtor_free(struct ptdesc* table) { gf_free(table); }
/* Pages, before 6.2, or encoded pages. */
static inline void free_pages_and_swap_cache(void* pages, int count) {
  struct encoded_page** entries = pages;
  for (int i = 0; i < count; ++i) {
    gf_free(encoded_page_ptr(entries[i]));
    if (encoded_page_flags(entries[i]) & ENCODED_PAGE_BIT_NR_PAGES_NEXT) ++i;
  }
}

/* Huge pages of hugetlb do not exist; these are for what is compiled and never called. */
static inline struct hstate* hstate_vma(struct vm_area_struct* vma) { return 0; }
static inline unsigned long huge_page_size(const struct hstate* state) { return PMD_SIZE; }
static inline bool ptdesc_pmd_is_shared(struct ptdesc* table) {
  return table->pt_share_count.counter > 0;
}
static inline void ptdesc_pmd_pts_dec(struct ptdesc* table) { --table->pt_share_count.counter; }

#if defined(GF_ARCH_x86)

/* Loads are in order, and stores; an update is a barrier without more. */
#define smp_mb() gf_fence(GF_FENCE_full)
#define mb() gf_fence(GF_FENCE_full)
#define smp_rmb() ((void)0)
#define smp_wmb() ((void)0)
#define rmb() ((void)0)
#define wmb() ((void)0)
#define smp_mb__before_atomic() ((void)0)
#define smp_mb__after_atomic() ((void)0)

/* Where CPUs switch, the tree's mm/tlb.c (../../cpu.c) does it. Else every CPU runs the mm, and it
 * is the model's: what that does with its arguments is in model/arch/x86.cc. */
static inline void flush_tlb_mm_range(struct mm_struct* mm, unsigned long start, unsigned long end,
                                      unsigned int stride_shift, bool freed_tables) {
  gf_flush_range(start, end, stride_shift, freed_tables);
}
/* arch/x86/mm/pgtable.c: without paravirt calls and accounting, these are all that is left. */
#define __pte_free_tlb(tlb, pte, address) tlb_remove_table(tlb, pte)
#define __pmd_free_tlb(tlb, pmd, address) tlb_remove_table(tlb, virt_to_page(pmd))
#define __pud_free_tlb(tlb, pud, address) tlb_remove_table(tlb, virt_to_page(pud))

#elif defined(GF_ARCH_arm64)

#define smp_mb() gf_fence(GF_FENCE_full)
#define smp_rmb() gf_fence(GF_FENCE_reads)
#define smp_wmb() gf_fence(GF_FENCE_writes)
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
enum { GF_DMB_ish = GF_FENCE_full, GF_DMB_ishld = GF_FENCE_reads, GF_DMB_ishst = GF_FENCE_writes };
#define dmb(kind) gf_fence(GF_DMB_##kind)
#define mb() gf_dsb(GF_DSB_sy)
#define dsb(kind) gf_dsb(GF_DSB_##kind)
/* An operation by range is undefined on a CPU that has none. */
static inline void gf_tlbi_if_any(enum gf_tlbi_op op, unsigned long operand) {
#ifndef CONFIG_ARM64_TLB_RANGE
  if (GF_TLBI_rvale1 <= op && op <= GF_TLBI_ripas2e1is)
    return gf_bug("a TLBI by range, on a CPU that has none");
#endif
  gf_tlbi(op, operand);
}
#define gf_tlbi(op, operand) gf_tlbi_if_any(op, operand)
/* The CPU: level hints; range operations if CONFIG_ARM64_TLB_RANGE; no workarounds, no KPTI. */
enum { ARM64_HAS_ARMv8_4_TTL = 1, ARM64_WORKAROUND_REPEAT_TLBI, ARM64_HAS_TLB_RANGE };
#define alternative_has_cap_unlikely(cap) ((cap) == ARM64_HAS_ARMv8_4_TTL)
#define alternative_has_cap_likely(cap) alternative_has_cap_unlikely(cap)
#define alternative_has_feature_unlikely(cap) alternative_has_cap_unlikely(cap)
#define cpus_have_const_cap(cap) alternative_has_cap_unlikely(cap)
#define cpus_have_final_cap(cap) alternative_has_cap_unlikely(cap)
#define system_supports_tlb_range() IS_ENABLED(CONFIG_ARM64_TLB_RANGE)
#define arm64_kernel_unmapped_at_el0() false
#define lpa2_is_enabled() false
#define kvm_lpa2_is_enabled() false
#define pgtable_l4_enabled() true
#define pgtable_l5_enabled() false

#elif defined(GF_ARCH_riscv)

#include <gatherfuzz/riscv.h>

#endif

#endif
