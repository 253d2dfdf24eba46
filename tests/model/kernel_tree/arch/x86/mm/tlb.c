// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// No kernel's: the least that a CPU side can be. Written for the tests.
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <linux/smp.h>

unsigned long tlb_single_page_flush_ceiling = 33;
DEFINE_PER_CPU(struct tlb_state_shared, cpu_tlbstate_shared);
static DEFINE_PER_CPU(struct flush_tlb_info, flush_tlb_info);

void switch_mm_irqs_off(struct mm_struct* prev, struct mm_struct* next, struct task_struct* task) {
  const bool was_lazy = this_cpu_read(cpu_tlbstate_shared.is_lazy);
  prev = this_cpu_read(cpu_tlbstate.loaded_mm);
  WARN_ON(!irqs_disabled());
  if (was_lazy) this_cpu_write(cpu_tlbstate_shared.is_lazy, false);
  if (prev == next && !was_lazy) return;
  this_cpu_write(cpu_tlbstate.loaded_mm, LOADED_MM_SWITCHING);
  if (prev != &init_mm) cpumask_clear_cpu(smp_processor_id(), mm_cpumask(prev));
  if (next != &init_mm) cpumask_set_cpu(smp_processor_id(), mm_cpumask(next));
  this_cpu_write(cpu_tlbstate.ctxs[0].ctx_id, next->context.ctx_id);
  this_cpu_write(cpu_tlbstate.ctxs[0].tlb_gen, atomic64_read(&next->context.tlb_gen));
  write_cr3(__sme_pa(next->pgd) | 1);
  this_cpu_write(cpu_tlbstate.loaded_mm, next);
}

void enter_lazy_tlb(struct mm_struct* mm, struct task_struct* task) {
  if (this_cpu_read(cpu_tlbstate.loaded_mm) == &init_mm) return;
  this_cpu_write(cpu_tlbstate_shared.is_lazy, true);
}

void leave_mm(void) {
  if (this_cpu_read(cpu_tlbstate.loaded_mm) != &init_mm) switch_mm_irqs_off(0, &init_mm, 0);
}

static void flush_tlb_func(void* info) {
  const struct flush_tlb_info* f = info;
  struct mm_struct* mm = this_cpu_read(cpu_tlbstate.loaded_mm);
  if (f->mm && f->mm != mm) return;
  if (this_cpu_read(cpu_tlbstate_shared.is_lazy)) return switch_mm_irqs_off(0, &init_mm, 0);
  this_cpu_write(cpu_tlbstate.ctxs[0].tlb_gen, atomic64_read(&mm->context.tlb_gen));
  native_write_cr3(__native_read_cr3());
}

static bool should_flush_tlb(int cpu, void* info) {
  struct mm_struct* mm = per_cpu(cpu_tlbstate.loaded_mm, cpu);
  if (per_cpu(cpu_tlbstate_shared.is_lazy, cpu)) return false;
  return mm == LOADED_MM_SWITCHING || mm == ((struct flush_tlb_info*)info)->mm;
}

static void tell(struct cpumask* mask, struct flush_tlb_info* info) {
  if (info->freed_tables || !info->mm) {
    on_each_cpu_mask(mask, flush_tlb_func, info, true);
  } else {
    on_each_cpu_cond_mask(should_flush_tlb, flush_tlb_func, info, true, mask);
  }
}

void flush_tlb_mm_range(struct mm_struct* mm, unsigned long start, unsigned long end,
                        unsigned int stride_shift, bool freed_tables) {
  struct flush_tlb_info* info = this_cpu_ptr(&flush_tlb_info);
  info->new_tlb_gen = atomic64_inc_return(&mm->context.tlb_gen);
  info->mm = mm;
  info->start = 0;
  info->end = TLB_FLUSH_ALL;
  info->stride_shift = stride_shift;
  info->freed_tables = freed_tables;
  info->initiating_cpu = smp_processor_id();
  tell(mm_cpumask(mm), info);
}

void arch_tlbbatch_flush(struct arch_tlbflush_unmap_batch* batch) {
  struct flush_tlb_info* info = this_cpu_ptr(&flush_tlb_info);
  __builtin_memset(info, 0, sizeof *info);
  info->end = TLB_FLUSH_ALL;
  tell(&batch->cpumask, info);
  cpumask_clear(&batch->cpumask);
}
