// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// dontneed and free: madvise(MADV_DONTNEED) and madvise(MADV_FREE).
//
// Both hold mmap_lock for reading, so any number of them overlap. Up to 6.12 each takes a gather
// for each piece of a VMA in the range, as zap_page_range_single() and madvise_free_single_vma()
// do. From 6.17 on there is one for the call, which begins before the lock is taken. Faithful to
// 7.1.3 where VMAs have locks: a range in one VMA is under the lock of that VMA, which the gather
// outlives; any other is under mmap_lock, to the end of the gather. Where they have none, mmap_lock
// stands for the lock of the VMA, so the gather outlives it.
#include "model/kernel/examine.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/zap.h"

namespace gatherfuzz {
namespace {

constexpr uint8_t kYoungOrDirty = Pte::kAccessed | Pte::kDirty;

// Cleans leaves: what MADV_FREE does to a page that is not to be kept but may still be used.
class Clean {
 public:
  explicit Clean(const Thread& t) : t_(t) {}

  void Empty(PageRange, Mapping) {}  // nothing to clean: not the call's business

  // madvise_free_huge_pmd().
  int Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return part.begin;
    }
    const Pte seen = LockTableAndLook(t_, pmd_table, part.begin);
    const bool is_leaf = seen.there() && !seen.table();
    if (is_leaf) CleanHuge(pmd_table, part, seen);
    UnlockTable(t_, pmd_table, part.begin);
    return is_leaf ? part.end : part.begin;
  }

  // madvise_free_pte_range(). It drops the lock to split a large folio that the range covers in
  // part; where that fails, it goes on behind the page under the lock.
  int Ptes(FrameId pmd_table, FrameId table, PageRange part) {
    if (!LockPteTable(t_, pmd_table, table, part.begin)) return part.begin;
    FlushBatchedPending(t_, UnmapBatching::kMadvise, part.begin);
    for (int page = part.begin; page < part.end; ++page) {
      if (CleanPte(table, page, page != part.begin)) continue;
      UnlockTable(t_, table, page);
      if (!LockPteTable(t_, pmd_table, table, page)) return page;
      FlushBatchedPending(t_, UnmapBatching::kRelock, page);
    }
    UnlockTable(t_, table, part.end - 1);
    return part.end;
  }

 private:
  // A PROT_NONE leaf stays one.
  static uint8_t Cleaned(Pte seen, Pte leaf) {
    const auto flags = static_cast<uint8_t>(leaf.flags & ~kYoungOrDirty);
    return seen.hidden() ? Hidden(flags) : flags;
  }

  void CleanHuge(FrameId pmd_table, PageRange part, Pte seen) {
    if ((seen.flags & kYoungOrDirty) != 0) {
      InvalidateHugePmd(t_, pmd_table, part.begin);
      t_.Step(Point::pmd_set, part.begin);
      StoresEntry(t_, Point::pmd_set, pmd_table, part.begin);
      const Pte leaf = ClearLeaf(t_.world(), pmd_table, part.begin);
      ChangeLeaf(t_.world(), pmd_table, part.begin, leaf, Cleaned(seen, leaf));
      t_.system.protocol->RemoveTlbEntry(t_, part.begin, Level::kPmd);
    }
    ExaminedClean(t_, part, EntryOf(t_.world(), pmd_table, part.begin).mapping);
  }

  // False if the page is skipped, as one of a large folio that could not be split. `may_skip`:
  // something was done before it under this lock, so that it tells that the lock is dropped.
  bool CleanPte(FrameId table, int page, bool may_skip) {
    const Pte seen = LoadEntry(t_, Point::pte_read, table, page).entry;
    if (!seen.there()) {
      // Of a page that reclaim has taken, MADV_FREE discards what it has written out.
      if (t_.world().reclaims != 0 && HeldByReclaim(t_.world(), page)) {
        ExaminedClean(t_, {page, page + 1}, t_.world().mm.next_mapping);
      }
      return true;
    }
    if ((seen.flags & kYoungOrDirty) != 0) {
      if (!may_skip) {
        t_.Step(Point::pte_clear, page);
      } else if (t_.StepOr(Point::pte_clear, Point::split_folio, page)) {
        return false;
      }
      StoresEntry(t_, Point::pte_clear, table, page, Access::kUpdate);
      const Pte leaf = TakeLeaf(t_, table, page);
      t_.Step(Point::pte_set, page);
      if (leaf.none()) return true;
      StoresEntry(t_, Point::pte_set, table, page);
      ChangeLeaf(t_.world(), table, page, leaf, Cleaned(seen, leaf));
      t_.system.protocol->RemoveTlbEntry(t_, page, Level::kPte);
    }
    ExaminedClean(t_, {page, page + 1}, EntryOf(t_.world(), table, page).mapping);
    return true;
  }

  const Thread& t_;
};

void ZapPiece(const Thread& t, PageRange range) { ZapVma(t, range, {.tables = Tables::kReclaim}); }

void CleanPiece(const Thread& t, PageRange range) {
  const GatherProtocol& protocol = *t.system.protocol;
  protocol.StartVma(t, range);
  Clean clean(t);
  WalkRange(t, range, clean);
  protocol.EndVma(t);
}

using Apply = void (*)(const Thread&, PageRange);

// madvise_walk_vmas(), where VMAs have locks, and the end of the gather.
void UnderVmaLock(const Thread& t, PageRange range, Apply apply) {
  const GatherProtocol& protocol = *t.system.protocol;
  if (VmaStartRead(t, range)) {
    UpToPfnMap(apply)(t, range);
    VmaEndRead(t, range.begin);
    return protocol.Finish(t);
  }
  MmapReadLock(t);
  ForEachVmaLocked(t, range, UpToPfnMap(apply));
  protocol.Finish(t);
  MmapReadUnlock(t);
}

// With a gather for each piece, inside the lock; from 6.17 on with one for the whole call, which
// begins before the lock is taken.
void WithGather(const Thread& t, PageRange range, Apply apply) {
  const GatherProtocol& protocol = *t.system.protocol;
  const bool spans = t.system.kernel >= KernelVersion::k6_17;
  if (spans) protocol.Gather(t, range);
  if (spans && HasVmaLocks(t.system.kernel)) return UnderVmaLock(t, range, apply);
  const auto with_gather = [&](const Thread&, PageRange piece) {
    if (!spans) protocol.Gather(t, piece);
    apply(t, piece);
    if (!spans) protocol.Finish(t);
  };
  ForEachVma(t, range, UpToPfnMap(with_gather));
  if (spans) protocol.Finish(t);
}

}  // namespace

// madvise(MADV_DONTNEED).
void DontneedPath(const Thread& t, const Op& op) { WithGather(t, op.range, ZapPiece); }
// madvise(MADV_FREE): the same, but leaves are cleaned and stay.
void FreePath(const Thread& t, const Op& op) { WithGather(t, op.range, CleanPiece); }

}  // namespace gatherfuzz
