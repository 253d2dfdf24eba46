// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/zap.h"

#include "model/kernel/examine.h"
#include "model/kernel/huge.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/walk_range.h"

namespace gatherfuzz {
namespace {

class Zap {
 public:
  explicit Zap(const Thread& t) : t_(t), protocol_(*t.system.protocol) {}

  void Empty(PageRange part) { ExaminedGone(t_, part); }

  // zap_huge_pmd(), or a split that leaves PTEs to zap.
  int Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return part.begin;
    }
    LockTable(t_, pmd_table, part.begin);
    if (!EntryOf(t_.world(), pmd_table, part.begin).leaf()) {
      UnlockTable(t_, pmd_table, part.begin);
      return part.begin;
    }
    t_.Step(Point::pmd_clear, part.begin);
    const Pte leaf = ClearLeaf(t_.world(), pmd_table, part.begin);
    ExaminedGone(t_, part);
    protocol_.RemoveTlbEntry(t_, part.begin, Level::kPmd);
    UnlockTable(t_, pmd_table, part.begin);
    if (protocol_.RemovePage(t_, leaf.frame, part.begin, Level::kPmd)) protocol_.Flush(t_);
    return part.end;
  }

  // zap_pte_range(): stops where the batch is full, or where need_resched() says so.
  int Ptes(FrameId pmd_table, PageRange part) {
    const FrameId table = EntryOf(t_.world(), pmd_table, part.begin).frame;
    LockTable(t_, table, part.begin);
    Next next = Next::kGoOn;
    int page = part.begin;
    for (; page < part.end && next == Next::kGoOn; ++page) {
      next = ZapPte(table, page, page != part.begin);
      if (next == Next::kResched) break;
    }
    const bool force_flush = next == Next::kForceFlush;
    if (force_flush) protocol_.FlushTlbOnly(t_);
    UnlockTable(t_, table, page - 1);
    if (force_flush) protocol_.Flush(t_);
    return page;
  }

 private:
  enum class Next : uint8_t { kGoOn, kForceFlush, kResched };

  // `may_stop`: something was done since the lock was taken.
  Next ZapPte(FrameId table, int page, bool may_stop) {
    t_.Step(Point::pte_read, page);
    if (!EntryOf(t_.world(), table, page).present()) {
      ExaminedGone(t_, {page, page + 1});
      return Next::kGoOn;
    }
    if (!may_stop) {
      t_.Step(Point::pte_clear, page);
    } else if (t_.StepOr(Point::pte_clear, Point::need_resched, page)) {
      return Next::kResched;
    }
    const Pte leaf = ClearLeaf(t_.world(), table, page);
    ExaminedGone(t_, {page, page + 1});
    protocol_.RemoveTlbEntry(t_, page, Level::kPte);
    const bool full = protocol_.RemovePage(t_, leaf.frame, page, Level::kPte);
    return full ? Next::kForceFlush : Next::kGoOn;
  }

  const Thread& t_;
  const GatherProtocol& protocol_;
};

}  // namespace

void ZapVma(const Thread& t, PageRange range) {
  t.system.protocol->StartVma(t, range);
  Zap zap(t);
  WalkRange(t, range, zap);
  t.system.protocol->EndVma(t);
}

}  // namespace gatherfuzz
