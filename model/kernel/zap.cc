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
  bool Huge(FrameId pmd_table, PageRange part) {
    if (part.end - part.begin != kPagesPerPmd) {
      SplitHugePmd(t_, pmd_table, part.begin);
      return false;
    }
    LockTable(t_, pmd_table, part.begin);
    if (!EntryOf(t_.world(), pmd_table, part.begin).leaf()) {
      UnlockTable(t_, pmd_table, part.begin);
      return false;
    }
    t_.Step(Point::pmd_clear, part.begin);
    const Pte leaf = ClearLeaf(t_.world(), pmd_table, part.begin);
    ExaminedGone(t_, part);
    protocol_.RemoveTlbEntry(t_, part.begin, Level::kPmd);
    UnlockTable(t_, pmd_table, part.begin);
    if (protocol_.RemovePage(t_, leaf.frame, part.begin, Level::kPmd)) protocol_.Flush(t_);
    return true;
  }

  // zap_pte_range().
  bool Ptes(FrameId pmd_table, PageRange part) {
    const FrameId table = EntryOf(t_.world(), pmd_table, part.begin).frame;
    for (int page = part.begin; page < part.end;) {
      LockTable(t_, table, page);
      bool force_flush = false;
      for (; page < part.end && !force_flush; ++page) force_flush = ZapPte(table, page);
      if (force_flush) protocol_.FlushTlbOnly(t_);
      UnlockTable(t_, table, page - 1);
      if (force_flush) protocol_.Flush(t_);
    }
    return true;
  }

 private:
  // True if the batch is full.
  bool ZapPte(FrameId table, int page) {
    t_.Step(Point::pte_read, page);
    if (!EntryOf(t_.world(), table, page).present()) {
      ExaminedGone(t_, {page, page + 1});
      return false;
    }
    t_.Step(Point::pte_clear, page);
    const Pte leaf = ClearLeaf(t_.world(), table, page);
    ExaminedGone(t_, {page, page + 1});
    protocol_.RemoveTlbEntry(t_, page, Level::kPte);
    return protocol_.RemovePage(t_, leaf.frame, page, Level::kPte);
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
