/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* One number of an address space on each CPU, and a flush at every switch. */
#ifndef KERNEL_TREE_TLBFLUSH_H
#define KERNEL_TREE_TLBFLUSH_H

#define TLB_FLUSH_ALL (~0ul)
#define TLB_NR_DYN_ASIDS 6
#define LOADED_MM_SWITCHING ((struct mm_struct*)1ul)

struct tlb_state {
  struct mm_struct* loaded_mm;
  u16 loaded_mm_asid, next_asid;
  struct {
    u64 ctx_id, tlb_gen;
  } ctxs[TLB_NR_DYN_ASIDS];
};
struct tlb_state_shared {
  bool is_lazy;
};
DECLARE_PER_CPU(struct tlb_state, cpu_tlbstate);
DECLARE_PER_CPU(struct tlb_state_shared, cpu_tlbstate_shared);

struct flush_tlb_info {
  struct mm_struct* mm;
  unsigned long start, end;
  u64 new_tlb_gen;
  unsigned int initiating_cpu;
  u8 stride_shift, freed_tables;
};

static inline void arch_tlbbatch_add_pending(struct arch_tlbflush_unmap_batch* batch,
                                             struct mm_struct* mm, unsigned long address) {
  atomic64_inc_return(&mm->context.tlb_gen);
  cpumask_or(&batch->cpumask, &batch->cpumask, mm_cpumask(mm));
}

#endif
