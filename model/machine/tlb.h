// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The TLB of a CPU: copies of leaf entries, by page and size.
//
// Kept apart from the walk cache (H2 of the hardware rules in docs/model.md). It has room for every
// page, so an entry lives until an invalidation drops it, or until the CPU's hardware walker evicts
// it (walk.h): when that happens is the schedule's choice, as a TLB may evict what it likes.
// Entries that are not present are not cached, but where hardware.h says so (H7): then a bit for
// each page, whatever the level at which the walk ended. Faithful: what may be cached, and that any
// entry may go. Made up: the capacity.
#ifndef GATHERFUZZ_MODEL_MACHINE_TLB_H_
#define GATHERFUZZ_MODEL_MACHINE_TLB_H_

#include "model/machine/world.h"

namespace gatherfuzz {

// The entry that translates `page`, small before huge; null on a miss.
const Pte* Lookup(const Tlb& tlb, int page);

// Copies the leaf `pte`, read at `level`, for `page`. `replace` overwrites an entry that is there,
// as the walk of a write through a clean entry does (H9).
void Fill(Tlb& tlb, int page, Level level, Pte pte, bool replace);

// Remembers that nothing translates `page`; forgets it, as filling, evicting and dropping do, too.
void FillAbsent(Tlb& tlb, int page);
void ForgetAbsent(Tlb& tlb, int page);

// Drops what translates `page`, whatever its size.
void Evict(Tlb& tlb, int page);

struct Dropped {
  int entries = 0;
  int needless = 0;  // of those, still equal to the PTE of their page
};

// Drops the named entries: small[p] for each bit p, huge[b] for each bit b.
Dropped Drop(const World& world, Tlb& tlb, uint64_t small, uint64_t huge);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_MACHINE_TLB_H_
