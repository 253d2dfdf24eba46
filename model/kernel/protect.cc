// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// protect, uffdwp, cleardirty and numa: change_protection() and those who call it.
//
// Faithful to mprotect_fixup(), change_protection(), uffd_wp_range(), change_prot_numa() and
// clear_refs_write() of 6.12 (mm/mprotect.c, mm/huge_memory.c, mm/userfaultfd.c, mm/mempolicy.c,
// fs/proc/task_mmu.c): which lock of the mm each holds and how long, who opens a gather, that every
// leaf that is there is read and cleared and then set anew under its lock, with its A and D; where
// a flush is recorded (Arch::NeedsFlush()), and where flush_tlb_batched_pending() stands.
// mprotect() and clear_refs hold mmap_lock for writing to the end, and write-lock each VMA as they
// come to it; userfaultfd and NUMA hints hold
// it for reading, so any number of these overlap each other and madvise(). A PROT_NONE leaf is one
// that software sees and the hardware faults on.
//
// Simplified: runs of pages of a large folio (6.17) go page by page; VMAs that come to allow the
// same are not merged; task_numa_work() waits for mmap_lock, and does not give up; the bits uffd-wp
// and soft-dirty are not kept: what lost its right to write by them is a leaf without it in a VMA
// that has it. Made up: every VMA is registered with userfaultfd, and who handles its faults gives
// the right to write back at once, within the fault; clear_refs is for a range, not for the mm.
#include "model/kernel/protect.h"
#include "model/arch/arch.h"
#include "model/kernel/examine.h"
#include "model/kernel/folio.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/vma_lock.h"
#include "model/kernel/walk_range.h"
#include "model/kernel/wp_page.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// Changes what the leaves of a VMA allow, which is already what the call wants the VMA to allow.
class Change {
 public:
  Change(const Thread& t, const Op& op, PageRange vma)
      : t_(t),
        op_(op),
        hints_(Info(op.kind).is(effect::kHints)),
        judged_(t.self().call.kind != CallKind::kOther),
        allows_none_((t.world().mm.vma_none & PageBit(vma.begin)) != 0) {}

  // What mprotect() finds empty, nobody is to reach any more in a way that it forbids. That nobody
  // follows what is written there is all that the others have to do with it.
  void Empty(PageRange part, Mapping moment) {
    if (judged_ && op_.kind == OpKind::kProtect) ExaminedGone(t_, part, moment);
  }

  // change_huge_pmd(), clear_soft_dirty_pmd().
  int Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return part.begin;
    }
    const Pte seen = LockTableAndLook(t_, pmd_table, part.begin);
    const bool is_leaf = seen.there() && !seen.table();
    if (is_leaf && !HintedAlready(seen)) ChangeHuge(pmd_table, part);
    UnlockTable(t_, pmd_table, part.begin);
    return is_leaf ? part.end : part.begin;
  }

  // change_pte_range(), clear_refs_pte_range().
  int Ptes(FrameId pmd_table, FrameId table, PageRange part) {
    if (!LockPteTable(t_, pmd_table, table, part.begin)) return part.begin;
    if (!IsClearRefs()) FlushBatchedPending(t_, UnmapBatching::kProtect, part.begin);
    for (int page = part.begin; page < part.end; ++page) ChangePte(table, page);
    UnlockTable(t_, table, part.end - 1);
    return part.end;
  }

 private:
  bool IsClearRefs() const { return op_.kind == OpKind::kCleardirty; }
  bool HintedAlready(Pte seen) const { return hints_ && seen.hidden(); }

  // pte_modify(), and the right to write where mprotect() gives it and the page is exclusive
  // (can_change_pte_writable()).
  uint8_t After(Pte before, bool exclusive) const {
    const unsigned kept = before.flags & (Pte::kAccessed | Pte::kDirty);
    const bool hides = hints_ || allows_none_ || (IsClearRefs() && before.hidden());
    const unsigned allows = hides ? Pte::kInvalid : Pte::kPresent;
    return static_cast<uint8_t>(kept | allows | (op_.flags.write && exclusive ? Pte::kWrite : 0));
  }

  void ChangePte(FrameId table, int page) {
    const auto [seen, old, moment] = LoadEntry(t_, Point::pte_read, table, page);
    if (seen.migration()) return ChangeMigration(table, page);
    if (!seen.there()) return Empty({page, page + 1}, moment);
    if (HintedAlready(seen)) return;
    t_.Step(Point::pte_clear, page);
    StoresEntry(t_, Point::pte_clear, table, page, Access::kUpdate);
    const Pte before = EntryOf(t_.world(), table, page);
    const Pte leaf = TakeLeaf(t_, table, page);
    t_.Step(Point::pte_set, page);
    if (leaf.none()) return;
    StoresEntry(t_, Point::pte_set, table, page);
    Commit(table, {page, page + 1}, before, leaf);
  }

  // A migration entry: what will be there again is not to be writable.
  void ChangeMigration(FrameId table, int page) {
    if (op_.flags.write) return;
    t_.Step(Point::pte_set, page);
    EntryOf(t_.world(), table, page).flags &= static_cast<uint8_t>(~Pte::kWrite);
  }

  bool Exclusive(PageRange part, Pte leaf) const {
    if (t_.world().decides == 0) return true;
    return part.end - part.begin == kPagesPerPmd ? IsExclusiveHuge(t_.world(), leaf)
                                                 : IsExclusive(t_.world(), leaf);
  }

  // The leaf is hidden while it is changed, and so never none.
  void ChangeHuge(FrameId pmd_table, PageRange part) {
    t_.Step(Point::pmd_invalidate, part.begin);
    StoresEntry(t_, Point::pmd_invalidate, pmd_table, part.begin, Access::kUpdate);
    const Pte before = EntryOf(t_.world(), pmd_table, part.begin);
    InvalidateLeaf(t_.world(), pmd_table, part.begin);
    if (IsClearRefs() || t_.system.arch->flushes_to_protect()) {
      Invalidate(t_, t_.system.arch->FlushPmdRange(part));
    }
    t_.Step(Point::pmd_set, part.begin);
    StoresEntry(t_, Point::pmd_set, pmd_table, part.begin);
    Commit(pmd_table, part, before, ClearLeaf(t_.world(), pmd_table, part.begin));
  }

  // ptep_modify_prot_commit(), and what goes into the gather.
  void Commit(FrameId table, PageRange part, Pte before, Pte leaf) {
    ChangeLeaf(t_.world(), table, part.begin, leaf, After(before, Exclusive(part, leaf)));
    const Pte after = EntryOf(t_.world(), table, part.begin);
    CheckExclusive(t_.system, t_.cpu, part.begin);
    if (judged_) ExaminedClean(t_, part, after.mapping);
    if (IsClearRefs() || !t_.system.arch->NeedsFlush(before, after, t_.system.kernel)) return;
    const Level level = part.end - part.begin == kPagesPerPmd ? Level::kPmd : Level::kPte;
    t_.system.protocol->RemoveTlbEntry(t_, part.begin, level);
  }

  const Thread& t_;
  const Op& op_;
  const bool hints_, judged_, allows_none_;
};

// change_protection().
void ChangeProtection(const Thread& t, const Op& op, PageRange vma) {
  t.system.protocol->StartVma(t, vma);
  Change change(t, op, vma);
  WalkRange(t, vma, change);
  t.system.protocol->EndVma(t);
}

bool AllowsThat(const Mm& mm, int page, VmaFlags flags) {
  return ((mm.vma_write & PageBit(page)) != 0) == flags.write &&
         ((mm.vma_none & PageBit(page)) != 0) == flags.none;
}

}  // namespace

void SetAllows(Mm& mm, PageRange piece, VmaFlags flags) {
  const uint64_t pages = MaskOf(piece);
  if (piece.end < kPages && (mm.vma_pages & PageBit(piece.end)) != 0) {
    mm.vma_starts |= PageBit(piece.end);
  }
  mm.vma_starts |= PageBit(piece.begin);
  mm.vma_write = flags.write ? mm.vma_write | pages : mm.vma_write & ~pages;
  mm.vma_none = flags.none ? mm.vma_none | pages : mm.vma_none & ~pages;
}

namespace {

void MprotectFixup(const Thread& t, const Op& op, PageRange piece) {
  Mm& mm = t.world().mm;
  if (AllowsThat(mm, piece.begin, op.flags)) return;
  VmaStartWrite(t, piece.begin);
  SplitHugeAt(t, piece.begin);
  // Of a block that both ends cut, the first split has left no whole one.
  if (RoundDown(piece.end, kPagesPerPmd) >= piece.begin) SplitHugeAt(t, piece.end);
  t.Step(Point::vma_protect, piece.begin);
  SetAllows(mm, piece, op.flags);
  ChangeProtection(t, op, piece);
}

// uffd_wp_range(), change_prot_numa(): a gather for each VMA.
void ChangeVma(const Thread& t, const Op& op, PageRange vma) {
  t.system.protocol->Gather(t, vma);
  ChangeProtection(t, op, vma);
  t.system.protocol->Finish(t);
}

}  // namespace

// do_mprotect_pkey(): one gather for all VMAs, up to the first hole.
void ProtectPath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  const Mm& mm = t.world().mm;
  PageRange piece = VmaAround(mm, op.range.begin, op.range);
  if (!piece.empty()) {
    t.system.protocol->Gather(t, op.range);
    for (; !piece.empty(); piece = VmaAround(mm, piece.end, op.range)) MprotectFixup(t, op, piece);
    t.system.protocol->Finish(t);
  }
  MmapWriteUnlock(t);
}

// mwriteprotect_range().
void UffdwpPath(const Thread& t, const Op& op) {
  const auto change = [&](const Thread&, PageRange vma) { ChangeVma(t, op, vma); };
  ForEachVma(t, op.range, ButPfnMaps(change));
}

// task_numa_work(), which passes over what nobody has access to.
void NumaPath(const Thread& t, const Op& op) {
  const auto hint = [&](const Thread&, PageRange vma) {
    if ((t.world().mm.vma_none & PageBit(vma.begin)) == 0) ChangeVma(t, op, vma);
  };
  ForEachVma(t, op.range, ButPfnMaps(hint));
}

// clear_refs_write(): it counts by hand, and flushes the whole mm.
void CleardirtyPath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  const bool gathers = t.system.protocol->Protects().dirty_in_gather;
  gathers ? t.system.protocol->Gather(t, op.range) : RaisePending(t);
  const auto clear = [&](const Thread&, PageRange vma) {
    VmaStartWrite(t, vma.begin);  // PGWALK_WRLOCK
    Change change(t, op, vma);
    WalkRange(t, vma, change);
  };
  ForEachVmaLocked(t, op.range, ButPfnMaps(clear));
  if (gathers) {
    t.system.protocol->Finish(t);
  } else {
    Invalidation request = WholeInvalidation();
    request.freed_tables = CountsGenerations(t.world());  // as flush_tlb_mm() has it
    Invalidate(t, request);
    LowerPending(t);
  }
  MmapWriteUnlock(t);
}

}  // namespace gatherfuzz
