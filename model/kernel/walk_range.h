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
#include "model/kernel/shared.h"
#include "model/system.h"

namespace gatherfuzz {

// Calls visit.Empty(range, moment) for every part of `range` without a page table (`moment`: the
// number of the next mapping when that was so last), and otherwise visit.Huge(pmd_table, part) for
// a huge leaf and visit.Ptes(pmd_table, table, part) for a PTE table; either returns the page up to
// which it came. From there the PMD is read again, unless the part is done. A part lies under one
// PMD entry.
template <typename Visitor>
void WalkRange(const Thread& t, PageRange range, Visitor& visit) {
  for (int page = range.begin; page < range.end;) {
    const int pud_end = std::min(RoundDown(page, kPagesPerPud) + kPagesPerPud, range.end);
    const Look pud = LoadEntry(t, Point::pud_read, kRootFrame, page);
    if (pud.entry.none()) {
      visit.Empty(PageRange{page, pud_end}, pud.moment);
      page = pud_end;
      continue;
    }
    const FrameId pmd_table = pud.entry.frame;
    while (page < pud_end) {
      const PageRange part{page, std::min(RoundDown(page, kPagesPerPmd) + kPagesPerPmd, pud_end)};
      const auto [pmd, old, moment] = LoadEntry(t, Point::pmd_read, pmd_table, page);
      if (pmd.none()) {
        visit.Empty(part, moment);
        page = part.end;
      } else {
        page = pmd.table() ? visit.Ptes(pmd_table, pmd.frame, part) : visit.Huge(pmd_table, part);
      }
    }
  }
}

// Calls apply(t, piece) for each piece of a VMA in `range`, with mmap_lock held.
template <typename Apply>
void ForEachVmaLocked(const Thread& t, PageRange range, Apply apply) {
  for (int page = range.begin; page < range.end; ++page) {
    const PageRange vma = VmaAround(t.world().mm, page, range);
    if (vma.empty()) continue;
    apply(t, vma);
    page = vma.end - 1;
  }
}
// ... which is taken for reading.
template <typename Apply>
void ForEachVma(const Thread& t, PageRange range, Apply apply) {
  MmapReadLock(t);
  ForEachVmaLocked(t, range, apply);
  MmapReadUnlock(t);
}

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_WALK_RANGE_H_
