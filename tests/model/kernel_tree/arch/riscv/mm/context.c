// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: ASIDs are handed out under a lock, each switch. Where none is free a new
// generation begins, in which those of mms that run are taken. One register has root and ASID.
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include <asm/mmu_context.h>
#include <asm/tlbflush.h>

static unsigned long num_asids;
static DEFINE_RAW_SPINLOCK(context_lock);
static atomic_long_t current_version;
static unsigned long* context_asid_map;
static DEFINE_PER_CPU(atomic_long_t, active_context);
static DEFINE_PER_CPU(unsigned long, reserved_context);
static cpumask_t context_tlb_flush_pending;

// The mm that runs on a CPU keeps its ASID.
static void begin_generation(void) {
  int cpu;

  atomic_long_add_return_relaxed(BIT(SATP_ASID_BITS), &current_version);
  bitmap_zero(context_asid_map, num_asids);
  for_each_possible_cpu(cpu) {
    unsigned long id = atomic_long_xchg_relaxed(&per_cpu(active_context, cpu), 0);
    if (id == 0) id = per_cpu(reserved_context, cpu);
    per_cpu(reserved_context, cpu) = id;
    __set_bit(cntx2asid(id), context_asid_map);
  }
  cpumask_setall(&context_tlb_flush_pending);
}

static bool is_reserved(unsigned long id, unsigned long renewed) {
  bool hit = false;
  int cpu;

  for_each_possible_cpu(cpu) {
    if (per_cpu(reserved_context, cpu) != id) continue;
    per_cpu(reserved_context, cpu) = renewed;
    hit = true;
  }
  return hit;
}

static unsigned long hand_out(struct mm_struct* mm) {
  static u32 cur_idx = 1;
  unsigned long id = atomic_long_read(&mm->context.id);
  unsigned long renewed = atomic_long_read(&current_version) | cntx2asid(id);
  unsigned long number;

  if (id != 0 && is_reserved(id, renewed)) return renewed;
  number = find_next_zero_bit(context_asid_map, num_asids, cur_idx);
  if (number == num_asids) {
    begin_generation();
    number = find_next_zero_bit(context_asid_map, num_asids, 1);
  }
  __set_bit(number, context_asid_map);
  cur_idx = number;
  return atomic_long_read(&current_version) | number;
}

void switch_mm(struct mm_struct* prev, struct mm_struct* next, struct task_struct* task) {
  unsigned int cpu = smp_processor_id();
  unsigned long flags, id;
  bool drops;

  if (prev == next) return;
  cpumask_set_cpu(cpu, mm_cpumask(next));
  raw_spin_lock_irqsave(&context_lock, flags);
  id = atomic_long_read(&next->context.id);
  if (id - cntx2asid(id) != atomic_long_read(&current_version)) {
    id = hand_out(next);
    atomic_long_set(&next->context.id, id);
  }
  drops = cpumask_test_and_clear_cpu(cpu, &context_tlb_flush_pending);
  atomic_long_set(&per_cpu(active_context, cpu), id);
  raw_spin_unlock_irqrestore(&context_lock, flags);

  csr_write(CSR_SATP, virt_to_pfn(next->pgd) | cntx2asid(id) << SATP_ASID_SHIFT | satp_mode);
  if (drops) local_flush_tlb_all();
}
