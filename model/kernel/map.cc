// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// map: mmap() at a fixed address that must be free.
#include "model/kernel/hugetlb.h"
#include "model/kernel/locks.h"
#include "model/kernel/paths.h"
#include "model/kernel/vma_lock.h"

namespace gatherfuzz {

void InitMap(World& world, PageRange range, VmaFlags flags) {
  Mm& mm = world.mm;
  const uint64_t pages = MaskOf(range);
  if ((mm.vma_pages & pages) != 0) return;
  mm.vma_pages |= pages;
  mm.vma_starts |= PageBit(range.begin);
  if (flags.write) mm.vma_write |= pages;
  if (flags.huge) mm.vma_huge |= pages;
}

// mmap(MAP_FIXED_NOREPLACE): a new VMA, nothing populated. Write lock.
void MapPath(const Thread& t, const Op& op) {
  const PageRange range = op.range;
  MmapWriteLock(t);
  if ((t.world().mm.vma_pages & MaskOf(range)) == 0 && !OfHugetlb(t.world(), range)) {
    t.Step(Point::vma_link, range.begin);
    InitMap(t.world(), range, op.flags);
    VmaStartWriteNew(t, range);
  }
  MmapWriteUnlock(t);
}

}  // namespace gatherfuzz
