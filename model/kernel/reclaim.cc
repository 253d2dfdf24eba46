// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// reclaim and swapout: what kswapd, or a thread that needs memory, does to pages.
#include "model/kernel/reclaim.h"

#include <algorithm>

#include "model/arch/arch.h"
#include "model/check.h"
#include "model/kernel/folio.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/pfn_map.h"
#include "model/kernel/shared.h"
#include "model/kernel/switch_mm.h"
#include "model/machine/invalidation.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

bool Defers(const System& system) { return system.arch->defers_unmaps_since() <= system.kernel; }

// arch_tlbbatch_should_defer(): on x86, whether the mm runs anywhere else.
bool ShouldDefer(const Thread& t) {
  return Defers(t.system) && (RunsElsewhere(t) || t.system.arch->defers_always());
}

bool NobodyWalksRmap(const World& world, int) { return world.mm.rmap_readers == 0; }

// set_tlb_ubc_flush_pending(), its count. The kernel keeps two halves of one word, and puts it back
// to 1 and 0 when the first is about to overflow.
void OweFlush(const Thread& t, int page) {
  const UnmapBatching batching = t.system.protocol->BatchesUnmaps();
  t.Step(Point::batched_inc, page);
  Mm& mm = t.world().mm;
  const int epoch = batching.renumbers ? mm.batched_pending / kBatchedEpoch : 0;
  if (batching.one_flag) {
    mm.batched_pending = 1;
  } else if (mm.batched_pending - epoch * kBatchedEpoch <= batching.most) {
    ++mm.batched_pending;
  } else {
    const int next = batching.renumbers ? (epoch + 1) * kBatchedEpoch : 0;
    mm.batched_pending = static_cast<uint16_t>(next + 1);
    mm.batched_flushed = static_cast<uint16_t>(next);
  }
}

// By its PTE, or, where frames have that (folios.h), by PG_dirty.
bool IsDirty(const World& world, Pte leaf) {
  return leaf.dirty() || (world.decides != 0 && world.folio(leaf.frame).dirty != 0);
}

// The pages from `page` up to `end` have gone from the page table: flushes for them, or comes to
// owe it.
void FlushUnmapped(const Thread& t, int page, int end) {
  const Arch& arch = *t.system.arch;
  const bool defers = ShouldDefer(t);
  for (int each = page; each < end; ++each) {
    if (!defers) Invalidate(t, arch.FlushPage(each));
    if (defers && arch.issues_at_unmap()) AddInvalidation(t, arch.FlushPage(each));
  }
  if (!defers) return;
  if (CountsGenerations(t.world())) AddToBatch(t, page);
  OweFlush(t, page);
  t.gather().cleared_ptes = 1;
}

void Queue(MmuGather& batch, Pte leaf, int page) {
  GATHERFUZZ_CHECK(batch.page_count < kMaxBatch);
  batch.pages[batch.page_count++] = {leaf.frame, static_cast<uint8_t>(page), Level::kPte};
}

// try_to_unmap_one(), with the lock of `table` held. The gather of the CPU, which reclaim has no
// other use for, has the pages that are to be freed; cleared_ptes is its flush_required, and
// cleared_pmds says that the last page is to be written out.
void UnmapPte(const Thread& t, FrameId table, int page, bool pages_out) {
  World& world = t.world();
  t.Step(Point::pte_read, page);
  const Pte seen = EntryOf(world, table, page);
  if (!seen.there() || IsPfnMap(world, page) || (IsDirty(world, seen) && !pages_out)) return;
  ReadTlbiAsidFirst(t);
  t.Step(Point::pte_clear, page);
  const bool dirty = IsDirty(world, EntryOf(world, table, page));
  if (dirty && !pages_out) return ForgetTlbiAsid(t);  // meanwhile, by the hardware: it stays
  MmuGather& batch = t.gather();
  StoresEntry(t, Point::pte_clear, table, page, Access::kUpdate);
  const Pte leaf = ClearLeaf(world, table, page);
  batch.cleared_pmds = dirty;
  Queue(batch, leaf, page);
  if (seen.hidden() && !Accessible(t, page)) return ForgetTlbiAsid(t);
  FlushUnmapped(t, page, page + 1);
}

// --- A large lazyfree folio ---

// A run of its PTEs, which reclaim takes at once (folio_unmap_pte_batch()): those in a row in one
// VMA that differ in nothing but A, D and W; from 7.0 on (CVE-2026-31398) in nothing but A and D.
// Before 6.15, one. Every PTE is a step, as the kernel reads and clears it.
class FolioRun {
 public:
  FolioRun(const Thread& t, FrameId table, int page, int end)
      : t_(t), world_(t.world()), table_(table), begin_(page), end_(page + 1), most_(end) {}

  // Takes the run away, or puts it back where it has been written to; returns the page behind it.
  int Unmap() {
    t_.Step(Point::pte_read, begin_);
    first_ = Entry(begin_);
    if (!first_.there() || world_.folio(first_.frame).dirty != 0) return end_;
    if (Batches()) FindEnd();
    ReadTlbiAsidFirst(t_);
    for (int page = begin_; page < end_; ++page) Clear(page);
    if (!first_.hidden() || Accessible(t_, begin_)) {
      FlushUnmapped(t_, begin_, end_);
    } else {
      ForgetTlbiAsid(t_);
    }
    if ((seen_ & Pte::kDirty) != 0) {
      PutBack();
    } else {
      for (int page = begin_; page < end_; ++page) Queue(t_.gather(), LeafOf(page), page);
    }
    return end_;
  }

 private:
  bool Batches() const { return t_.system.kernel >= KernelVersion::k6_17; }
  Pte Entry(int page) const { return EntryOf(world_, table_, page); }
  Pte LeafOf(int page) const {
    return {.frame = MakeFrame(Index(first_.frame) + page - begin_), .flags = first_.flags};
  }

  // folio_pte_batch().
  void FindEnd() {
    const bool by_write = t_.system.protocol->BatchesUnmaps().runs_by_write ||
                          t_.system.kernel >= KernelVersion::k7_1;
    const int table_end = RoundDown(begin_, kPagesPerPmd) + kPagesPerPmd;
    const unsigned ignored = Pte::kAccessed | Pte::kDirty | (by_write ? 0 : Pte::kWrite);
    for (; end_ < std::min(most_, table_end); ++end_) {
      t_.Step(Point::pte_read, end_);
      const Pte next = Entry(end_), expected = LeafOf(end_);
      const bool begins_vma = (world_.mm.vma_starts & PageBit(end_)) != 0;
      const bool alike = ((next.flags ^ expected.flags) & ~ignored) == 0;
      if (begins_vma || !next.there() || !alike || next.frame != expected.frame) return;
      if (!IsOfLargeFolio(world_, next.frame)) return;
    }
  }

  // A step of get_and_clear_ptes().
  void Clear(int page) {
    t_.Step(Point::pte_clear, page);
    seen_ |= Entry(page).flags & (Pte::kAccessed | Pte::kDirty);
    ClearLeaf(world_, table_, page);
  }

  // set_ptes(): all as the first one was, but for A and D, which are those of any.
  void PutBack() {
    MarkFolioDirty(world_, first_.frame);
    for (int page = begin_; page < end_; ++page) {
      t_.Step(Point::pte_set, page);
      InstallLeaf(world_, table_, page, LeafOf(page).frame,
                  static_cast<uint8_t>(first_.flags | seen_));
      CheckExclusive(t_.system, t_.cpu, page);
    }
  }

  const Thread& t_;
  World& world_;
  const FrameId table_;
  const int begin_;
  int end_;
  const int most_;
  Pte first_{};
  unsigned seen_ = 0;  // A and D, of any
};

// Of what is mapped at `page`, whether it is one: what MADV_FREE has left (PG_swapbacked is not
// set), which is what is clean, and is not written out.
bool IsLazyFolio(World& world, FrameId table, int page, bool pages_out) {
  if (world.folio_frames == 0 || pages_out) return false;
  const Pte leaf = EntryOf(world, table, page);
  return leaf.there() && IsOfLargeFolio(world, leaf.frame);
}

// Whether the rmap leads to pages of the block of `page`, and a PTE table is there. Where no VMA is
// left in the block, that table is being unlinked.
bool FindsTable(const World& world, int page) {
  const int first = RoundDown(page, kPagesPerPmd);
  const uint64_t found = world.mm.vma_pages | world.mm.detached;
  if ((found & MaskOf({first, first + kPagesPerPmd})) == 0) return false;
  return EntryAt(world, page, Level::kPud).table() && EntryAt(world, page, Level::kPmd).table();
}

// Returns the page behind what it has come to.
int TryToUnmap(const Thread& t, int page, int end, bool pages_out) {
  int behind = page + 1;
  t.Step(Point::rmap_lock, page);
  WalkFromRmap(t, page, [&](FrameId table) {
    if (IsLazyFolio(t.world(), table, page, pages_out)) [[unlikely]] {
      behind = FolioRun(t, table, page, end).Unmap();
    } else {
      UnmapPte(t, table, page, pages_out);
    }
  });
  return behind;
}

// try_to_unmap_flush().
void TryToUnmapFlush(const Thread& t) {
  if (t.gather().cleared_ptes == 0) return;
  if (t.system.arch->issues_at_unmap()) {
    AwaitInvalidation(t);
  } else if (CountsGenerations(t.world())) {
    FlushBatch(t);
  } else {
    Invalidation request = WholeInvalidation();
    request.of_all = AllocatesAsids(t.world());  // of whatever ASID
    Invalidate(t, request);
  }
  t.gather().cleared_ptes = 0;
}

// pageout(), with try_to_unmap_flush_dirty() before it.
void PageOut(const Thread& t, int page) {
  MmuGather& batch = t.gather();
  if (!t.system.protocol->BatchesUnmaps().writes_first) TryToUnmapFlush(t);
  t.Step(Point::start_io, page);
  const FrameId frame = batch.pages[batch.page_count - 1].frame;
  CheckDecision(t.system, t.cpu, frame, page, "begins to be written out");
  if (t.world().decides != 0) t.world().folio(frame).dirty = 0;
  batch.cleared_pmds = 0;
}

// The end of shrink_folio_list(), or a batch that is full.
void FlushAndFree(const Thread& t) {
  const bool frees_first = t.system.protocol->BatchesUnmaps().frees_first;
  if (!frees_first) TryToUnmapFlush(t);
  FreePages(t);
  if (frees_first) TryToUnmapFlush(t);
}

}  // namespace

bool Accessible(const Thread& t, int page) {
  return !t.system.protocol->BatchesUnmaps().trusts_prot_none &&
         t.system.protocol->FlushPending(t, page);
}

void WalkFromRmap(const Thread& t, int page, void (*under_lock)(void* arg, FrameId table),
                  void* arg) {
  World& world = t.world();
  if (!FindsTable(world, page)) return;
  world.mm.rmap_readers |= CpuBit(t.cpu);
  const FrameId pmd_table = PmdTableOf(world, page);
  const FrameId table = EntryOf(world, pmd_table, page).frame;
  if (LockPteTable(t, pmd_table, table, page)) {
    under_lock(arg, table);
    UnlockTable(t, table, page);
  }
  t.Step(Point::rmap_unlock, page);
  world.mm.rmap_readers &= static_cast<uint8_t>(~CpuBit(t.cpu));
}

void FlushBatchedPendingSlow(const Thread& t, unsigned at, int page) {
  const UnmapBatching batching = t.system.protocol->BatchesUnmaps();
  if (!Defers(t.system) || (batching.asks & at) == 0) return;
  Mm& mm = t.world().mm;
  t.Step(Point::batched_read, page);
  const uint16_t pending = mm.batched_pending, flushed = mm.batched_flushed;
  if (pending == flushed) return;
  if (!batching.waits_only) {
    Invalidation request = WholeInvalidation();
    request.freed_tables = CountsGenerations(t.world());  // as flush_tlb_mm() has it
    Invalidate(t, request);
  } else if (t.self().invalidation.undelivered != 0) {
    AwaitInvalidation(t);
  }
  t.Step(Point::batched_cmpxchg, page);
  if (batching.one_flag) {
    mm.batched_pending = 0;
  } else if (mm.batched_pending == pending && mm.batched_flushed == flushed) {
    mm.batched_flushed = pending;
  }
}

void UnlinkFromRmap(const Thread& t, uint64_t detached, int page) {
  if (t.world().reclaims == 0) return;
  t.StepWhen(Point::rmap_unlink, page, NobodyWalksRmap, 0);
  t.world().mm.detached &= ~detached;
}

bool HeldByReclaim(const World& world, int page) {
  for (int i = 0; i < world.cpu_count; ++i) {
    const MmuGather& batch = world.at(MakeCpu(i)).gather;
    if (batch.live != 0) continue;
    for (size_t k = 0; k < batch.page_count; ++k) {
      if (batch.pages[k].page == page && Index(batch.pages[k].frame) != 0) return true;
    }
  }
  return false;
}

void ReclaimPath(const Thread& t, const Op& op) {
  const bool pages_out = Info(op.kind).is(effect::kPagesOut);
  // A run of a folio is in one batch.
  const int most = t.world().folio_frames != 0 ? std::min<int>(t.world().mm.batch, kMaxBatch - 3)
                                               : t.world().mm.batch;
  for (int page = op.range.begin; page < op.range.end;) {
    const int behind = TryToUnmap(t, page, op.range.end, pages_out);
    if (t.gather().cleared_pmds != 0) PageOut(t, page);
    if (t.gather().page_count >= most) FlushAndFree(t);
    page = behind;
  }
  FlushAndFree(t);
}

}  // namespace gatherfuzz
