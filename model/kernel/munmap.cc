// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// munmap: detaches the VMAs under the write lock, downgrades, and does the rest under the read
// lock: the window of the bug of 4.20 to 5.1. Faithful to 6.12: a huge leaf that an end of the
// range cuts is split under the write lock (__split_vma()), before anything is detached.
#include "model/kernel/munmap.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

// Takes `range` out of the VMAs, splitting those that reach beyond it.
void Detach(Mm& mm, PageRange range) {
  const uint64_t pages = MaskOf(range);
  if (range.end < kPages && (mm.vma_pages & PageBit(range.end)) != 0) {
    mm.vma_starts |= PageBit(range.end);
  }
  mm.vma_pages &= ~pages;
  mm.vma_starts &= ~pages;
  mm.vma_write &= ~pages;
  mm.vma_huge &= ~pages;
  mm.vma_none &= ~pages;
  mm.vma_locked &= ~pages;
}

bool NoVmaIn(const Mm& mm, int first, int pages) {
  return (mm.vma_pages & MaskOf({first, first + pages})) == 0;
}

bool PointsAtTable(World& world, FrameId table, int page) {
  return EntryOf(world, table, page).table();
}

}  // namespace

// What lies there cannot be populated meanwhile: that takes a VMA, and so the write lock. Page
// faults in VMAs beside it, under the locks of those, link and use tables of other spans.
void FreePgtables(const Thread& t, uint64_t pages) {
  World& world = t.world();
  const GatherProtocol& protocol = *t.system.protocol;
  for (int pud = 0; pud < kPages; pud += kPagesPerPud) {
    if ((pages & MaskOf({pud, pud + kPagesPerPud})) == 0) continue;
    if (!PointsAtTable(world, kRootFrame, pud)) continue;
    const FrameId pmd_table = PmdTableOf(world, pud);
    for (int pmd = pud; pmd < pud + kPagesPerPud; pmd += kPagesPerPmd) {
      if ((pages & MaskOf({pmd, pmd + kPagesPerPmd})) == 0) continue;
      if (!PointsAtTable(world, pmd_table, pmd) || !NoVmaIn(world.mm, pmd, kPagesPerPmd)) continue;
      t.Step(Point::pte_table_unlink, pmd);
      StoresEntry(t, Point::pte_table_unlink, pmd_table, pmd);
      protocol.RemoveTable(t, UnlinkTable(world, pmd_table, pmd), pmd, Level::kPte);
    }
    if (!NoVmaIn(world.mm, pud, kPagesPerPud)) continue;
    t.Step(Point::pmd_table_unlink, pud);
    StoresEntry(t, Point::pmd_table_unlink, kRootFrame, pud);
    protocol.RemoveTable(t, UnlinkTable(world, kRootFrame, pud), pud, Level::kPmd);
  }
}

uint64_t TakeOutAll(const Thread& t) {
  Mm& mm = t.world().mm;
  const uint64_t pages = mm.vma_pages;
  t.Step(Point::vma_detach, 0);
  Detach(mm, {0, kPages});
  if (t.world().reclaims != 0) mm.detached |= pages;
  return pages;
}

namespace {

void WriteLock(const Thread& t, PageRange vma) { VmaStartWrite(t, vma.begin); }

}  // namespace

// The kernel write-locks, cuts and detaches one VMA after the other; nobody can tell, since all of
// them are locked before any is out of the mm.
Taken TakeOut(const Thread& t, PageRange range) {
  const Mm before = t.world().mm;
  const uint64_t detached = before.vma_pages & MaskOf(range);
  ForEachVmaLocked(t, range, WriteLock);
  SplitHugeAt(t, range.begin);
  // Of a block that both ends cut, the first split of the VMA has left no whole one.
  if (RoundDown(range.end, kPagesPerPmd) >= range.begin) SplitHugeAt(t, range.end);
  t.Step(Point::vma_detach, range.begin);
  Detach(t.world().mm, range);
  if (t.world().reclaims != 0) t.world().mm.detached |= detached;
  return {before, detached};
}

namespace {

// vms_clear_ptes().
void ClearPtes(const Thread& t, PageRange range, const Taken& taken) {
  const GatherProtocol& protocol = *t.system.protocol;
  protocol.Gather(t, range);
  for (int page = range.begin; page < range.end; ++page) {
    const PageRange vma = VmaAround(taken.before, page, range);
    if (vma.empty()) continue;
    ZapVma(t, vma, {.markers = Markers::kDrop});
    page = vma.end - 1;
  }
  protocol.FreeVmas(t);
  UnlinkPfnMaps(t, taken.detached, range.begin);
  UnlinkFromRmap(t, taken.detached, range.begin);
  FreePgtables(t, taken.detached);
  protocol.Finish(t);
}

}  // namespace

void MunmapPath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  if ((t.world().mm.vma_pages & MaskOf(op.range)) == 0) return MmapWriteUnlock(t);
  const Taken taken = TakeOut(t, op.range);
  MmapWriteDowngrade(t);
  ClearPtes(t, op.range, taken);
  MmapReadUnlock(t);
}

void UnmapUnderWriteLock(const Thread& t, PageRange range) {
  const Taken taken = TakeOut(t, range);
  ClearPtes(t, range, taken);
}

}  // namespace gatherfuzz
