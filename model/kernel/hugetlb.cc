// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// unshare and othermunmap: one mm of two parts from the PMD tables that they share, or the other.
#include "model/kernel/hugetlb.h"

#include <algorithm>
#include <optional>

#include "model/check.h"
#include "model/kernel/examine.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/shared.h"
#include "model/machine/frames.h"

namespace gatherfuzz {
namespace {

PageRange SpanOf(int page) {
  const int first = RoundDown(page, kPagesPerPud);
  return {first, first + kPagesPerPud};
}

// All that is unmapped for a range.
PageRange SpansOf(PageRange range) {
  return {RoundDown(range.begin, kPagesPerPud), RoundUp(range.end, kPagesPerPud)};
}

PageRange Part(PageRange range, PageRange span) {
  return {std::max(range.begin, span.begin), std::min(range.end, span.end)};
}

// Calls apply(span) for the span of each PUD entry that `range` touches.
template <typename Apply>
void ForEachSpan(PageRange range, Apply apply) {
  for (int page = RoundDown(range.begin, kPagesPerPud); page < range.end; page += kPagesPerPud) {
    apply(SpanOf(page));
  }
}

size_t PudOf(PageRange span) { return static_cast<size_t>(span.begin / kPagesPerPud); }

bool IMmapUnlocked(const World& world, int) { return world.i_mmap_writer == 0; }

// i_mmap_lock_write().
void LockIMmap(const Thread& t, int page) {
  t.StepWhen(Point::i_mmap_lock_write, page, IMmapUnlocked, 0);
  GATHERFUZZ_CHECK(t.world().i_mmap_writer == 0);
  t.world().i_mmap_writer = static_cast<uint8_t>(Index(t.cpu) + 1);
}

void UnlockIMmap(const Thread& t, int page) {
  t.Step(Point::i_mmap_unlock_write, page);
  GATHERFUZZ_CHECK(t.world().i_mmap_writer == Index(t.cpu) + 1);
  t.world().i_mmap_writer = 0;
}

// --- This mm ---

// huge_pmd_unshare(), with the lock of the table held. False if nobody else has it.
bool Unshare(const Thread& t, FrameId table, PageRange span, PageRange part) {
  World& world = t.world();
  if (!IsShared(world, table)) return false;
  t.Step(Point::huge_pmd_unshare, span.begin);
  EntryOf(world, kRootFrame, span.begin) = Pte{};
  --world.at(table).mapped;
  ExaminedGone(t, part);
  t.system.protocol->UnshareTable(t, table, span.begin);
  return true;
}

// Takes a leaf of a table that nobody shares away.
void ZapHuge(const Thread& t, FrameId table, int page) {
  if (LockTableAndLook(t, table, page).none()) return UnlockTable(t, table, page);
  t.Step(Point::pmd_clear, page);
  const Pte leaf = TakeLeaf(t, table, page);
  ExaminedGone(t, {page, page + kPagesPerPmd});
  const GatherProtocol& protocol = *t.system.protocol;
  protocol.RemoveTlbEntry(t, page, Level::kPmd);
  UnlockTable(t, table, page);
  if (protocol.RemovePage(t, leaf.frame, page, Level::kPmd)) protocol.Flush(t);
}

// __unmap_hugepage_range(), between hugetlb_zap_begin() and hugetlb_zap_end(). The range is widened
// to all that a table spans.
void UnmapHugepages(const Thread& t, PageRange span, PageRange part) {
  const GatherProtocol& protocol = *t.system.protocol;
  LockIMmap(t, span.begin);
  protocol.StartVma(t, span);
  const Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, span.begin).entry;
  if (pud.table()) {
    LockTable(t, pud.frame, span.begin);
    const bool unshared = Unshare(t, pud.frame, span, part);
    UnlockTable(t, pud.frame, span.begin);
    for (int page = span.begin; !unshared && page < span.end; page += kPagesPerPmd) {
      ZapHuge(t, pud.frame, page);
    }
  } else {
    ExaminedGone(t, part);
  }
  protocol.EndVma(t);
  protocol.FlushUnsharedTables(t);
  UnlockIMmap(t, span.begin);
}

// free_pgtables().
void FreeOwnTable(const Thread& t, PageRange span) {
  World& world = t.world();
  if (!EntryOf(world, kRootFrame, span.begin).table()) return;
  t.Step(Point::pmd_table_unlink, span.begin);
  const FrameId table = UnlinkTable(world, kRootFrame, span.begin);
  t.system.protocol->RemoveTable(t, table, span.begin, Level::kPmd);
}

// --- The other mm ---

// What UnmapHugepages() is here. True if the table and its pages are in the queues of the thread,
// to be freed.
bool OtherUnmaps(const Thread& t, PageRange span) {
  World& world = t.world();
  FrameId& entry = world.others_tables[PudOf(span)];
  LockIMmap(t, span.begin);
  const FrameId table = entry;
  const bool there = table != kRootFrame;
  bool last = false;
  if (there) {
    LockTable(t, table, span.begin);
    t.Step(Point::other_mm_unmap, span.begin);
    last = !IsShared(world, table);
    --world.at(table).mapped;
    entry = kRootFrame;
    MmuGather& queues = t.gather();
    for (int page = span.begin; last && page < span.end; page += kPagesPerPmd) {
      if (EntryOf(world, table, page).none()) continue;
      const Pte leaf = ClearLeaf(world, table, page);
      queues.pages[queues.page_count++] = {leaf.frame, static_cast<uint8_t>(page), Level::kPmd};
    }
    if (last) {
      --world.mm.linked_tables;
      queues.tables[queues.table_count++] = {table, static_cast<uint8_t>(span.begin), Level::kPmd};
    }
    UnlockTable(t, table, span.begin);
  }
  UnlockIMmap(t, span.begin);
  return last;
}

}  // namespace

static_assert(kEntriesPerTable <= kMaxBatch);

void InitShared(World& world, PageRange range) {
  ForEachSpan(range, [&](PageRange span) {
    const auto bit = static_cast<uint8_t>(1u << PudOf(span));
    const bool free = (world.mm.vma_pages & MaskOf(span)) == 0 && (world.hugetlb & bit) == 0;
    if (!free || DataRoom(world) < kPagesPerPud) return;
    if (!PopulateTable(world, kRootFrame, span.begin)) return;
    const FrameId table = PmdTableOf(world, span.begin);
    for (int page = span.begin; page < span.end; page += kPagesPerPmd) {
      const std::optional<FrameId> frame = TakeData(world, Level::kPmd);
      if (!frame) break;  // the rest of the file is not there
      InstallLeaf(world, table, page, *frame,
                  Pte::kPresent | Pte::kWrite | Pte::kAccessed | Pte::kDirty);
    }
    world.at(table).mapped = 2;
    world.others_tables[PudOf(span)] = table;
    world.hugetlb |= bit;
  });
}

bool OfHugetlb(const World& world, PageRange range) {
  bool is = false;
  if (world.hugetlb == 0) [[likely]]
    return is;
  ForEachSpan(range, [&](PageRange span) { is |= (world.hugetlb >> PudOf(span) & 1) != 0; });
  return is;
}

// A thread has no tables in the hands of RCU while it is in here.
void SyncOne(const Thread& t) {
  const int page = t.gather().caller_start;
  if (t.world().switches == 0) return t.Step(Point::tlb_remove_table_sync_one, page);
  BeginGrace(t);
  t.StepWhen(Point::tlb_remove_table_sync_one, page, GraceIsOver, Index(t.cpu));
}

void UnmapHugetlb(const Thread& t, PageRange range) {
  ForEachSpan(range, [&](PageRange span) {
    if (OfHugetlb(t.world(), span)) UnmapHugepages(t, span, Part(range, span));
  });
}

void FreeHugetlbTables(const Thread& t, PageRange range) {
  ForEachSpan(range, [&](PageRange span) {
    if (OfHugetlb(t.world(), span)) FreeOwnTable(t, span);
  });
}

void UnsharePath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  if (!OfHugetlb(t.world(), op.range)) return MmapWriteUnlock(t);
  MmapWriteDowngrade(t);
  const GatherProtocol& protocol = *t.system.protocol;
  protocol.Gather(t, SpansOf(op.range));
  UnmapHugetlb(t, op.range);
  FreeHugetlbTables(t, op.range);
  protocol.Finish(t);
  MmapReadUnlock(t);
}

void OtherMunmapPath(const Thread& t, const Op& op) {
  ForEachSpan(op.range, [&](PageRange span) {
    if (!OfHugetlb(t.world(), span) || !OtherUnmaps(t, span)) return;
    FreeTables(t);
    FreePages(t);
  });
}

}  // namespace gatherfuzz
