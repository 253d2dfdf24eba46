/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * riscv: what its asm/tlb.h, asm/tlbflush.h, asm/pgalloc.h and mm/tlbflush.c name besides, and what
 * changed.h has of the others. By how far to trust it, as there.
 */
#ifndef GATHERFUZZ_SHIM_RISCV_H_
#define GATHERFUZZ_SHIM_RISCV_H_

/* --- Declared --- */

typedef atomic64_t atomic_long_t;
#define atomic_long_read(v) ((v)->counter)
#define DIV_ROUND_UP(n, size) (((n) + (size) - 1) / (size))
#define __read_mostly
#define P4D_MASK (~(P4D_SIZE - 1))
#define PGDIR_SIZE P4D_SIZE
struct cpumask {
  unsigned long bits[1];
};
struct static_key_false {
  bool enabled;
};
#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name
#define static_branch_unlikely(key) ((key)->enabled)
#define cntx2asid(context) ((unsigned long)(context) & 0xffff)

/* --- No-op: entries of tables are the model's, these are compiled and never called --- */

#define GFP_KERNEL 4u
#define GFP_PGTABLE_KERNEL 4u
#define GFP_PGTABLE_USER 4u
#define USER_PTRS_PER_PGD 2
#define PTRS_PER_PGD 4
#define _PAGE_PFN_SHIFT 10
#define _PAGE_TABLE 1ul
#define __pmd(value) ((pmd_t){value})
#define __pud(value) ((pud_t){value})
#define __p4d(value) ((p4d_t){value})
#define __pgd(value) ((pgd_t){value})
#define set_pmd(at, value) (*(at) = (value))
#define set_pud(at, value) (*(at) = (value))
#define set_p4d(at, value) (*(at) = (value))
#define set_p4d_safe(at, value) (*(at) = (value))
#define set_pgd(at, value) (*(at) = (value))
#define set_pgd_safe(at, value) (*(at) = (value))
#define virt_to_pfn(address) ((unsigned long)(address) >> PAGE_SHIFT)
#define page_address(page) ((void*)(page))
#define pfn_to_page(pfn) ((struct page*)((pfn) << PAGE_SHIFT))
#define get_zeroed_page(flags) __get_free_page(flags)
#define pgtable_l4_enabled true /* tables of the PUD level are gathered, too */
#define pgtable_l5_enabled false
#define memcpy __builtin_memcpy
#define memset __builtin_memset
static struct {
  pgd_t* pgd;
} init_mm;
static inline pud_t* __pud_alloc_one(struct mm_struct* mm, unsigned long address) { return 0; }
static inline pgd_t* __pgd_alloc(struct mm_struct* mm, unsigned int order) { return 0; }
#define has_svnapot() false
#define riscv_has_extension_unlikely(extension) false /* no Svinval (6.19) */
#define SFENCE_W_INVAL() ""
#define SFENCE_INVAL_IR() ""
#define SINVAL_VMA(address, asid) ""

/* --- Changed --- */

/* Tables that are freed past the gather, as in 6.1. */
static inline void pmd_free(struct mm_struct* mm, pmd_t* table) { gf_free(table); }
#define __pud_free(mm, table) gf_free(table)

/* SFENCE.VMA, of this CPU. compile_tree puts the first three where the tree has assembly; the
 * others are alternatives of an erratum. */
#define GF_NO_ASID (~0ul)
#define gf_sfence_vma() gf_sfence_all(GF_NO_ASID)
#define gf_sfence_vma_addr(address) gf_sfence(address, GF_NO_ASID)
#define gf_sfence_vma_asid(asid) gf_sfence_all(asid)
#define gf_sfence_vma_addr_asid(address, asid) gf_sfence(address, asid)
#define ALT_SFENCE_VMA_ASID(asid) gf_sfence_all(asid)
#define ALT_SFENCE_VMA_ADDR(address) gf_sfence(address, GF_NO_ASID)
#define ALT_SFENCE_VMA_ADDR_ASID(address, asid) gf_sfence(address, asid)
#define ALT_FLUSH_TLB_PAGE(fence) fence

/* The CPUs. A task stays on its own, and what it fences there is done when it lets go of it. */
#define nr_cpu_ids 8u
#define smp_processor_id() gf_this_cpu()
#define get_cpu() gf_this_cpu()
#define put_cpu() gf_issue_fences(1ul << gf_this_cpu(), 1)
#define mm_cpumask(mm) ((struct cpumask*)gf_mm_cpumask())
#define cpu_online_mask mm_cpumask(0)
#define num_online_cpus() ((unsigned int)__builtin_popcountl(mm_cpumask(0)->bits[0]))
static inline bool cpumask_empty(const struct cpumask* mask) { return mask->bits[0] == 0; }
static inline unsigned int cpumask_any_but(const struct cpumask* mask, unsigned int cpu) {
  const unsigned long others = mask->bits[0] & ~(1ul << cpu);
  return others != 0 ? (unsigned int)__builtin_ctzl(others) : nr_cpu_ids;
}
static inline void cpumask_or(struct cpumask* to, const struct cpumask* a,
                              const struct cpumask* b) {
  to->bits[0] = a->bits[0] | b->bits[0];
}
static inline void cpumask_clear(struct cpumask* mask) { mask->bits[0] = 0; }

/* Simplified: a function that CPUs are interrupted for only fences, and does the same on each. */
static inline void on_each_cpu_mask(const struct cpumask* mask, void (*call)(void*), void* info,
                                    bool wait) {
  call(info);
  gf_issue_fences(mask->bits[0], wait);
}
#define on_each_cpu(call, info, wait) on_each_cpu_mask(cpu_online_mask, call, info, wait)
#define smp_call_function_many(mask, call, info, wait) on_each_cpu_mask(mask, call, info, wait)

/* The firmware: an SFENCE.VMA of each page in the range, on each CPU of the mask, and waits. Real
 * ones have a threshold, above which all goes. */
static inline int sbi_remote_sfence_vma_asid(const struct cpumask* mask, unsigned long start,
                                             unsigned long size, unsigned long asid) {
  if (mask == 0) mask = cpu_online_mask;
  if (size == ~0ul || (start == 0 && size == 0)) {
    gf_sfence_all(asid);
  } else {
    for (unsigned long at = 0; at < size && at < TASK_SIZE; at += PAGE_SIZE) {
      gf_sfence(start + at, asid);
    }
  }
  gf_issue_fences(mask->bits[0], 1);
  return 0;
}
#define sbi_remote_sfence_vma(mask, start, size) \
  sbi_remote_sfence_vma_asid(mask, start, size, GF_NO_ASID)

/* Whether the firmware does it. In a kernel that also says whether tables wait for RCU. Here they
 * do, and fences are by IPI, so that most of the tree's code runs, unless the configuration has
 * both one way. */
#if defined(CONFIG_GATHERFUZZ_SBI)
#define riscv_use_sbi_for_rfence() true
#elif defined(CONFIG_GATHERFUZZ_IPI)
#define riscv_use_sbi_for_rfence() false
#else
#define riscv_use_sbi_for_rfence() GF_TABLES_OR_FENCES
#define GF_TABLES_OR_FENCES true /* facade.c changes it behind the tables */
#endif

struct arch_tlbflush_unmap_batch {
  struct cpumask cpumask;
};

#define smp_mb() gf_fence(GF_FENCE_full)
#define smp_rmb() gf_fence(GF_FENCE_reads)
#define smp_wmb() gf_fence(GF_FENCE_writes)
#define mb() gf_fence(GF_FENCE_full)
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()

#endif
