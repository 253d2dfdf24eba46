// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// fork and pin: what comes to refer to pages beside the mm.
//
// fork is faithful to dup_mmap() and copy_present_ptes() of 6.12 (kernel/fork.c, mm/memory.c) as
// far as the old mm can tell: mmap_lock for writing; each VMA is write-locked as it is copied; each
// leaf loses the right to write, under its lock, and its frame is exclusive no more and has one
// more reference; then the whole old mm is flushed, without a count. Simplified: the new mm is idle
// and never ends: it is references that nobody gives back; a frame that is pinned is shared as
// others are.
//
// pin is get_user_pages() of one page that is there, for reading: a reference under the lock of the
// page table, kept to the end. It stands for whatever else refers to a page for a while, as a folio
// that is isolated, or in a batch of the LRU.
#include "model/arch/arch.h"
#include "model/kernel/examine.h"
#include "model/kernel/huge.h"
#include "model/kernel/leaf_update.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/walk_range.h"
#include "model/machine/invalidation.h"

namespace gatherfuzz {
namespace {

// Somebody else comes to refer to the frame.
void AddOther(World& world, FrameId frame) {
  ++world.folio(frame).refs;
  ++world.folio(frame).others;
}

class Fork {
 public:
  explicit Fork(const Thread& t) : t_(t) {}

  void Empty(PageRange, Mapping) {}

  // copy_huge_pmd().
  int Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return part.begin;
    }
    const Pte seen = LockTableAndLook(t_, pmd_table, part.begin);
    const bool is_leaf = seen.there() && !seen.table();
    if (is_leaf) Share(pmd_table, part);
    UnlockTable(t_, pmd_table, part.begin);
    return is_leaf ? part.end : part.begin;
  }

  // copy_pte_range().
  int Ptes(FrameId pmd_table, FrameId table, PageRange part) {
    if (!LockPteTable(t_, pmd_table, table, part.begin)) return part.begin;
    for (int page = part.begin; page < part.end; ++page) {
      const Pte seen = LoadEntry(t_, Point::pte_read, table, page).entry;
      if (seen.there() || seen.migration()) Share(table, {page, page + 1});
    }
    UnlockTable(t_, table, part.end - 1);
    return part.end;
  }

 private:
  // Of a migration entry, what it moves is shared, wherever it goes.
  void Share(FrameId table, PageRange part) {
    World& world = t_.world();
    const bool splits = t_.system.protocol->SplitsUpdates().wrprotect;
    const Pte read = splits ? ReadLeaf(t_, table, part.begin) : Pte{};
    t_.Step(Point::pte_wrprotect, part.begin);
    Pte& entry = EntryOf(world, table, part.begin);
    if (splits && entry.writable() && !entry.migration()) {
      ForgetSince(t_, table, part.begin, read);
    }
    for (int k = 0; k < part.end - part.begin; ++k) {
      const FrameId frame = MakeFrame(Index(entry.frame) + k);
      AddOther(world, frame);
      if (world.folio(frame).shared == 0) world.folio(frame).shared = Folio::kShared;
    }
    if (entry.writable() && !entry.migration()) entry.mapping = world.mm.next_mapping++;
    entry.flags &= static_cast<uint8_t>(~Pte::kWrite);
    if (!entry.migration()) ExaminedClean(t_, part, entry.mapping);
  }

  const Thread& t_;
};

}  // namespace

void ForkPath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  const auto copy = [](const Thread& thread, PageRange vma) {
    VmaStartWrite(thread, vma.begin);
    Fork fork(thread);
    WalkRange(thread, vma, fork);
  };
  ForEachVmaLocked(t, op.range, ButPfnMaps(copy));
  Invalidation request = WholeInvalidation();
  request.freed_tables = CountsGenerations(t.world());  // as flush_tlb_mm() has it
  Invalidate(t, request);
  MmapWriteUnlock(t);
}

namespace {

// follow_page_pte(), follow_huge_pmd().
void Pin(const Thread& t, int page) {
  const Pte pud = LoadEntry(t, Point::pud_read, kRootFrame, page).entry;
  if (pud.none()) return;
  const FrameId pmd_table = pud.frame;
  const Pte pmd = LoadEntry(t, Point::pmd_read, pmd_table, page).entry;
  if (pmd.none()) return;
  const FrameId table = pmd.table() ? pmd.frame : pmd_table;
  Pte leaf;
  if (pmd.table()) {
    if (!LockPteTable(t, pmd_table, table, page)) return;
    leaf = LoadEntry(t, Point::pte_read, table, page).entry;
  } else {
    leaf = LockTableAndLook(t, table, page);
    leaf.frame = MakeFrame(Index(leaf.frame) + page % kPagesPerPmd);
  }
  if (leaf.leaf()) {
    t.Step(Point::folio_ref, page);
    AddOther(t.world(), leaf.frame);
  }
  UnlockTable(t, table, page);
}

}  // namespace

void PinPath(const Thread& t, const Op& op) {
  const int page = op.range.begin;
  MmapReadLock(t);
  const Mm& mm = t.world().mm;
  const bool may = (mm.vma_pages & ~mm.vma_none & PageBit(page)) != 0;
  if (may && !IsPfnMap(t.world(), page)) Pin(t, page);
  MmapReadUnlock(t);
}

}  // namespace gatherfuzz
