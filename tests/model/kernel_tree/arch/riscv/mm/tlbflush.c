/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#include <asm/mmu_context.h>
#include <asm/sbi.h>
#include <linux/smp.h>

unsigned long tlb_flush_all_threshold __read_mostly = 64;

struct fence {
  unsigned long start, end, asid;
};

// clang-format off
static inline void fence_asid(unsigned long asid) {
  __asm__ __volatile__ ("sfence.vma x0, %0"
      :
      : "r" (asid)
      : "memory");
}
// clang-format on

static inline void fence_page_asid(unsigned long address, unsigned long asid) {
  __asm__ __volatile__("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory");
}

static void fence_here(void* info) {
  const struct fence* fence = info;
  if ((fence->end - fence->start) / PAGE_SIZE > tlb_flush_all_threshold)
    return fence_asid(fence->asid);
  for (unsigned long at = fence->start; at < fence->end; at += PAGE_SIZE)
    fence_page_asid(at, fence->asid);
}

void flush_pages(struct mm_struct* mm, unsigned long start, unsigned long end) {
  struct fence fence = {start, end, cntx2asid(atomic_long_read(&mm->context.id))};
  const struct cpumask* cpus = mm_cpumask(mm);
  const unsigned int here = get_cpu();

  if (cpumask_any_but(cpus, here) >= nr_cpu_ids)
    fence_here(&fence);
  else if (riscv_use_sbi_for_rfence())
    sbi_remote_sfence_vma_asid(cpus, start, end - start, fence.asid);
  else
    on_each_cpu_mask(cpus, fence_here, &fence, 1);
  put_cpu();
}

void flush_tlb_mm(struct mm_struct* mm) { flush_pages(mm, 0, ~0ul); }
