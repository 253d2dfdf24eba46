// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a program alone determines of the memory that a clean run leaves, and what it says of it.
//
// Policies take different numbers of steps, so one schedule interleaves differently under each. But
// operations of different CPUs that commute on a page leave it the same in any order. Where all of
// them do, the page ends as if the programs had run one after the other; that is what Predict()
// does, on a flat array of pages, without locks, tables of the machine, TLBs or steps. This holds
// for runs without a violation only: a stale entry makes an access go where the program does not
// say.
//
// Determined is, page by page:
// - the VMA, there and writable: unless two CPUs map the page, or one maps and another unmaps it. A
//   map fails as a whole, so a page that is not determined spoils every page mapped with it. Both
//   hold mmap_lock for writing, so each is one point in time.
// - the PTE, present and writable: the VMA must be determined, and no CPU may read or write the
//   page that another zaps (dontneed, munmap) or maps. Zaps commute with each other, and with a map
//   (what is mapped newly has no PTE); accesses commute with each other, and with a free, which
//   clears and sets a PTE under its lock. An access hits a stale TLB entry only after another CPU's
//   zap, or in a run that is not clean. Accesses also need that memory cannot run out. A page has
//   one frame, mapped or queued to be freed, and more only if it is populated again while another
//   CPU's gather has the last one queued; that, and what each fault has taken, must fit.
// - the PTE, dirty: its presence must be determined, no CPU may write what another frees, and no
//   free may skip it (split_folio): only the first page under a page table is certain to be
//   cleaned. Fills and reads set only the accessed bit, which is therefore left out.
//
// A block that a huge VMA may cover is one page in this: a fault populates all of it, a write
// dirties all of it, and any operation on a part splits it, after which a fault populates one page
// only. There an access conflicts with another CPU's free as well; and it must be certain that
// memory has an aligned block, since small pages are what a fault falls back to. Small pages and
// tables get the lowest free frame, so they lie below the most frames ever in use; each block of
// frames above that holds a remnant of one huge allocation at least.
//
// Neither is determined where reclaim may take the page, or some call changes its access or moves
// it; the VMA is not, either, for the last two.
//
// Left out: where a VMA begins, the accessed bit, the size of a leaf, frames, mapping numbers.
// Conservative: an operation counts for each page of its range, whether it does something there or
// fails.
#ifndef GATHERFUZZ_HARNESS_FINAL_MEMORY_H_
#define GATHERFUZZ_HARNESS_FINAL_MEMORY_H_

#include <cstdint>
#include <string>

#include "harness/schedule.h"
#include "model/machine/world.h"

namespace gatherfuzz {

// Bit masks of pages: those whose VMA, PTE, and dirty bit the program alone determines. Each is
// part of the one before.
struct Determined {
  uint64_t vma = 0, pte = 0, dirty = 0;
  friend bool operator==(const Determined&, const Determined&) = default;
};

Determined DeterminedBy(const Schedule& schedule);

// Bit masks of pages; what is not determined is left out.
struct FinalMemory {
  uint64_t vma = 0, vma_write = 0, present = 0, writable = 0, dirty = 0;
  friend bool operator==(const FinalMemory&, const FinalMemory&) = default;
};

// The memory that a run left.
FinalMemory Final(const World& world, const Determined& determined);

// The memory that the program says it leaves.
FinalMemory Predict(const Schedule& schedule, const Determined& determined);

// The first page at which two differ, and the first of its properties; page kNoPage if none.
struct MemoryDifference {
  int page = kNoPage;
  const char* property = "";
  bool left = false;  // whether the memory left has it; the program says the opposite
  explicit operator bool() const { return page != kNoPage; }
};
MemoryDifference FirstDifference(const FinalMemory& left, const FinalMemory& predicted);

// "page 2 is left not present; the program says present"
std::string Describe(const MemoryDifference& difference);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_HARNESS_FINAL_MEMORY_H_
