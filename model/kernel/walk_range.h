// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The shape that zap and MADV_FREE share: PUD, PMD, PTE, without locks until the last level; and
// that which all of madvise has: the VMAs of a range.
//
// Faithful to the walk of mm/memory.c and mm/madvise.c as far as the race needs it: upper levels
// are read locklessly, and a caller that sees nothing there takes no page-table lock at all.
#ifndef GATHERFUZZ_MODEL_KERNEL_WALK_RANGE_H_
#define GATHERFUZZ_MODEL_KERNEL_WALK_RANGE_H_

#include <algorithm>

#include "model/kernel/locks.h"
#include "model/kernel/page_table.h"
#include "model/system.h"

namespace gatherfuzz {

// Calls visit.Empty(range) for every part of `range` without a page table, and otherwise
// visit.Huge(pmd_table, part) for a huge leaf and visit.Ptes(pmd_table, part) for a PTE table;
// either returns the page up to which it came. From there the PMD is read again, unless the part
// is done. A part lies under one PMD entry.
template <typename Visitor>
void WalkRange(const Thread& t, PageRange range, Visitor& visit) {
  World& world = t.world();
  for (int page = range.begin; page < range.end;) {
    const int pud_end = std::min(RoundDown(page, kPagesPerPud) + kPagesPerPud, range.end);
    t.Step(Point::pud_read, page);
    if (EntryOf(world, kRootFrame, page).none()) {
      visit.Empty(PageRange{page, pud_end});
      page = pud_end;
      continue;
    }
    const FrameId pmd_table = PmdTableOf(world, page);
    while (page < pud_end) {
      const PageRange part{page, std::min(RoundDown(page, kPagesPerPmd) + kPagesPerPmd, pud_end)};
      t.Step(Point::pmd_read, page);
      const Pte pmd = EntryOf(world, pmd_table, page);
      if (pmd.none()) {
        visit.Empty(part);
        page = part.end;
      } else {
        page = pmd.table() ? visit.Ptes(pmd_table, part) : visit.Huge(pmd_table, part);
      }
    }
  }
}

// Calls apply(t, piece) for each piece of a VMA in `range`, under mmap_lock held for reading.
template <typename Apply>
void ForEachVma(const Thread& t, PageRange range, Apply apply) {
  MmapReadLock(t);
  for (int page = range.begin; page < range.end; ++page) {
    const PageRange vma = VmaAround(t.world().mm, page, range);
    if (vma.empty()) continue;
    apply(t, vma);
    page = vma.end - 1;
  }
  MmapReadUnlock(t);
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_WALK_RANGE_H_
