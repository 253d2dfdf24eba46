// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What those who decide on what pages hold have in common (folios.h): references and the lock of a
// frame, and the clearing of a PTE with a flush at once.
//
// Faithful in shape to folio_get(), folio_trylock(), folio_unlock(), folio_put() and
// ptep_clear_flush() (mm/pgtable-generic.c): a flush where pte_accessible() says so. Simplified: to
// find the page, take a reference and try its lock is one step; dropping several references is one.
// Only of use where World::decides is set.
#ifndef GATHERFUZZ_MODEL_KERNEL_FOLIO_H_
#define GATHERFUZZ_MODEL_KERNEL_FOLIO_H_

#include <optional>

#include "model/system.h"

namespace gatherfuzz {

// ptep_clear_flush(), with the lock of `table` held: the step pte_clear, and those of a flush of
// the page if a TLB may hold it. Returns the entry that was there.
Pte PtepClearFlush(const Thread& t, FrameId table, int page);

// The frame that a PTE maps at `page`, with a reference and its lock; none if there is none, or
// somebody has the lock. The step folio_trylock.
std::optional<FrameId> TryLockFolio(const Thread& t, int page);
// The step folio_unlock.
void UnlockFolio(const Thread& t, FrameId frame, int page);
// folio_put() of so many references: the step free_page.
void PutFolio(const Thread& t, FrameId frame, int page, int references = 1);

// A thread of `cpu` writes to the page through `entry`.
void NoteWrite(World& world, CpuId cpu, int page, const Pte& entry);

// PageAnonExclusive: nobody else can have a reference to what the leaf maps that counts on what it
// holds. Always so where nobody decides on content.
inline bool IsExclusive(const World& world, Pte leaf) {
  return world.decides == 0 || world.folio(leaf.frame).shared == 0;
}

// Whether the frame is one of a large folio's.
inline bool IsOfLargeFolio(const World& world, FrameId frame) {
  const int at = Index(frame) - world.folio_first;
  return 0 <= at && at < kPagesPerPmd && (world.folio_frames >> at & 1) != 0;
}
// folio_mark_dirty() of what the frame is of.
void MarkFolioDirty(World& world, FrameId frame);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_FOLIO_H_
