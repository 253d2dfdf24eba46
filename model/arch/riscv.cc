// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// riscv: SFENCE.VMA by stride on each CPU of the mm, or of the whole address space.
//
// A gather that is fullmm or need_flush_all, or has freed tables, flushes the whole mm
// (flush_tlb_mm()), any other its range in strides of the smallest cleared level; above a threshold
// of strides each CPU drops the whole ASID instead. SFENCE.VMA of an address orders reads of leaf
// entries for that address only, of any size; pointers to tables go by one without an address
// (H18). So what frees a table and names an address leaves stale pointers: Z58.
//
// Faithful to tlb_flush() and arch/riscv/mm/tlbflush.c of 6.12, with fences by IPI. The firmware's
// (SBI) take no stride: they drop at least as much. In 6.1 each flush is of the whole mm. Made up
// is the scale of the threshold, but not that the pages of a PTE table are above it: mremap(),
// which moves such tables and names their pages, leans on that. mm_cpumask() loses no CPU, as where
// ASIDs are in use. Those are numbers for good, unless the schedule says how many are free
// (model/kernel/asids.h). Simplified: memory is sequentially consistent.
#include "model/arch/arch.h"
#include "model/arch/drops.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

constexpr int kFlushAllThreshold = 3;  // tlb_flush_all_threshold, 64
static_assert(kFlushAllThreshold < kPagesPerPmd);

Invalidation RangeOf(int start, int end, Level stride) {
  const int step = PagesAt(stride);
  if (end < start) return WholeInvalidation();  // a reset range: its size, unsigned, is huge
  if ((end - start + step - 1) / step > kFlushAllThreshold) return WholeInvalidation();
  Invalidation request{};
  request.start = static_cast<uint8_t>(start);
  request.end = static_cast<uint8_t>(end);
  request.stride = stride;
  for (int page = start; page < end; page += step) AddSfence(request, page);
  return request;
}

}  // namespace

void AddSfence(Invalidation& request, int page) {
  request.small |= PageBit(page);
  request.huge |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
}

namespace {

class Riscv final : public Arch {
 public:
  constexpr Riscv() : Arch("riscv", "SFENCE.VMA by stride, or the whole mm if tables were freed") {}

  bool TlbFlush(const MmuGather& gather, Invalidation& request) const override {
    request = gather.fullmm || gather.need_flush_all || gather.freed_tables
                  ? WholeInvalidation()
                  : RangeOf(gather.start, gather.end, UnmapLevel(gather));
    return true;
  }
  Invalidation FlushPmdRange(PageRange range) const override {
    return RangeOf(range.begin, range.end, Level::kPmd);
  }
  bool merges_vmas() const override { return false; }
  bool on_request() const override { return true; }
  bool only_sc() const override { return true; }
  bool root_has_asid() const override { return true; }
  // arch_tlbbatch_should_defer() says so always; 6.1 has none.
  KernelVersion defers_unmaps_since() const override { return KernelVersion::k6_12; }
  bool defers_always() const override { return true; }
  Invalidation FlushRange(PageRange range) const override {
    return RangeOf(range.begin, range.end, Level::kPte);
  }
  Invalidation FlushPage(int page) const override { return RangeOf(page, page + 1, Level::kPte); }
  // With Svadu, without Svvptc.
  Hardware hardware() const override { return {.caches_absent_entries = true}; }
};

const Riscv kRiscv;
const RegisterArch kRegistered(&kRiscv);

}  // namespace
}  // namespace gatherfuzz
