// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/kernel/mmu_gather.h"

#include <algorithm>

#include "model/arch/arch.h"
#include "model/kernel/hugetlb.h"
#include "model/kernel/late.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/rcu.h"
#include "model/kernel/shared.h"
#include "model/machine/frames.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

void Record(MmuGather& gather, int page, int pages, uint8_t& cleared) {
  AdjustRange(gather, {page, page + pages});
  cleared = 1;
}

}  // namespace

void GatherProtocol::Gather(const Thread& t, PageRange range) const {
  MmuGather& gather = t.gather();
  gather = MmuGather{};
  gather.caller_start = static_cast<uint8_t>(range.begin);
  gather.caller_end = static_cast<uint8_t>(range.end);
  ResetRange(gather);
  RaisePending(t);
}

void GatherProtocol::GatherFullmm(const Thread& t) const {
  Gather(t, {0, kPages});
  t.gather().fullmm = 1;
  ResetRange(t.gather());
}

void GatherProtocol::RemoveTlbEntry(const Thread& t, int page, Level level) const {
  MmuGather& gather = t.gather();
  Record(gather, page, PagesAt(level),
         level == Level::kPte ? gather.cleared_ptes : gather.cleared_pmds);
}

bool GatherProtocol::RemovePage(const Thread& t, FrameId frame, int page, Level level) const {
  MmuGather& gather = t.gather();
  if (gather.page_count == kMaxBatch) {
    CheckQueueFull(t.system, t.cpu, page);
    return true;
  }
  gather.pages[gather.page_count++] = {frame, static_cast<uint8_t>(page), level};
  return gather.page_count >= t.world().mm.batch;
}

void GatherProtocol::RemoveTable(const Thread& t, FrameId table, int page, Level level) const {
  MmuGather& gather = t.gather();
  // One page stands for the whole span, as in the kernel: an invalidation of tables drops what was
  // used for an address of it.
  Record(gather, page, 1, level == Level::kPte ? gather.cleared_pmds : gather.cleared_puds);
  gather.freed_tables = 1;
  if (gather.table_count == kMaxTables) return CheckQueueFull(t.system, t.cpu, page);
  gather.tables[gather.table_count++] = {table, static_cast<uint8_t>(page), level};
}

namespace {

// tlb_free_vmas() flushes for PFN maps in the place of tlb_end_vma(): 6.18.2 and 7.1.3 do, 6.12 has
// no such function.
bool HasFreeVmas(const System& system) { return system.kernel >= KernelVersion::k7_1; }

}  // namespace

// tlb_update_vma_flags(): of this VMA, and since there is tlb_free_vmas() of any so far.
void GatherProtocol::StartVma(const Thread& t, PageRange vma) const {
  if (t.world().pfn == 0 || t.gather().fullmm) return;
  const bool any = HasFreeVmas(t.system) && t.gather().vma_pfn != 0;
  t.gather().vma_pfn = any || IsPfnMap(t.world(), vma.begin);
}

void GatherProtocol::EndVma(const Thread& t) const {
  if (t.gather().fullmm) return;
  const bool pfn = t.gather().vma_pfn != 0 && FlushesPfnMaps() && !HasFreeVmas(t.system);
  if (pfn || !t.system.arch->merges_vmas()) FlushTlbOnly(t);
}

void GatherProtocol::FreeVmas(const Thread& t) const {
  const bool pfn = t.gather().vma_pfn != 0 && FlushesPfnMaps() && HasFreeVmas(t.system);
  if (pfn && !t.gather().fullmm) FlushTlbOnly(t);
}

void GatherProtocol::UnshareTable(const Thread& t, FrameId table, int page) const {
  MmuGather& gather = t.gather();
  Record(gather, page, kPagesPerPud, gather.cleared_pmds);
  gather.unshared_tables = 1;
  if (!IsShared(t.world(), table)) gather.fully_unshared_tables = 1;
}

void GatherProtocol::FlushUnsharedTables(const Thread& t) const {
  MmuGather& gather = t.gather();
  if (gather.unshared_tables) FlushTlbOnly(t);
  if (!gather.fully_unshared_tables) return;
  SyncOne(t);
  gather.fully_unshared_tables = 0;
}

void GatherProtocol::FlushTlbOnly(const Thread& t) const {
  MmuGather& gather = t.gather();
  if (NothingToFlush(gather)) return;
  ArchFlush(t, gather);
  ResetRange(gather);
}

void GatherProtocol::ArchFlush(const Thread& t, const MmuGather& gather) const {
  Invalidation request{};
  if (ArchRequest(t, gather, request)) Invalidate(t, request);
}

bool ArchRequest(const Thread& t, const MmuGather& gather, Invalidation& request) {
  if (!t.system.arch->TlbFlush(gather, request)) return false;
  if (CountsGenerations(t.world())) [[unlikely]]
    request.freed_tables = gather.freed_tables;
  return true;
}

void GatherProtocol::Flush(const Thread& t) const {
  FlushTlbOnly(t);
  FreeTables(t);
  FreePages(t);
}

void GatherProtocol::Finish(const Thread& t) const {
  FinishPart& part = t.system.finish_part[static_cast<size_t>(Index(t.cpu))];
  part = FinishPart::kFlushes;
  if (!t.world().sc()) [[unlikely]]
    t.system.steps->Looked(CpuAgent(t.cpu), t.gather().caller_end);
  Finishing(t);
  Flush(t);
  part = FinishPart::kCompletes;
  BeforeDec(t);
  LowerPending(t);
  AfterDec(t);
  t.gather() = MmuGather{};
  part = FinishPart::kNone;
  LoadsNoMore(t);
}

void GatherProtocol::Canonicalize(const World&, PolicyBytes&) const {}

bool GatherProtocol::NothingToFlush(const MmuGather& gather) const {
  return !(gather.freed_tables || gather.cleared_ptes || gather.cleared_pmds ||
           gather.cleared_puds || gather.unshared_tables);
}

// Simplified: it takes the newest value. That of the raise it must take, since it has the lock
// under which the PTE was made PROT_NONE; that of a lowering it may miss, and then flushes for
// nothing.
bool GatherProtocol::FlushPending(const Thread& t, int page) const {
  t.Step(Point::pte_accessible, page);
  return t.world().mm.tlb_flush_pending != 0;
}

namespace {

// Of arm64: 6.18.2 broadcasts for all where the leaf changes, and for nobody where it does not;
// 7.1.3 has every CPU drop its own as it faults (TLBF_NOBROADCAST).
bool FaultsFlushLocally(const System& system) { return system.kernel >= KernelVersion::k7_1; }

// Of a huge leaf flush_tlb_page() up to 6.18, which names one address and no level; then a range of
// one stride, with TLBF_NOWALKCACHE. Neither drops what leads to it.
Invalidation LeafOf(const Thread& t, int page, Level level) {
  const Arch& arch = *t.system.arch;
  if (level == Level::kPte) return arch.FlushPage(page);
  const int first = RoundDown(page, kPagesPerPmd);
  if (!FaultsFlushLocally(t.system)) return arch.FlushPage(first);
  Invalidation leaf = arch.FlushPmdRange({first, first + kPagesPerPmd});
  leaf.pte_tables = leaf.pmd_tables = 0;
  leaf.last_level = 1;
  return leaf;
}

}  // namespace

void GatherProtocol::FlushAllowed(const Thread& t, int page, Level level) const {
  const Invalidation leaf = LeafOf(t, page, level);
  FaultsFlushLocally(t.system) ? InvalidateHere(t, leaf) : Invalidate(t, leaf);
}

void GatherProtocol::FlushSpurious(const Thread& t, int page, Level level) const {
  if (FaultsFlushLocally(t.system)) InvalidateHere(t, LeafOf(t, page, level));
}

bool FlushNested(const Thread& t) { return LoadCount(t, Point::pending_read) > 1; }

void RaisePending(const Thread& t) { RaisePending(t, t.system.order(Point::pending_inc)); }
void LowerPending(const Thread& t) { LowerPending(t, t.system.order(Point::pending_dec)); }

void RaisePending(const Thread& t, MemoryOrder order) {
  if (!MayBeLate(t.system)) [[likely]] {
    t.Step(Point::pending_inc);
    Updates(t, order, kCountAt);
    ++t.world().mm.tlb_flush_pending;
  } else {
    RaiseNowOrLater(t);
  }
  t.gather().live = 1;
  Call& call = t.self().call;
  if (call.number == 0) call.number = ++t.world().mm.calls_begun;
}

void LowerPending(const Thread& t, MemoryOrder order) {
  t.Step(Point::pending_dec);
  CheckPending(t.system, t.cpu);
  Updates(t, order, kCountAt);
  --t.world().mm.tlb_flush_pending;
  t.gather().live = 0;
  NoteGatherOver(t.system, t.cpu);
}

void FreeTables(const Thread& t) {
  MmuGather& gather = t.gather();
  const bool by_rcu = t.world().rcu != 0 && gather.table_count != 0 && FreesByRcu(t.system);
  if (by_rcu) [[unlikely]] {
    CallRcu(t, gather.tables[0].page);
  } else if (t.world().switches != 0 && gather.table_count != 0) [[unlikely]] {
    BeginGrace(t);
  }
  for (size_t i = 0; i < gather.table_count; ++i) {
    by_rcu ? HandOver(t, gather.tables[i]) : FreeTable(t, gather.tables[i]);
    gather.tables[i] = Queued{};
  }
  gather.table_count = 0;
}

void FreePages(const Thread& t) {
  MmuGather& gather = t.gather();
  for (size_t i = 0; i < gather.page_count; ++i) {
    FreePage(t, gather.pages[i]);
    gather.pages[i] = Queued{};
  }
  gather.page_count = 0;
}

void FreeTable(const Thread& t, Queued table) {
  if ((t.world().switches | t.world().rcu) == 0) [[likely]] {
    t.Step(Point::free_table, table.page);
  } else {
    t.StepWhen(Point::free_table, table.page, GraceIsOver, Index(t.cpu));
  }
  CheckGivenBack(t.system, t.cpu, table.frame, table.page, FrameState::kTable);
  CheckFreeTable(t.system, t.cpu, table.frame, table.page);
  GiveBack(t.world(), table.frame);
}

void PutReference(const Thread& t, FrameId frame, int page) {
  Folio& folio = t.world().folio(frame);
  if (folio.refs != 0) {
    --folio.refs;
    return;
  }
  CheckGivenBack(t.system, t.cpu, frame, page, FrameState::kData);
  CheckFreePage(t.system, t.cpu, frame, page, Level::kPte);
  GiveBack(t.world(), frame);
}

void FreePage(const Thread& t, Queued page) {
  const auto frame = [&](int k) { return MakeFrame(Index(page.frame) + k); };
  t.Step(Point::free_page, page.page);
  if (t.world().decides != 0) [[unlikely]] {
    for (int k = 0; k < PagesAt(page.level); ++k) PutReference(t, frame(k), page.page + k);
    return;
  }
  for (int k = 0; k < PagesAt(page.level); ++k) {
    CheckGivenBack(t.system, t.cpu, frame(k), page.page + k, FrameState::kData);
  }
  CheckFreePage(t.system, t.cpu, page.frame, page.page, page.level);
  for (int k = 0; k < PagesAt(page.level); ++k) GiveBack(t.world(), frame(k));
}

void WaitInFinish(const Thread& t, Ready ready, Location reads) {
  const uint32_t began = t.system.steps->steps();
  NoteWaitBegins(t.system, t.cpu, ready);
  LoadWhen(t, Point::finish_wait, ready, reads);
  NoteWaitEnds(t.system, t.cpu);
  t.system.cost.steps_waited += t.system.steps->steps() - began - 1;
}

void ResetRange(MmuGather& gather) {
  gather.start = gather.fullmm ? MmuGather::kWholeMm : kPages;
  gather.end = gather.fullmm ? MmuGather::kWholeMm : 0;
  gather.freed_tables = gather.unshared_tables = 0;
  gather.cleared_ptes = gather.cleared_pmds = gather.cleared_puds = 0;
}

void AdjustRange(MmuGather& gather, PageRange range) {
  gather.start = std::min(gather.start, static_cast<uint8_t>(range.begin));
  gather.end = std::max(gather.end, static_cast<uint8_t>(range.end));
}

PageRange CallerRange(const MmuGather& gather) { return {gather.caller_start, gather.caller_end}; }

Level UnmapLevel(const MmuGather& gather) {
  if (gather.cleared_ptes) return Level::kPte;
  if (gather.cleared_pmds) return Level::kPmd;
  if (gather.cleared_puds) return Level::kPud;
  return Level::kPte;
}

uint8_t LevelHint(const MmuGather& gather) {
  if (gather.freed_tables) return 0;
  if (gather.cleared_ptes + gather.cleared_pmds + gather.cleared_puds != 1) return 0;
  return static_cast<uint8_t>(1 + static_cast<int>(UnmapLevel(gather)));
}

}  // namespace gatherfuzz
