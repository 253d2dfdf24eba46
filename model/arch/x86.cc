// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// x86: a range with a stride, or the whole address space.
//
// fullmm or need_flush_all flushes all; else the range in strides of the smallest cleared level,
// and all of it when that is more than a ceiling of strides (33 in the kernel, 8 here).
// freed_tables changes nothing but whether lazy CPUs get the IPI (switch_mm.h). INVLPG
// drops a translation of any size for its address, and every paging-structure entry whatever the
// address (H3), so a flush that names any address leaves no stale table pointer. Not so on
// `hardware tce`, where the machine makes less of it.
#include "model/arch/arch.h"
#include "model/arch/drops.h"
#include "model/kernel/mmu_gather.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

constexpr int kSinglePageFlushCeiling = 8;

}  // namespace

Invalidation InvlpgRange(int start, int end, Level stride) {
  const int step = PagesAt(stride);
  if (end < start) return WholeInvalidation();  // a reset range: its size, unsigned, is huge
  if ((end - start) / step > kSinglePageFlushCeiling) return WholeInvalidation();
  Invalidation request{};
  request.start = static_cast<uint8_t>(start);
  request.end = static_cast<uint8_t>(end);
  request.stride = stride;
  for (int page = start; page < end; page += step) {
    request.small |= PageBit(page);
    request.huge |= static_cast<uint16_t>(1u << page / kPagesPerPmd);
    request.pte_tables = 0xffff;
    request.pmd_tables = 0xf;
  }
  return request;
}

namespace {

class X86 final : public Arch {
 public:
  constexpr X86() : Arch("x86", "INVLPG over a range or a whole flush; merges VMAs") {}

  bool TlbFlush(const MmuGather& gather, Invalidation& request) const override {
    request = gather.fullmm || gather.need_flush_all
                  ? WholeInvalidation()
                  : InvlpgRange(gather.start, gather.end, UnmapLevel(gather));
    return true;
  }
  Invalidation FlushPmdRange(PageRange range) const override {
    // The kernel asks for pages, not for a huge stride, and a huge page has more than the ceiling.
    Invalidation request = WholeInvalidation();
    request.start = static_cast<uint8_t>(range.begin);
    request.end = static_cast<uint8_t>(range.end);
    return request;
  }
  bool merges_vmas() const override { return true; }
  bool counts_generations() const override { return true; }
  OrderColumn orders() const override { return OrderColumn::kX86; }
  Invalidation FlushRange(PageRange range) const override {
    return InvlpgRange(range.begin, range.end, Level::kPte);
  }
  Invalidation FlushPage(int page) const override {
    return InvlpgRange(page, page + 1, Level::kPte);
  }
  // pte_flags_need_flush(): what was not present is cached nowhere, D and A have no flush when they
  // are set, and any change of write access has one.
  bool NeedsFlush(Pte before, Pte after, KernelVersion) const override {
    if (!before.present()) return false;
    const unsigned cleared = before.flags & ~unsigned{after.flags};
    const unsigned changed = before.flags ^ unsigned { after.flags };
    return (cleared & (Pte::kPresent | Pte::kDirty)) != 0 || (changed & Pte::kWrite) != 0;
  }
  bool flushes_to_protect() const override { return false; }  // since 5.19
  bool has_tce() const override { return true; }
  KernelVersion reclaims_tables_since() const override { return KernelVersion::k6_17; }  // 6.14
};

const X86 kX86;
const RegisterArch kRegistered(&kX86);

}  // namespace
}  // namespace gatherfuzz
