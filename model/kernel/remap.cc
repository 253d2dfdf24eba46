// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// remap: mremap() to an address that is named: page tables or their entries move, and the old place
// is unmapped, or stays as a VMA without pages (MREMAP_DONTUNMAP).
//
// Faithful to mremap_to(), move_page_tables(), move_ptes(), move_normal_pmd() and move_huge_pmd()
// of 6.12 (mm/mremap.c): mmap_lock for writing to the end; whatever is moved is flushed at its old
// place under the locks of both page tables, outside of any gather; a PTE table that lies in the
// range as a whole moves as one; then a munmap without a downgrade, and none for MREMAP_DONTUNMAP.
// Simplified: where something is mapped at the new place already, or the old one is not in one VMA,
// it fails (the kernel unmaps the new place first); a table moves in one step, and where there is
// reclaim, which its rmap lock would keep out, page by page; of a huge leaf that moves in part the
// pages are split first.
#include <algorithm>

#include "model/arch/arch.h"
#include "model/kernel/examine.h"
#include "model/kernel/huge.h"
#include "model/kernel/hugetlb.h"
#include "model/kernel/leaf_update.h"
#include "model/kernel/link_table.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/munmap.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/remap.h"
#include "model/kernel/shared.h"
#include "model/kernel/vma_lock.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

class Move {
 public:
  Move(const Thread& t, PageRange from, int to) : t_(t), from_(from), by_(to - from.begin) {}

  // move_page_tables().
  void Run() {
    for (int page = from_.begin; page < from_.end;) {
      const Pte pud = LoadEntry(t_, Point::pud_read, kRootFrame, page).entry;
      const int pud_end = std::min(RoundDown(page, kPagesPerPud) + kPagesPerPud, from_.end);
      if (pud.none()) {
        page = pud_end;
        continue;
      }
      while (page < pud_end) {
        const PageRange part{page, std::min(EndOfExtent(page), pud_end)};
        if (!MovePart(pud.frame, part)) return;  // no memory
        page = part.end;
      }
    }
  }

 private:
  int New(int page) const { return page + by_; }

  // get_extent(): up to the end of the PMD entry, at either place.
  int EndOfExtent(int page) const {
    const int here = RoundDown(page, kPagesPerPmd) + kPagesPerPmd;
    const int there = RoundDown(New(page), kPagesPerPmd) + kPagesPerPmd - by_;
    return std::min({here, there, from_.end});
  }

  // False if there is no memory for a page table.
  bool MovePart(FrameId pmd_table, PageRange part) {
    for (;;) {
      const Pte pmd = LoadEntry(t_, Point::pmd_read, pmd_table, part.begin).entry;
      if (pmd.none()) return true;
      if (!Link(kRootFrame, part)) return false;
      const FrameId new_pmd_table = PmdTableOf(t_.world(), New(part.begin));
      const bool whole = part.end - part.begin == kPagesPerPmd;
      if (!pmd.table()) {
        if (whole && MoveHuge(pmd_table, new_pmd_table, part)) return true;
        SplitHugePmd(t_, pmd_table, part.begin);
        continue;
      }
      if (whole && MoveTable(pmd_table, new_pmd_table, part)) return true;
      if (!Link(new_pmd_table, part)) return false;
      if (MovePtes(pmd_table, pmd.frame, new_pmd_table, part)) return true;
    }
  }

  // Nobody unlinks tables there while mmap_lock is held for writing; faults in other VMAs, under
  // the locks of those, may link some.
  bool Link(FrameId table, PageRange part) const {
    const int page = New(part.begin);
    return !EntryOf(t_.world(), table, page).none() || LinkTable(t_, table, page);
  }

  // The locks of both tables, or of the one that they are.
  void LockBoth(FrameId table, FrameId other, int page) const {
    LockTable(t_, table, page);
    if (other != table) LockTable(t_, other, New(page));
  }
  void UnlockBoth(FrameId table, FrameId other, int page) const {
    if (other != table) UnlockTable(t_, other, New(page));
    UnlockTable(t_, table, page);
  }

  // move_huge_pmd(). False if there is none to be moved, or something is in its new place.
  bool MoveHuge(FrameId pmd_table, FrameId new_pmd_table, PageRange part) {
    LockBoth(pmd_table, new_pmd_table, part.begin);
    const Pte seen = EntryOf(t_.world(), pmd_table, part.begin);
    const bool moves =
        seen.there() && !seen.table() && EntryOf(t_.world(), new_pmd_table, New(part.begin)).none();
    if (moves) {
      const bool splits = t_.system.protocol->SplitsUpdates().huge_clear;
      const Pte read = splits ? ReadLeaf(t_, pmd_table, part.begin) : seen;
      t_.Step(Point::pmd_clear, part.begin);
      StoresEntry(t_, Point::pmd_clear, pmd_table, part.begin, Access::kUpdate);
      if (splits) ForgetSince(t_, pmd_table, part.begin, read);
      const Pte leaf = ClearLeaf(t_.world(), pmd_table, part.begin);
      t_.Step(Point::pmd_set, New(part.begin));
      StoresEntry(t_, Point::pmd_set, new_pmd_table, New(part.begin));
      Install(new_pmd_table, New(part.begin), leaf, seen.hidden());
      Invalidate(t_, t_.system.arch->FlushPmdRange(part));
    }
    UnlockBoth(pmd_table, new_pmd_table, part.begin);
    return moves;
  }

  // move_normal_pmd(). False if something is in its new place, or reclaim might be in the table.
  bool MoveTable(FrameId pmd_table, FrameId new_pmd_table, PageRange part) {
    World& world = t_.world();
    if (world.reclaims != 0) return false;
    LockBoth(pmd_table, new_pmd_table, part.begin);
    const bool moves = EntryOf(world, pmd_table, part.begin).table() &&
                       EntryOf(world, new_pmd_table, New(part.begin)).none();
    if (moves) {
      t_.Step(Point::pmd_move, part.begin);
      StoresEntry(t_, Point::pmd_move, pmd_table, part.begin);
      StoresEntry(t_, Point::pmd_move, new_pmd_table, New(part.begin));
      MoveTableTo(world, pmd_table, part.begin, new_pmd_table, New(part.begin));
      Invalidate(t_, t_.system.arch->FlushRange(part));
    }
    UnlockBoth(pmd_table, new_pmd_table, part.begin);
    return moves;
  }

  // move_ptes(). False if the table is gone by now.
  bool MovePtes(FrameId pmd_table, FrameId table, FrameId new_pmd_table, PageRange part) {
    World& world = t_.world();
    const FrameId other = EntryOf(world, new_pmd_table, New(part.begin)).frame;
    if (!LockPteTable(t_, pmd_table, table, part.begin)) return false;
    if (other != table) LockTable(t_, other, New(part.begin));
    FlushBatchedPending(t_, UnmapBatching::kMove, part.begin);
    bool moved = false;
    for (int page = part.begin; page < part.end; ++page) moved |= MovePte(table, other, page);
    const bool late = t_.system.protocol->FlushesMoveLate();
    if (moved && !late) Invalidate(t_, t_.system.arch->FlushRange(part));
    if (other != table) UnlockTable(t_, other, New(part.end - 1));
    UnlockTable(t_, table, part.end - 1);
    if (moved && late) Invalidate(t_, t_.system.arch->FlushRange(part));
    return true;
  }

  // True if it was there.
  bool MovePte(FrameId table, FrameId other, int page) {
    World& world = t_.world();
    const Pte seen = LoadEntry(t_, Point::pte_read, table, page).entry;
    if (seen.none()) return false;
    t_.Step(Point::pte_clear, page);
    if (seen.migration()) return MoveMigration(table, other, page);
    StoresEntry(t_, Point::pte_clear, table, page, Access::kUpdate);
    Pte leaf = seen;
    if (seen.guard()) {
      EntryOf(world, table, page) = Pte{};
    } else {
      leaf = TakeLeaf(t_, table, page);
    }
    t_.Step(Point::pte_set, New(page));
    if (leaf.none()) return false;
    StoresEntry(t_, Point::pte_set, other, New(page));
    if (seen.guard()) {
      EntryOf(world, other, New(page)) = leaf;
      return false;
    }
    Install(other, New(page), leaf, seen.hidden());
    return true;
  }

  // A migration entry, which is nowhere gone: who looks for it takes the lock of its table
  // (simplified: take_rmap_locks()). Nobody has it cached.
  bool MoveMigration(FrameId table, FrameId other, int page) {
    t_.Step(Point::pte_set, New(page));
    EntryOf(t_.world(), other, New(page)) = EntryOf(t_.world(), table, page);
    EntryOf(t_.world(), table, page) = Pte{};
    return false;
  }

  void Install(FrameId table, int page, Pte leaf, bool hidden) {
    InstallLeaf(t_.world(), table, page, leaf.frame, hidden ? Hidden(leaf.flags) : leaf.flags);
  }

  const Thread& t_;
  const PageRange from_;
  const int by_;
};

// What mremap_to() and vma_to_resize() ask for.
bool MayMove(const World& world, PageRange from, PageRange to) {
  const Mm& mm = world.mm;
  return !IsPfnMap(world, from.begin) && VmaAround(mm, from.begin, from) == from &&
         (mm.vma_pages & MaskOf(to)) == 0 && !OfHugetlb(world, to);
}

}  // namespace

void CopyVma(World& world, int from, PageRange to) {
  Mm& mm = world.mm;
  const auto has = [&](uint64_t pages) { return (pages & PageBit(from)) != 0; };
  InitMap(world, to, {.write = has(mm.vma_write), .huge = has(mm.vma_huge)});
  if (has(mm.vma_none)) mm.vma_none |= MaskOf(to);
}

void RemapPath(const Thread& t, const Op& op) {
  const PageRange from = op.range, to = MovesTo(op);
  MmapWriteLock(t);
  if (MayMove(t.world(), from, to)) {
    VmaStartWrite(t, from.begin);
    t.Step(Point::vma_link, to.begin);
    CopyVma(t.world(), from.begin, to);
    VmaStartWriteNew(t, to);
    Move(t, from, to.begin).Run();
    // While the lock is held, nobody maps anything there.
    ExaminedGone(t, from);
    if (op.flags.stays) {
      t.system.protocol->MovedWithoutUnmap(t, from);
    } else {
      UnmapUnderWriteLock(t, from);
    }
    ExaminedGone(t, from);
  }
  MmapWriteUnlock(t);
}

}  // namespace gatherfuzz
