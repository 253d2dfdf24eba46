// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Reclaim: pages are unmapped and freed behind the mm's back, with a flush that is deferred; dirty
// ones are written out, with a flush before that.
//
// Faithful to shrink_folio_list(), try_to_unmap_one() and what is called there (mm/vmscan.c,
// mm/rmap.c of 6.1, 6.12 and 7.1): no mmap_lock; for each page the rmap lock for reading, then the
// lock of the PTE table; the PTE is cleared, and where the architecture defers
// (Arch::defers_unmaps_since()), tlb_flush_batched counts what is owed; a batch of pages is flushed
// at once, and then freed. flush_tlb_batched_pending() pays for it where a call could take the PTE
// for one that somebody has flushed. It runs as kswapd, on a CPU that the mm does not run on, or in
// a thread of the mm (direct reclaim).
//
// Simplified: the walk down is one step with the taking of the rmap lock, and one lock stands for
// those of all VMAs; the lock of the page table is taken also for a none PTE; a page that is found
// dirty when it is cleared is put back in the same step, and owes nothing; a batch is as large as
// that of a gather; young pages go like old ones; what is written out is so at once. Of a large
// folio (folios.h) that is clean, a run of PTEs goes at once, as a lazyfree one's does from 6.15
// on; what it finds written is put back (6.18.2 and 7.1.5, mm/rmap.c; docs/model.md). Left out:
// huge leaves, other large folios, swap entries. Made up: what was taken comes back by a page
// fault, in a new frame, as a page of a file would.
#ifndef GATHERFUZZ_MODEL_KERNEL_RECLAIM_H_
#define GATHERFUZZ_MODEL_KERNEL_RECLAIM_H_

#include "model/system.h"

namespace gatherfuzz {

// Where a protocol renumbers the word on overflow (UnmapBatching::renumbers): which multiple of
// this it is in.
inline constexpr int kBatchedEpoch = 256;

// flush_tlb_batched_pending(), with the lock of a PTE table held, if the protocol under test calls
// it there (`at` is one of UnmapBatching's places, `page` where the caller works) and there is
// something to call it for: the steps batched_read, and, where something is owed, those of a whole
// flush and batched_cmpxchg.
void FlushBatchedPendingSlow(const Thread& t, unsigned at, int page);
inline void FlushBatchedPending(const Thread& t, unsigned at, int page) {
  if (t.world().reclaims != 0) FlushBatchedPendingSlow(t, at, page);
}

// unlink_anon_vmas(), unlink_file_vma(): reclaim does not find `detached` any more, nor is it on
// its way there. The step rmap_unlink, where there is reclaim.
void UnlinkFromRmap(const Thread& t, uint64_t detached, int page);

// pte_accessible() of a PROT_NONE page: whether a TLB may hold it still. The step pte_accessible.
bool Accessible(const Thread& t, int page);

// page_vma_mapped_walk() to `page`, in the step in which the rmap lock was taken: where the rmap
// leads to a PTE table, calls under_lock(arg, table) with its lock held; then the step rmap_unlock.
void WalkFromRmap(const Thread& t, int page, void (*under_lock)(void* arg, FrameId table),
                  void* arg);
template <typename UnderLock>
void WalkFromRmap(const Thread& t, int page, UnderLock under_lock) {
  WalkFromRmap(
      t, page, [](void* arg, FrameId table) { (*static_cast<UnderLock*>(arg))(table); },
      &under_lock);
}

// Whether reclaim has taken `page` and not freed it yet.
bool HeldByReclaim(const World& world, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_RECLAIM_H_
