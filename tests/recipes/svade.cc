// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// svade: an architecture from outside of the tree, to show that one file is all it takes: riscv
// (model/arch/riscv.cc) on hardware that sets neither A nor D.
//
// Simplified, after arch/riscv/include/asm/tlb.h of 6.12: a gather of the whole mm, or one that
// freed page tables, flushes everything; else each strided address of the range, and everything
// above a ceiling of strides (64 in the kernel, 8 here). SFENCE.VMA of an address drops a
// translation of any size for it, and leaves pointers to page tables. The hardware is one without
// Svadu and without Svvptc: it sets neither A nor D, and caches entries that are not present.
#include "model/arch/arch.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

constexpr int kCeiling = 8;

Invalidation Range(int start, int end, Level stride) {
  const int step = PagesAt(stride);
  if (end < start || (end - start) / step > kCeiling) return WholeInvalidation();
  Invalidation request{};
  request.start = static_cast<uint8_t>(start);
  request.end = static_cast<uint8_t>(end);
  request.stride = stride;
  for (int page = start; page < end; page += step) {
    request.small |= PageBit(page);
    request.huge |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
  }
  return request;
}

class Svade final : public Arch {
 public:
  constexpr Svade() : Arch("svade", "SFENCE.VMA by stride, or everything if tables were freed") {}

  bool TlbFlush(const MmuGather& gather, Invalidation& request) const override {
    const bool all = gather.fullmm || gather.need_flush_all || gather.freed_tables;
    request = all ? WholeInvalidation() : Range(gather.start, gather.end, UnmapLevel(gather));
    return true;
  }
  Invalidation FlushPmdRange(PageRange range) const override {
    return Range(range.begin, range.end, Level::kPmd);
  }
  bool merges_vmas() const override { return false; }
  Hardware hardware() const override {
    return {.sets_accessed_and_dirty = false, .caches_absent_entries = true};
  }
};

const Svade kSvade;
const RegisterArch kRegistered(&kSvade);

}  // namespace
}  // namespace gatherfuzz
