/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Changed: what behaves here otherwise than in a kernel, or is done by the model.
 */
#ifndef GATHERFUZZ_ASIDS_CHANGED_H_
#define GATHERFUZZ_ASIDS_CHANGED_H_

/* Assertions end the run. */
#define GF_ASSERT(text, condition)              \
  ({                                            \
    bool gf_hit = !!(condition);                \
    if (unlikely(gf_hit)) gf_asid_failed(text); \
    gf_hit;                                     \
  })
#define BUG_ON(condition) ((void)GF_ASSERT("BUG_ON(" #condition ")", condition))
#define WARN_ON(condition) GF_ASSERT("WARN_ON(" #condition ")", condition)
#define panic(...) gf_asid_failed("panic()")
#define cpu_panic_kernel() gf_asid_failed("cpu_panic_kernel()")
#define pr_warn(...) ((void)0)
#define pr_crit(...) ((void)0)
#define pr_info(...) ((void)0)

/* The mms, of which context.id is loaded from the model; and the CPUs' variables. */
extern struct mm_struct gf_mms[GF_MMS];
#define init_mm (gf_mms[0])
#define DEFINE_PER_CPU(type, name) __typeof__(type) name[GF_CPUS]
#define per_cpu(variable, cpu) ((variable)[cpu])
#define this_cpu_ptr(variable) (&(*(variable))[gf_asid_cpu()])
#define smp_processor_id() gf_asid_cpu()
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < (int)gf_asid_cpus(); ++(cpu))
#define num_possible_cpus() gf_asid_cpus()

/* Of atomic counters (below: which it is) each touch is a step, where others look without the lock
 * or the lock is not held. */
static enum gf_asid_variable gf_variable(const atomic64_t* counter);
static unsigned int gf_cpu_of(const atomic64_t* counter);
#define GF_TOUCH(counter, how) gf_asid_step(gf_variable(counter), how, gf_cpu_of(counter))
static inline long atomic64_read(const atomic64_t* counter) {
  GF_TOUCH(counter, GF_READS);
  return counter->counter;
}
static inline void atomic64_set(atomic64_t* counter, long value) {
  GF_TOUCH(counter, GF_WRITES);
  counter->counter = value;
}
static inline long atomic64_xchg_relaxed(atomic64_t* counter, long value) {
  GF_TOUCH(counter, GF_SWAPS);
  const long old = counter->counter;
  counter->counter = value;
  return old;
}
static inline long atomic64_cmpxchg_relaxed(atomic64_t* counter, long old, long value) {
  GF_TOUCH(counter, GF_SWAPS_IF);
  const long found = counter->counter;
  if (found == old) counter->counter = value;
  return found;
}
static inline long atomic64_add_return_relaxed(long value, atomic64_t* counter) {
  GF_TOUCH(counter, GF_WRITES);
  return counter->counter += value;
}

/* Nobody pins an ASID. */
static inline int refcount_read(const refcount_t* count) { return count->refs; }
static inline void refcount_set(refcount_t* count, int refs) { count->refs = refs; }
static inline bool refcount_inc_not_zero(refcount_t* count) {
  return count->refs != 0 && ++count->refs != 0;
}
static inline bool refcount_dec_and_test(refcount_t* count) { return --count->refs == 0; }

extern unsigned long gf_bitmap[2];
/* Under cpu_asid_lock: no steps. */
struct gf_lock {
  int unused;
};
#define DEFINE_RAW_SPINLOCK(name) struct gf_lock name
#define raw_spin_lock_irqsave(lock, flags) ((void)(lock), (flags) = 0, gf_asid_lock())
#define raw_spin_unlock_irqrestore(lock, flags) ((void)(lock), (void)(flags), gf_asid_unlock())
static inline void __set_bit(unsigned long bit, unsigned long* map) { *map |= BIT(bit); }
static inline void __clear_bit(unsigned long bit, unsigned long* map) { *map &= ~BIT(bit); }
static inline bool __test_and_set_bit(unsigned long bit, unsigned long* map) {
  const bool was = (*map & BIT(bit)) != 0;
  *map |= BIT(bit);
  return was;
}
static inline unsigned long gf_next_zero_bit(const unsigned long* map, unsigned long bits,
                                             unsigned long from) {
  while (from < bits && (*map & BIT(from)) != 0) ++from;
  return from;
}
/* new_context() keeps where it goes on in a static of its own, which it names here: where that is
 * from the model. */
static u32* gf_cur_idx;
static inline unsigned long gf_at_cur_idx(u32* at) {
  gf_cur_idx = at;
  return *at = gf_asid_next();
}
#define GF_FROM_cur_idx gf_at_cur_idx(&cur_idx)
#define GF_FROM_0 0
#define GF_FROM_1 1
#define GF_FROM_2 2
#define find_next_zero_bit(map, bits, from) gf_next_zero_bit(map, bits, GF_FROM_##from)
/* Where all are given back, those that the model does not have stay taken. */
#define bitmap_clear(map, first, bits) ((void)(*(map) = gf_bitmap[1]))
#define bitmap_zero(map, bits) bitmap_clear(map, 0, bits)
#define bitmap_copy(to, from, bits) ((void)(*(to) = *(from)))
#define memset(map, byte, bytes) __builtin_memset(map, byte, bytes)
#define bitmap_zalloc(bits, flags) (&gf_bitmap[0])
static inline void cpumask_setall(struct cpumask* mask) { mask->bits[0] = BIT(gf_asid_cpus()) - 1; }
static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask* mask) {
  mask->bits[0] |= BIT(cpu);
}
static inline bool cpumask_test_and_clear_cpu(unsigned int cpu, struct cpumask* mask) {
  const bool was = (mask->bits[0] & BIT(cpu)) != 0;
  mask->bits[0] &= ~BIT(cpu);
  return was;
}
static inline bool cpumask_test_cpu(unsigned int cpu, const struct cpumask* mask) {
  return (mask->bits[0] & BIT(cpu)) != 0;
}

#define system_uses_ttbr0_pan() false
#define system_supports_poe() false
#define system_capabilities_finalized() false
#define system_supports_gcs() false
#define arm64_apply_bp_hardening() ((void)0)
#define ALTERNATIVE(old, new, cap) ""
#define local_flush_tlb_all() gf_asid_local_flush()
#define isb() ((void)0)

/* Roots stand at addresses that say whose they are: a page for each mm, the first for nobody. */
#define reserved_pg_dir ((pgd_t*)(1ul << GF_PAGE_SHIFT))
#define swapper_pg_dir ((pgd_t*)0)
#define idmap_pg_dir ((pgd_t*)0)
#define __pa_symbol(symbol) ((unsigned long)(symbol))
#define lm_alias(symbol) (symbol)
#define virt_to_phys(address) ((phys_addr_t)(address))
#define phys_to_ttbr(address) (address)
#define read_sysreg(name) gf_read_##name()
#define write_sysreg(value, name) gf_write_##name(value)
#define gf_read_ttbr1_el1() gf_asid_read_ttbr1()
#define gf_write_ttbr1_el1(value) gf_asid_write_ttbr1(value)
#define gf_write_ttbr0_el1(value) gf_asid_write_ttbr0(value)
#define gf_read_tcr_el1() 0ul
#define gf_write_tcr_el1(value) ((void)(value))
#define gf_write_contextidr_el1(value) ((void)(value))

#ifdef GF_ARCH_riscv
#include <gatherfuzz_asids/riscv.h>
#else
#define static_branch_unlikely(key) false
#endif

/* For what is compiled and never called. */
#define current ((struct task_struct*)0)
#define task_thread_info(task) (&(task)->thread_info)
#define task_pid_nr(task) 0
#define is_compat_thread(info) false
#define cpu_possible_mask ((const struct cpumask*)0)
#define system_32bit_el0_cpumask() cpu_possible_mask
#define vma_is_foreign(vma) false
#define gcs_free(task) ((void)(task))
#define vma_pkey(vma) 0
#define por_el0_allows_pkey(pkey, write, execute) true

#endif
