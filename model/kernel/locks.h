// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// mmap_lock and the page-table locks. A blocked thread is not runnable; it costs no steps.
//
// Faithful: modes, the downgrade, one lock for each table of PTEs (split PTLs), and one for each
// table of PMDs. Of the queue of mmap_lock (kernel/locking/rwsem.c, 6.12), what a deadlock can hang
// on: a writer that finds the lock taken queues, and while somebody reads, new readers wait behind
// it. Simplified: who waits is not granted the lock in the order of arrival; where the lock is
// free, whoever moves first has it, as spinning writers and readers that steal the lock do.
#ifndef GATHERFUZZ_MODEL_KERNEL_LOCKS_H_
#define GATHERFUZZ_MODEL_KERNEL_LOCKS_H_

#include <cstring>

#include "model/system.h"

namespace gatherfuzz {

void MmapReadLock(const Thread& t);
void MmapReadUnlock(const Thread& t);
// The step mmap_write_lock takes the lock, or queues for it; then mmap_write_wait takes it.
void MmapWriteLock(const Thread& t);
void MmapWriteUnlock(const Thread& t);
void MmapWriteDowngrade(const Thread& t);

// The lock of `table`, for a table at kPte or kPmd. `page` is where the caller works, for the
// trace.
void LockTable(const Thread& t, FrameId table, int page);
// ... and what the entry for `page` is, as the holder sees it at once.
Pte LockTableAndLook(const Thread& t, FrameId table, int page);
void UnlockTable(const Thread& t, FrameId table, int page);
// The lock of a table, taken and dropped again within the step that has begun: spin_trylock().
// False if it is held; else what the step does then is done under it, up to DropTried().
bool TryTable(const Thread& t, FrameId table);
void DropTried(const Thread& t, FrameId table);

// The lock of a PTE table that was found below `pmd_table`; false, with no lock held, if it is not
// there any more. Faithful: __pte_offset_map_lock() takes the lock, looks at the PMD entry again,
// and drops the lock. Here that is one step, since the lock of a table that is unlinked keeps
// nobody out; so no table is freed with its lock held, which is what RCU is for in the kernel.
bool LockPteTable(const Thread& t, FrameId pmd_table, FrameId table, int page);

// The CPU that a thread blocked at the step `point` waits for, if it waits for a lock, or for
// interrupts to go on there: the one that holds it, or, of a reader that writers keep out, one that
// queues to write. -1: it waits for something else. `arg` as it was given to StepWhen().
int HolderOf(const World& world, Point point, int arg);

// What a wait looks at, if that is a few bytes: who asks at every choice of a schedule need not
// call a function.
struct Waited {
  const uint8_t* at = nullptr;  // eight bytes of the World; null: only the wait's Ready knows
  uint64_t either = 0, or_else = 0;

  // The bytes of one of the two masks are all 0. Not if `at` is null.
  bool over() const {
    uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return ((bytes & either) == 0) | ((bytes & or_else) == 0);
  }
};
// The same as ready(world, arg), for as long as the World stays where it is.
Waited WaitedFor(const World& world, Ready ready, int arg);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_LOCKS_H_
