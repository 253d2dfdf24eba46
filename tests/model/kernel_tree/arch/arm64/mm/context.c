// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Of a tree for tests: ASIDs are handed out under a lock, each switch. Where none is free a new
// generation begins, in which those of mms that run are taken.
#include <linux/bitops.h>
#include <linux/mm.h>

#include <asm/mmu_context.h>
#include <asm/tlbflush.h>

static u32 asid_bits;
static DEFINE_RAW_SPINLOCK(cpu_asid_lock);
static atomic64_t asid_generation;
static unsigned long *asid_map, *pinned_asid_map;
static DEFINE_PER_CPU(atomic64_t, active_asids);
static DEFINE_PER_CPU(u64, reserved_asids);
static cpumask_t tlb_flush_pending;

#define ASID_FIRST_VERSION (1UL << 16)
#define NUM_USER_ASIDS (1UL << asid_bits)
#define NUMBER(id) ((id) & (ASID_FIRST_VERSION - 1))

// The mm that runs on a CPU keeps its ASID.
static void begin_generation(void) {
  int cpu;

  atomic64_add_return_relaxed(ASID_FIRST_VERSION, &asid_generation);
  bitmap_copy(asid_map, pinned_asid_map, NUM_USER_ASIDS);
  for_each_possible_cpu(cpu) {
    u64 id = atomic64_xchg_relaxed(&per_cpu(active_asids, cpu), 0);
    if (id == 0) id = per_cpu(reserved_asids, cpu);
    per_cpu(reserved_asids, cpu) = id;
    __set_bit(NUMBER(id), asid_map);
  }
  cpumask_setall(&tlb_flush_pending);
}

static bool is_reserved(u64 id, u64 renewed) {
  bool hit = false;
  int cpu;

  for_each_possible_cpu(cpu) {
    if (per_cpu(reserved_asids, cpu) != id) continue;
    per_cpu(reserved_asids, cpu) = renewed;
    hit = true;
  }
  return hit;
}

static u64 hand_out(struct mm_struct* mm) {
  static u32 cur_idx = 1;
  u64 id = atomic64_read(&mm->context.id);
  u64 renewed = atomic64_read(&asid_generation) | NUMBER(id);
  unsigned long number;

  if (id != 0 && is_reserved(id, renewed)) return renewed;
  number = find_next_zero_bit(asid_map, NUM_USER_ASIDS, cur_idx);
  if (number == NUM_USER_ASIDS) {
    begin_generation();
    number = find_next_zero_bit(asid_map, NUM_USER_ASIDS, 1);
  }
  __set_bit(number, asid_map);
  cur_idx = number;
  return atomic64_read(&asid_generation) | number;
}

void check_and_switch_context(struct mm_struct* mm) {
  unsigned long flags;
  u64 id;

  raw_spin_lock_irqsave(&cpu_asid_lock, flags);
  id = atomic64_read(&mm->context.id);
  if (id - NUMBER(id) != atomic64_read(&asid_generation)) {
    id = hand_out(mm);
    atomic64_set(&mm->context.id, id);
  }
  if (cpumask_test_and_clear_cpu(smp_processor_id(), &tlb_flush_pending)) local_flush_tlb_all();
  atomic64_set(this_cpu_ptr(&active_asids), id);
  raw_spin_unlock_irqrestore(&cpu_asid_lock, flags);

  cpu_set_reserved_ttbr0();
  write_sysreg(ASID(mm) << 48, ttbr1_el1);
  write_sysreg(phys_to_ttbr(virt_to_phys(mm->pgd)), ttbr0_el1);
  isb();
}
