// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The read-write lock of each VMA, where the kernel version says that there are some ("+vma").
//
// A reader tries, and never waits: where it fails it takes mmap_lock for reading. Who changes a VMA
// holds mmap_lock for writing and write-locks the VMA besides, which waits for those who read under
// its lock, and keeps new ones out from its first step on. Nobody drops a write lock: all of them
// are over as mmap_lock is dropped or downgraded (vma_end_write_all()).
//
// Faithful to lock_vma_under_rcu(), vma_start_read() and vma_start_write() of 6.12 (mm/memory.c,
// include/linux/mm.h: an rwsem, and a sequence of the mm) and of 6.17 and 7.1 (mm/mmap_lock.c: a
// count with the writer in its upper bits): to whoever waits or fails there is no difference.
// Simplified: a try is one step, with the lookup of the VMA and the look at its end in it; a VMA
// has its anon_vma from the beginning, so no fault takes mmap_lock for that. What a reader counts
// on while it holds the lock: its VMA is there, is not cut, and allows what it allows.
//
// Invariants: a thread reads under one lock at most; a VMA that is write-locked has no readers, but
// for the one writer that waits for them; there are write locks only under mmap_lock for writing.
#ifndef GATHERFUZZ_MODEL_KERNEL_VMA_LOCK_H_
#define GATHERFUZZ_MODEL_KERNEL_VMA_LOCK_H_

#include "model/system.h"

namespace gatherfuzz {

// Takes the read lock of the VMA that has all of `range` in it. False if there is none, or it is
// write-locked, or somebody waits to write-lock it; and, without a step, if VMAs have no locks.
bool VmaStartRead(const Thread& t, PageRange range);
void VmaEndRead(const Thread& t, int page);

// Write-locks the VMA of `page`, with mmap_lock held for writing: the step vma_start_write, then
// vma_write_wait where it has readers. Nothing if that is done already, or VMAs have no locks.
void VmaStartWrite(const Thread& t, int page);
// The same for one that is being linked, which nobody can have found yet: without a step.
void VmaStartWriteNew(const Thread& t, PageRange vma);

// vma_end_write_all(), within the step that drops or downgrades mmap_lock.
inline void VmaEndWriteAll(World& world) { world.mm.vma_locked = 0; }

// The first CPU whose thread holds the read lock of the VMA that begins at `first`; -1: none.
int VmaReader(const World& world, int first);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_VMA_LOCK_H_
