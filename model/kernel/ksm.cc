// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// ksm: two pages that hold the same come to be one frame, which both map and nobody may write.
//
// Faithful to try_to_merge_two_pages(), write_protect_page() and replace_page() of 6.12 (mm/ksm.c):
// with mmap_lock for reading, each page is write-protected under the lock of its PTE table, and
// flushed before anybody looks at what it holds, if its PTE is writable or dirty, or the page
// exclusive, or somebody owes a flush; a page with references that are nobody's mapping is left
// alone; then the two are compared, and the PTE of the second is cleared, flushed, and set to the
// first one's frame, if it is what it was. Such a frame is copied by every write.
//
// Simplified: one hold of mmap_lock in place of two; both pages are given, where ksmd looks for
// them by checksum; a page of a huge leaf is left alone; a first page whose merge fails stays a KSM
// page, where break_cow() copies it at once.
#include "model/kernel/folio.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/shared.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

// A page of which the frame has a reference and is locked; `pte` as it was left.
struct Protected {
  bool done = false;
  FrameId frame{};
  Pte pte{};
};

// Calls under_lock(table) with the lock of the PTE table of `page` held; mmap_lock is held, and
// there is a VMA.
template <typename UnderLock>
void WithPte(const Thread& t, int page, UnderLock under_lock) {
  const FrameId pmd_table = PmdTableOf(t.world(), page);
  const Pte pmd = LoadEntry(t, Point::pmd_read, pmd_table, page).entry;
  if (!pmd.table() || !LockPteTable(t, pmd_table, pmd.frame, page)) return;
  under_lock(pmd.frame);
  UnlockTable(t, pmd.frame, page);
}

bool NeedsFlush(const Thread& t, int page, Pte seen) {
  const Decisions decides = t.system.protocol->Decides();
  return seen.writable() || seen.dirty() ||
         (decides.ksm_by_exclusive && IsExclusive(t.world(), seen)) ||
         (decides.ksm_asks && t.system.protocol->FlushPending(t, page));
}

// Nobody refers to the frame but its mappings, of which one is cleared, and the caller.
bool OnlyMapped(const World& world, FrameId frame) {
  return world.folio(frame).refs == world.at(frame).mapped + 1;
}

// write_protect_page(), once the lock is held. False if the page is to be left alone.
bool WriteProtectPte(const Thread& t, FrameId table, int page, Protected& it) {
  World& world = t.world();
  it.pte = LoadEntry(t, Point::pte_read, table, page).entry;
  if (!it.pte.there() || it.pte.frame != it.frame) return false;
  if (!NeedsFlush(t, page, it.pte)) return true;
  const Pte before = PtepClearFlush(t, table, page);
  t.Step(Point::folio_ref, page);
  const bool only_mapped = OnlyMapped(world, it.frame);
  Folio& folio = world.folio(it.frame);
  if (only_mapped && folio.shared == 0) folio.shared = Folio::kShared;
  if (only_mapped && before.dirty()) folio.dirty = 1;
  t.Step(Point::pte_set, page);
  constexpr unsigned kTaken = Pte::kWrite | Pte::kDirty;
  const unsigned flags = only_mapped ? before.flags & ~kTaken : before.flags;
  InstallLeaf(world, table, page, it.frame, static_cast<uint8_t>(flags));
  it.pte = EntryOf(world, table, page);
  return only_mapped;
}

Protected WriteProtect(const Thread& t, int page) {
  Protected it;
  const std::optional<FrameId> frame = TryLockFolio(t, page);
  if (!frame) return it;
  it.frame = *frame;
  WithPte(t, page, [&](FrameId table) { it.done = WriteProtectPte(t, table, page, it); });
  if (it.done) return it;
  UnlockFolio(t, it.frame, page);
  PutFolio(t, it.frame, page);
  return it;
}

// replace_page(): gives the mapping the caller's reference to `frame`. False if the PTE has
// changed.
bool Replace(const Thread& t, int page, const Protected& it, FrameId frame) {
  World& world = t.world();
  bool done = false;
  WithPte(t, page, [&](FrameId table) {
    const Pte now = LoadEntry(t, Point::pte_read, table, page).entry;
    if (now.frame != it.pte.frame || now.flags != it.pte.flags) return;
    PtepClearFlush(t, table, page);
    t.Step(Point::pte_set, page);
    const bool none = (world.mm.vma_none & PageBit(page)) != 0;
    InstallLeaf(world, table, page, frame, none ? Pte::kInvalid : Pte::kPresent);
    CheckCoherent(t.system, t.cpu, page, frame, -1);
    done = true;
  });
  return done;
}

// pages_identical().
bool Identical(const Thread& t, int page, FrameId merged, int kept_page, FrameId kept) {
  const World& world = t.world();
  t.Step(Point::memcmp_pages, page);
  CheckDecision(t.system, t.cpu, merged, page, "is compared to be merged");
  CheckDecision(t.system, t.cpu, kept, kept_page, "is compared to be merged");
  return kept != merged && world.folio(kept).holds == world.folio(merged).holds;
}

// try_to_merge_with_ksm_page(), where `kept` is the KSM page, to which the caller has a reference.
// True if that has become the mapping's.
bool MergeInto(const Thread& t, int page, int kept_page, FrameId kept) {
  const Protected it = WriteProtect(t, page);
  if (!it.done) return false;
  const bool replaced = Identical(t, page, it.frame, kept_page, kept) && Replace(t, page, it, kept);
  UnlockFolio(t, it.frame, page);
  PutFolio(t, it.frame, page, replaced ? 2 : 1);
  return replaced;
}

}  // namespace

void KsmPath(const Thread& t, const Op& op) {
  const int page = op.range.begin, other = op.to;
  MmapReadLock(t);
  const uint64_t both = PageBit(page) | PageBit(other);
  if (page != other && (t.world().mm.vma_pages & both) == both) {
    const Protected kept = WriteProtect(t, page);
    if (kept.done) {
      UnlockFolio(t, kept.frame, page);
      t.world().folio(kept.frame).shared = Folio::kKsm;
      if (!MergeInto(t, other, page, kept.frame)) PutFolio(t, kept.frame, page);
    }
  }
  MmapReadUnlock(t);
}

}  // namespace gatherfuzz
