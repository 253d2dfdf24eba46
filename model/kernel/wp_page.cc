// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/wp_page.h"

#include "model/arch/arch.h"
#include "model/kernel/folio.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/shared.h"
#include "model/machine/frames.h"
#include "model/machine/invalidation.h"
#include "model/machine/tlb.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// PageAnonExclusive, or wp_can_reuse_anon_folio(). Else takes a reference.
bool Reuses(const Thread& t, int page, Pte seen) {
  Folio& folio = t.world().folio(seen.frame);
  const bool by_count = t.system.protocol->Decides().cow_by_count;
  if (!by_count && folio.shared == 0) return true;
  t.Step(Point::folio_ref, page);
  if (folio.refs == 0 && folio.shared != Folio::kKsm) {
    folio.shared = 0;
    return true;
  }
  ++folio.refs;
  return false;
}

bool PteSame(Pte a, Pte b) { return a.frame == b.frame && a.flags == b.flags; }

// Puts the copy in the place of what it is of; false if that has changed.
bool Install(const Thread& t, FrameId pmd_table, FrameId table, int page, Pte seen, FrameId copy) {
  World& world = t.world();
  if (!LockPteTable(t, pmd_table, table, page)) return false;
  const bool same = PteSame(LoadEntry(t, Point::pte_read, table, page).entry, seen);
  if (same) {
    PtepClearFlush(t, table, page);
    t.Step(Point::pte_set, page);
    const bool writable = (world.mm.vma_write & PageBit(page)) != 0;
    constexpr unsigned kFlags = Pte::kPresent | Pte::kAccessed | Pte::kDirty;
    InstallLeaf(world, table, page, copy,
                static_cast<uint8_t>(kFlags | (writable ? Pte::kWrite : 0)));
    ForgetAbsent(t.self().tlb, page);
    CheckCoherent(t.system, t.cpu, page, copy, Index(t.cpu));
  }
  UnlockTable(t, table, page);
  return same;
}

// wp_page_copy(), with a reference to what is copied.
WpPage Copy(const Thread& t, FrameId pmd_table, FrameId table, int page, Pte seen) {
  World& world = t.world();
  t.Step(Point::alloc_page, page);
  const std::optional<FrameId> copy = TakeData(world, Level::kPte);
  if (!copy) {
    PutFolio(t, seen.frame, page);
    return WpPage::kNoMemory;
  }
  t.Step(Point::copy_page, page);
  CheckDecision(t.system, t.cpu, seen.frame, page, "is copied for a write fault");
  world.folio(*copy).holds = world.folio(seen.frame).holds;
  if (Install(t, pmd_table, table, page, seen, *copy)) {
    PutFolio(t, seen.frame, page, 2);  // that of the mapping as well
  } else {
    PutFolio(t, *copy, page);
    PutFolio(t, seen.frame, page);
  }
  return WpPage::kDone;
}

}  // namespace

WpPage DoWpPage(const Thread& t, FrameId pmd_table, FrameId table, int page, Pte seen) {
  const GatherProtocol& protocol = *t.system.protocol;
  if (protocol.Decides().cow_asks && protocol.FlushPending(t, page)) {
    Invalidate(t, t.system.arch->FlushPage(page));
  }
  if (Reuses(t, page, seen)) return WpPage::kReuse;
  UnlockTable(t, table, page);
  return Copy(t, pmd_table, table, page, seen);
}

bool IsExclusiveHuge(const World& world, Pte leaf) {
  const int first = Index(leaf.frame);
  for (int i = 0; i < kPagesPerPmd; ++i) {
    leaf.frame = MakeFrame(first + i);
    if (!IsExclusive(world, leaf)) return false;
  }
  return true;
}

}  // namespace gatherfuzz
