// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// revoke: the owner of PFN maps takes their frames back: unmaps them everywhere, and frees them.
//
// Faithful to unmap_mapping_range() of 6.1, 6.12 and 7.1 (mm/memory.c): no lock of the mm;
// i_mmap_rwsem for reading, and a gather for what is mapped of each VMA that is linked, which ends
// before the lock is dropped. The owner then takes it that no CPU reaches its frames any more, as
// drivers do that move a buffer (b67fbebd4cf9, CVE-2022-39188). Simplified: VMAs that touch have
// one gather; who is an owner runs on a CPU of the mm. Made up: it frees its frames at once.
#include <bit>

#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/kernel/zap.h"
#include "model/machine/frames.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// The first run of pages in `pages`, which is not empty.
PageRange FirstRun(uint64_t pages) {
  const int begin = std::countr_zero(pages);
  return {begin, begin + std::countr_one(pages >> begin)};
}

// unmap_mapping_range(): returns which pages of the range the owner has a frame for.
uint64_t UnmapMappingRange(const Thread& t, PageRange range) {
  const GatherProtocol& protocol = *t.system.protocol;
  PfnMaps& maps = t.world().pfn_maps;
  t.Step(Point::i_mmap_lock_read, range.begin);
  maps.readers |= CpuBit(t.cpu);
  for (uint64_t left = maps.linked & MaskOf(range); left != 0;) {
    const PageRange vma = FirstRun(left);
    protocol.Gather(t, vma);
    ZapVma(t, vma);
    protocol.Finish(t);
    left &= ~MaskOf(vma);
  }
  t.Step(Point::i_mmap_unlock_read, range.begin);
  maps.readers &= static_cast<uint8_t>(~CpuBit(t.cpu));
  uint64_t has = 0;
  for (int page = range.begin; page < range.end; ++page) {
    if (maps.frames[static_cast<size_t>(page)] != kRootFrame) has |= PageBit(page);
  }
  return has;
}

// Another that revokes the same may have been here before.
void FreePfn(const Thread& t, int page) {
  t.Step(Point::free_page, page);
  FrameId& owned = t.world().pfn_maps.frames[static_cast<size_t>(page)];
  if (owned == kRootFrame) return;
  CheckGivenBack(t.system, t.cpu, owned, page, FrameState::kData);
  CheckFreePage(t.system, t.cpu, owned, page, Level::kPte);
  GiveBack(t.world(), owned);
  owned = kRootFrame;
}

}  // namespace

void RevokePath(const Thread& t, const Op& op) {
  uint64_t pages = UnmapMappingRange(t, op.range);
  for (; pages != 0; pages &= pages - 1) FreePfn(t, std::countr_zero(pages));
}

}  // namespace gatherfuzz
