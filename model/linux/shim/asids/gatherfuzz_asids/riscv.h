/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Changed, of riscv: what its mm/context.c and asm/mmu_context.h name besides.
 */
#ifndef GATHERFUZZ_ASIDS_RISCV_H_
#define GATHERFUZZ_ASIDS_RISCV_H_

#define atomic_long_read(counter) atomic64_read(counter)
#define atomic_long_set(counter, value) atomic64_set(counter, value)
#define atomic_long_xchg_relaxed(counter, value) atomic64_xchg_relaxed(counter, value)
#define atomic_long_cmpxchg_relaxed(counter, old, value) \
  atomic64_cmpxchg_relaxed(counter, old, value)
#define atomic_long_add_return_relaxed(value, counter) atomic64_add_return_relaxed(value, counter)
#define lockdep_assert_held(lock) ((void)(lock))

/* The allocator is in use. */
struct gf_key {
  int unused;
};
#define DECLARE_STATIC_KEY_FALSE(name) extern struct gf_key name
#define DEFINE_STATIC_KEY_FALSE(name) extern struct gf_key name
#define static_branch_unlikely(key) true
#define static_branch_enable(key) ((void)0)
#define local_flush_tlb_all_asid(asid) gf_asid_failed("a switch without ASIDs")

/* SATP: the number of the root page, the ASID, the mode. */
#define satp_mode (GF_SATP_MODE << 60)
#define virt_to_pfn(address) ((unsigned long)(address) >> GF_PAGE_SHIFT)
#define CSR_SATP 0
#define csr_write(csr, value) gf_asid_write_satp(value)
#define csr_read(csr) 0ul
#define fls_long(value) 0

/* Each CPU is in mm_cpumask(), and nobody leaves it. */
#define mm_cpumask(mm) (&(mm)->cpus)
#define cpumask_clear_cpu(cpu, mask) gf_asid_leaves_mask()

/* Caches of instructions, membarrier, shadow stacks, pointer masking: nothing. */
#define smp_mb() ((void)0)
#define local_flush_icache_all() ((void)0)
#define switch_to_should_flush_icache(task) false
#define membarrier_arch_switch_mm(prev, next, task) ((void)0)
#define shstk_release(task) ((void)0)
#define clear_bit(bit, word) ((void)(word))

#endif
