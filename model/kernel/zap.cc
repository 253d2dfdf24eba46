// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/zap.h"

#include <algorithm>

#include "model/arch/arch.h"
#include "model/kernel/examine.h"
#include "model/kernel/guard.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/ops.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/reclaim.h"
#include "model/kernel/shared.h"
#include "model/kernel/walk_range.h"

namespace gatherfuzz {
namespace {

class Zap {
 public:
  Zap(const Thread& t, PageRange range, ZapDetails details)
      : t_(t),
        protocol_(*t.system.protocol),
        range_(range),
        markers_(details.markers),
        pfn_(IsPfnMap(t.world(), range.begin)),
        reclaims_(details.tables == Tables::kReclaim &&
                  t.system.arch->reclaims_tables_since() <= t.system.kernel) {}

  void Empty(PageRange part, Mapping moment) { ExaminedGone(t_, part, moment); }

  // zap_huge_pmd(), or a split that leaves PTEs to zap.
  int Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return part.begin;
    }
    const Pte seen = LockTableAndLook(t_, pmd_table, part.begin);
    if (!seen.there() || seen.table()) {
      UnlockTable(t_, pmd_table, part.begin);
      return part.begin;
    }
    t_.Step(Point::pmd_clear, part.begin);
    StoresEntry(t_, Point::pmd_clear, pmd_table, part.begin, Access::kUpdate);
    const Pte leaf = TakeLeaf(t_, pmd_table, part.begin);
    ExaminedGone(t_, part);
    protocol_.RemoveTlbEntry(t_, part.begin, Level::kPmd);
    UnlockTable(t_, pmd_table, part.begin);
    if (protocol_.RemovePage(t_, leaf.frame, part.begin, Level::kPmd)) protocol_.Flush(t_);
    return part.end;
  }

  // zap_pte_range(): stops where the batch is full, or where need_resched() says so.
  int Ptes(FrameId pmd_table, FrameId table, PageRange part) {
    if (!LockPteTable(t_, pmd_table, table, part.begin)) return part.begin;
    FlushBatchedPending(t_, UnmapBatching::kZap, part.begin);
    if (reclaims_) Enter(table, part);
    Next next = Next::kGoOn;
    int page = part.begin;
    for (; page < part.end && next == Next::kGoOn; ++page) {
      next = ZapPte(table, page, page != part.begin);
      if (next == Next::kResched) break;
    }
    const bool force_flush = next == Next::kForceFlush;
    const bool done = reclaims_ && page == part.end && here_.whole;
    const bool unlinked = done && MayTryFast(next) && TryUnlink(pmd_table, part);
    if (force_flush) protocol_.FlushTlbOnly(t_);
    UnlockTable(t_, table, page - 1);
    if (force_flush) protocol_.Flush(t_);
    if (unlinked) {
      RemoveReclaimed(table, page);
    } else if (done) {
      TryToFree(pmd_table, page);
    }
    return page;
  }

 private:
  enum class Next : uint8_t { kGoOn, kForceFlush, kResched };

  // `may_stop`: something was done since the lock was taken.
  Next ZapPte(FrameId table, int page, bool may_stop) {
    const auto [seen, old, moment] = LoadEntry(t_, Point::pte_read, table, page);
    if (seen.migration()) {  // nothing to free: what is moved finds nowhere to come back to
      t_.Step(Point::pte_clear, page);
      EntryOf(t_.world(), table, page) = Pte{};
      ExaminedGone(t_, {page, page + 1});
      return Next::kGoOn;
    }
    if (!seen.there()) {
      ExaminedGone(t_, {page, page + 1}, moment);
      if (!seen.guard()) return Next::kGoOn;
      here_.whole = false;
      if (markers_ == Markers::kDrop) DropMarker(t_, table, page);
      return Next::kGoOn;
    }
    if (!may_stop) {
      t_.Step(Point::pte_clear, page);
    } else if (t_.StepOr(Point::pte_clear, Point::need_resched, page)) {
      return Next::kResched;
    }
    StoresEntry(t_, Point::pte_clear, table, page, Access::kUpdate);
    const Pte leaf = TakeLeaf(t_, table, page);
    ExaminedGone(t_, {page, page + 1});
    protocol_.RemoveTlbEntry(t_, page, Level::kPte);
    const bool full = !pfn_ && protocol_.RemovePage(t_, leaf.frame, page, Level::kPte);
    return full ? Next::kForceFlush : Next::kGoOn;
  }

  // --- PT_RECLAIM ---

  // The table that the zap is in, and may free: `whole` as long as its range has all of the table,
  // and nothing in it stayed.
  struct Here {
    FrameId table{};
    uint16_t generation = 0;
    bool whole = false;
    bool dropped = false;  // the lock was dropped on the way
  };

  void Enter(FrameId table, PageRange part) {
    const int first = RoundDown(part.begin, kPagesPerPmd);
    const uint16_t generation = t_.world().at(table).generation;
    const bool again =
        part.begin != first && here_.table == table && here_.generation == generation;
    const bool whole = range_.begin <= first && first + kPagesPerPmd <= range_.end;
    here_ = again ? Here{table, generation, here_.whole, true}
                  : Here{table, generation, whole && part.begin == first, false};
  }

  bool MayTryFast(Next next) const {
    return next == Next::kGoOn &&
           (!here_.dropped || protocol_.ReclaimsTables(t_.system.kernel).trusts_old_look);
  }

  // try_get_and_clear_pmd(), with the lock of the PTE table held.
  bool TryUnlink(FrameId pmd_table, PageRange part) {
    t_.Step(Point::pte_table_unlink, RoundDown(part.begin, kPagesPerPmd));
    if (!TryTable(t_, pmd_table)) return false;
    StoresEntry(t_, Point::pte_table_unlink, pmd_table, part.begin);
    UnlinkTable(t_.world(), pmd_table, part.begin);
    t_.world().at(t_.cpu).table_in_hand = 1;
    DropTried(t_, pmd_table);
    return true;
  }

  // try_to_free_pte(): of the table that is there now.
  void TryToFree(FrameId pmd_table, int end) {
    World& world = t_.world();
    const int first = end - kPagesPerPmd;
    const Pte pmd = LockTableAndLook(t_, pmd_table, first);
    bool unlinked = false;
    if (pmd.table()) {
      LockTable(t_, pmd.frame, first);
      t_.Step(Point::pte_table_unlink, first);
      const auto& entries = world.at(pmd.frame).entries;
      unlinked = std::all_of(entries.begin(), entries.end(), [](Pte it) { return it.none(); });
      if (unlinked) {
        StoresEntry(t_, Point::pte_table_unlink, pmd_table, first);
        UnlinkTable(world, pmd_table, first);
        world.at(t_.cpu).table_in_hand = 1;
      }
      UnlockTable(t_, pmd.frame, first);
    }
    UnlockTable(t_, pmd_table, first);
    if (unlinked) RemoveReclaimed(pmd.frame, end);
  }

  // free_pte(). In place of the page behind the last one there is, the last one is named.
  void RemoveReclaimed(FrameId table, int end) {
    const bool behind = protocol_.ReclaimsTables(t_.system.kernel).behind_span;
    const int page = behind ? std::min(end, kPages - 1) : end - kPagesPerPmd;
    t_.world().at(t_.cpu).table_in_hand = 0;
    protocol_.RemoveTable(t_, table, page, Level::kPte);
  }

  const Thread& t_;
  const GatherProtocol& protocol_;
  const PageRange range_;
  const Markers markers_;
  const bool pfn_;  // vm_normal_page() is null: its frames are not the mm's to free
  const bool reclaims_;
  Here here_;
};

}  // namespace

bool MayReclaimTables(const Op& op, KernelVersion kernel) {
  const OpInfo& info = Info(op.kind);
  return info.is(effect::kZaps) &&
         !info.is(effect::kUnmaps | effect::kGuards | effect::kReaps | effect::kRevokes) &&
         kernel >= KernelVersion::k6_17 &&
         RoundUp(op.range.begin, kPagesPerPmd) + kPagesPerPmd <= op.range.end;
}

void ZapVma(const Thread& t, PageRange range, ZapDetails details) {
  t.system.protocol->StartVma(t, range);
  Zap zap(t, range, details);
  WalkRange(t, range, zap);
  t.system.protocol->EndVma(t);
}

}  // namespace gatherfuzz
