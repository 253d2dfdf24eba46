// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Huge leaves: splitting one that is only partly affected.
//
// As in __split_huge_pmd(): under the lock of the PMD table the leaf is taken away and flushed at
// once (not through the gather), then a PTE table with the same frames takes its place.
// Simplified: the table is allocated there (the kernel deposited it at the fault).
#ifndef GATHERFUZZ_MODEL_KERNEL_HUGE_H_
#define GATHERFUZZ_MODEL_KERNEL_HUGE_H_

#include "model/system.h"

namespace gatherfuzz {

// Splits the huge leaf that maps `page`. Does nothing if none is there.
void SplitHugePmd(const Thread& t, FrameId pmd_table, int page);

// split_huge_pmd_if_needed(), where a VMA is cut: splits a huge leaf that has `page` inside.
void SplitHugeAt(const Thread& t, int page);

// pmdp_invalidate(), under the lock of the PMD table: hides the leaf from the hardware and flushes
// it. The caller puts something else in its place before it drops the lock.
void InvalidateHugePmd(const Thread& t, FrameId pmd_table, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_HUGE_H_
