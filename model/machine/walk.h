// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The hardware page-table walk, and the walk cache.
//
// A walk starts at the deepest table the walk cache has for the page (else at the root), reads one
// level a step, caches each table pointer it follows, and fills the TLB at the leaf. Reading the
// leaf, setting A (and D for a write) and filling are one step, as the hardware's locked update is.
// Any CPU may walk at any time, for any page, unasked (H1): each has a walk of its own for that,
// besides the one its thread's accesses use. A walk follows the pointer it has, whatever has become
// of the frame. Faithful: H1, H2, H9. Made up: the walk cache has room for every table, so no
// pointer is evicted. Simplified: the speculative walks of a CPU are one at a time.
#ifndef GATHERFUZZ_MODEL_MACHINE_WALK_H_
#define GATHERFUZZ_MODEL_MACHINE_WALK_H_

#include "model/machine/memory.h"
#include "model/system.h"

namespace gatherfuzz {

enum class WalkResult : uint8_t {
  kGoesOn,   // one level down; the walk is still in flight
  kFilled,   // the leaf is in the TLB
  kFaulted,  // a not-present entry, or a write that the leaf does not allow
};

// A walk for `page` as it begins: at the deepest table that the walk cache of `cpu` knows.
Walk NewWalk(const World& world, CpuId cpu, int page, bool write);

// Puts a walk for `page` in flight in slot `which` (kOwnWalk, kWalkerWalk) of `cpu`.
void BeginWalk(World& world, CpuId cpu, int which, int page, bool write);

// The yield point of the next step of a walk in flight.
inline Point NextPoint(const Walk& walk) {
  constexpr Point kReads[] = {Point::walk_pte, Point::walk_pmd, Point::walk_pud};
  return kReads[static_cast<size_t>(walk.level)];
}
// ... and the first step of NewWalk().
Point FirstPoint(const World& world, CpuId cpu, int page);

// Reads one level. The walk must be in flight; it is not any more unless the result is kGoesOn. Of
// the entry it takes the value that is `old` behind the newest (memory.h).
WalkResult AdvanceWalk(System& system, CpuId cpu, int which, int old = 0);

// The entry that is read next, as a variable.
inline Location LocationOfWalk(const Walk& walk) {
  return EntryLocation(walk.at.frame, EntryIndex(walk.page, walk.level));
}
// Whether the hardware would set A or D in `entry`, if the walk finds it there.
bool ChangesLeaf(const Walk& walk, Pte entry, Hardware hardware);

// One step of the hardware walker of `cpu`, whose fill of `page` begins or goes on; counts the
// step. True when the fill is over: filled, or faulted (quietly: nobody asked). A walk that an
// invalidation ended since its last step begins again. Hardware walks for what its TLB does not
// hold, so a walk that begins has evicted what was there.
bool StepWalker(System& system, CpuId cpu, int page, int old = 0);

// Whole walks of the pages of `range`, without steps, before the first one: there is no other agent
// to meet, and nothing stale to find.
void FillAtOnce(World& world, CpuId cpu, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_WALK_H_
