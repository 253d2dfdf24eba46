// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// arm64: range TLBI by stride, leaf only unless tables were freed, with a level hint.
//
// A fullmm gather that freed no tables flushes nothing: the address space is going away, and its
// ASID is not used again without a flush. Otherwise each strided address of the range gets VAE1IS
// (all levels) if tables were freed or unshared, else VALE1IS (the leaf only, which leaves the walk
// cache). The level hint is given when exactly one level was cleared and no table freed; then only
// a leaf at that level is dropped (H5). From 16 strides on (512 in the kernel) the whole ASID is
// flushed instead.
#include "model/arch/arch.h"
#include "model/arch/drops.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {

void AddTlbi(Invalidation& request, int page, bool last_level, uint8_t level_hint) {
  const auto names = [&](Level level) {
    return level_hint == 0 || level_hint == 1 + static_cast<int>(level);
  };
  if (names(Level::kPte)) request.small |= PageBit(page);
  if (names(Level::kPmd)) request.huge |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
  if (last_level) return;
  // With a hint, all levels means the leaf at that level and the table pointers above it.
  if (names(Level::kPte)) request.pte_tables |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
  request.pmd_tables |= static_cast<uint8_t>(1u << page / kPagesPerPud);
}

namespace {

constexpr int kMaxTlbiOps = 16;

Invalidation RangeOf(int start, int end, Level stride, bool last_level, uint8_t level_hint) {
  const int step = PagesAt(stride);
  if (end < start) return WholeInvalidation();  // a reset range: its size, unsigned, is huge
  start = RoundDown(start, step);
  end = RoundUp(end, step);
  if ((end - start) / step >= kMaxTlbiOps) return WholeInvalidation();
  Invalidation request{};
  request.start = static_cast<uint8_t>(start);
  request.end = static_cast<uint8_t>(end);
  request.stride = stride;
  request.last_level = last_level;
  request.level_hint = level_hint;
  for (int page = start; page < end; page += step) AddTlbi(request, page, last_level, level_hint);
  return request;
}

class Arm64 final : public Arch {
 public:
  constexpr Arm64() : Arch("arm64", "TLBI by stride, leaf only or all levels, with a level hint") {}

  bool TlbFlush(const MmuGather& gather, Invalidation& request) const override {
    const bool last_level = !(gather.freed_tables || gather.unshared_tables);
    if (gather.fullmm) {
      if (last_level) return false;
      request = WholeInvalidation();
      return true;
    }
    request = RangeOf(gather.start, gather.end, UnmapLevel(gather), last_level, LevelHint(gather));
    return true;
  }
  Invalidation FlushPmdRange(PageRange range) const override {
    return RangeOf(range.begin, range.end, Level::kPmd, false, 1 + static_cast<int>(Level::kPmd));
  }
  bool merges_vmas() const override { return false; }
  bool faults_on_entries() const override { return true; }
  // __flush_tlb_page_nosync(): VALE1IS without a hint, and no DSB behind it (6.6, 43b3dfdd0455).
  KernelVersion defers_unmaps_since() const override { return KernelVersion::k6_12; }
  bool issues_at_unmap() const override { return true; }
  // Up to 6.17 the generic one. Then: not what was invalid, and any change of what hardware reads.
  bool NeedsFlush(Pte before, Pte after, KernelVersion kernel) const override {
    if (kernel < KernelVersion::k7_1) return true;
    return before.present() && before.flags != after.flags;
  }
  Invalidation FlushRange(PageRange range) const override {
    return RangeOf(range.begin, range.end, Level::kPte, false, 0);
  }
  Invalidation FlushPage(int page) const override {
    return RangeOf(page, page + 1, Level::kPte, true, 0);
  }
};

const Arm64 kArm64;
const RegisterArch kRegistered(&kArm64);

}  // namespace
}  // namespace gatherfuzz
