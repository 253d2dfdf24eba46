// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/huge.h"

#include "model/arch/arch.h"
#include "model/kernel/locks.h"
#include "model/kernel/page_table.h"
#include "model/kernel/shared.h"
#include "model/machine/frames.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void InvalidateHugePmd(const Thread& t, FrameId pmd_table, int page) {
  t.Step(Point::pmd_invalidate, page);
  StoresEntry(t, Point::pmd_invalidate, pmd_table, page, Access::kUpdate);
  InvalidateLeaf(t.world(), pmd_table, page);
  const int first = RoundDown(page, kPagesPerPmd);
  Invalidate(t, t.system.arch->FlushPmdRange({first, first + kPagesPerPmd}));
}

void SplitHugePmd(const Thread& t, FrameId pmd_table, int page) {
  World& world = t.world();
  const Pte seen = LockTableAndLook(t, pmd_table, page);
  if (seen.there() && !seen.table()) {
    InvalidateHugePmd(t, pmd_table, page);
    t.Step(Point::pmd_populate, page);
    StoresEntry(t, Point::pmd_populate, pmd_table, page);
    const Pte leaf = ClearLeaf(world, pmd_table, page);
    const int first = RoundDown(page, kPagesPerPmd);
    if (!PopulateTable(world, pmd_table, page)) {
      CheckTableLeak(t.system, t.cpu, page);
      for (int i = 0; i < kPagesPerPmd; ++i) GiveBack(world, MakeFrame(Index(leaf.frame) + i));
      return UnlockTable(t, pmd_table, page);
    }
    const FrameId pte_table = EntryOf(world, pmd_table, page).frame;
    for (int i = 0; i < kPagesPerPmd; ++i) {
      InstallLeaf(world, pte_table, first + i, MakeFrame(Index(leaf.frame) + i),
                  seen.hidden() ? Hidden(leaf.flags) : leaf.flags);
    }
  }
  UnlockTable(t, pmd_table, page);
}

void SplitHugeAt(const Thread& t, int page) {
  const Mm& mm = t.world().mm;
  const int first = RoundDown(page, kPagesPerPmd);
  const PageRange block{first, first + kPagesPerPmd};
  if (page == kPages || page == first || (mm.vma_huge & PageBit(page)) == 0 ||
      VmaAround(mm, page, block) != block) {
    return;
  }
  const Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, page).entry;
  if (!pud.none()) SplitHugePmd(t, pud.frame, page);
}

}  // namespace gatherfuzz
