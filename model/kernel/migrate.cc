// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// migrate: what a page holds moves to a new frame, behind the mm's back.
//
// Faithful to migrate_folio_unmap(), try_to_migrate_one(), migrate_folio_move() and
// remove_migration_pte() of 6.12 (mm/migrate.c, mm/rmap.c), as it is done synchronously: no
// mmap_lock; the frame is isolated and locked; by the rmap, under the lock of the PTE table, the
// PTE is cleared, flushed at once if a TLB may hold it (pte_accessible()), and becomes a migration
// entry; where nobody else has a reference the content is copied; then, by the rmap again, the
// entry becomes a leaf of the new frame, with what the old one allowed, or of the old one where
// that was refused. A page fault that finds the entry waits for the frame's lock, with mmap_lock
// held. Whoever changes, moves or clears PTEs meanwhile does so to the entry.
//
// Simplified: a frame that is mapped elsewhere, or pinned, is not moved (the kernel moves what only
// other mms map as well); asynchronous migration, which defers its flush as reclaim does since 6.3,
// is not there; huge pages are passed over; one step looks at the references and copies.
#include "model/kernel/folio.h"
#include "model/kernel/locks.h"
#include "model/kernel/mmu_gather.h"
#include "model/kernel/page_table.h"
#include "model/kernel/paths.h"
#include "model/kernel/reclaim.h"
#include "model/machine/frames.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

class Migration {
 public:
  Migration(const Thread& t, int page, FrameId from, FrameId to)
      : t_(t), world_(t.world()), page_(page), from_(from), to_(to) {}

  void Run() {
    if (!Unmap()) return GiveUp(1);
    const bool copied = Copy();
    const bool restored = Restore(copied ? to_ : from_);
    UnlockFolio(t_, from_, page_);
    if (copied) HandOver();
    // What was mapped has left its reference to whom it was unmapped by.
    if (!copied || !restored) PutFolio(t_, to_, page_);
    PutFolio(t_, from_, page_, restored && !copied ? 1 : 2);
  }

 private:
  void GiveUp(int references) {
    UnlockFolio(t_, from_, page_);
    PutFolio(t_, to_, page_);
    PutFolio(t_, from_, page_, references);
  }

  // try_to_migrate(). False if the page is mapped there no more.
  bool Unmap() {
    bool unmapped = false;
    t_.Step(Point::rmap_lock, page_);
    WalkFromRmap(t_, page_, [&](FrameId table) {
      t_.Step(Point::pte_read, page_);
      const Pte seen = EntryOf(world_, table, page_);
      if (!seen.there() || seen.frame != from_) return;
      const Pte leaf = PtepClearFlush(t_, table, page_);
      t_.Step(Point::pte_migration, page_);
      constexpr unsigned kKept = Pte::kWrite | Pte::kAccessed | Pte::kDirty;
      EntryOf(world_, table, page_) = {
          .mapping = 0,
          .frame = from_,
          .flags = static_cast<uint8_t>(Pte::kMigration | (leaf.flags & kKept))};
      if (leaf.dirty()) world_.folio(from_).dirty = 1;
      unmapped = true;
    });
    return unmapped;
  }

  // folio_migrate_mapping() and folio_copy(). False if somebody else refers to the frame.
  bool Copy() {
    t_.Step(Point::copy_page, page_);
    const Folio& from = world_.folio(from_);
    if (from.refs != 1 || world_.at(from_).mapped != 0) return false;
    CheckDecision(t_.system, t_.cpu, from_, page_, "is copied to be moved");
    Folio& to = world_.folio(to_);
    to.holds = from.holds;
    to.dirty = from.dirty;
    to.shared = from.shared;
    return true;
  }

  // Where the migration entry stands by now; -1 if it is gone.
  int WhereItIs() const {
    for (int page = 0; page < kPages; ++page) {
      const Pte entry = EntryAt(world_, page, Level::kPte);
      if (entry.migration() && entry.frame == from_) return page;
    }
    return -1;
  }

  // remove_migration_ptes(). False if there is no entry any more.
  bool Restore(FrameId frame) {
    for (;;) {
      t_.Step(Point::rmap_find, page_);
      const int page = WhereItIs();
      if (page < 0) return false;
      bool restored = false;
      WalkFromRmap(t_, page, [&](FrameId table) { restored = RestorePte(table, page, frame); });
      if (restored) return true;  // else it has moved
    }
  }

  // remove_migration_pte().
  bool RestorePte(FrameId table, int page, FrameId frame) {
    t_.Step(Point::pte_read, page);
    const Pte entry = EntryOf(world_, table, page);
    if (!entry.migration() || entry.frame != from_) return false;
    t_.Step(Point::pte_restore, page);
    InstallLeaf(world_, table, page, frame, LeafFlags(entry, page));
    world_.folio(frame).shared = world_.folio(from_).shared;
    CheckCoherent(t_.system, t_.cpu, page, frame, -1);
    CheckExclusive(t_.system, t_.cpu, page);
    return true;
  }

  uint8_t LeafFlags(Pte entry, int page) const {
    const bool none = (world_.mm.vma_none & PageBit(page)) != 0;
    const unsigned kept = entry.flags & ~unsigned{Pte::kMigration};
    return static_cast<uint8_t>(kept | (none ? Pte::kInvalid : Pte::kPresent));
  }

  // What came to share the page meanwhile (fork), shares the new frame.
  void HandOver() {
    Folio& from = world_.folio(from_);
    Folio& to = world_.folio(to_);
    to.refs = static_cast<uint8_t>(to.refs + from.others);
    to.others = static_cast<uint8_t>(to.others + from.others);
    from.refs = static_cast<uint8_t>(from.refs - from.others);
    from.others = 0;
  }

  const Thread& t_;
  World& world_;
  const int page_;
  const FrameId from_, to_;
};

}  // namespace

void MigratePath(const Thread& t, const Op& op) {
  const int page = op.range.begin;
  const std::optional<FrameId> from = TryLockFolio(t, page);
  if (!from) return;
  t.Step(Point::alloc_page, page);
  const std::optional<FrameId> to = TakeData(t.world(), Level::kPte);
  if (to) return Migration(t, page, *from, *to).Run();
  UnlockFolio(t, *from, page);
  PutFolio(t, *from, page);
}

}  // namespace gatherfuzz
