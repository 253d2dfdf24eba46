// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Taking mappings away: unmap_page_range() and what is below it.
#ifndef GATHERFUZZ_MODEL_KERNEL_ZAP_H_
#define GATHERFUZZ_MODEL_KERNEL_ZAP_H_

#include "model/system.h"

namespace gatherfuzz {

struct Op;

// What becomes of guard markers: munmap drops them (ZAP_FLAG_DROP_MARKER), madvise keeps them.
enum class Markers : uint8_t { kKeep, kDrop };

// MADV_DONTNEED also frees PTE tables that it leaves empty (CONFIG_PT_RECLAIM), those whose whole
// span lies in its range. Faithful to 6.14 and later: as a rule under the lock of the table, if
// that of the PMD table is free (the fast path); if a lock was dropped on the way, or the batch was
// full, or that lock was taken, after it, with both locks and a look at all entries (the slow one).
// Page tables then vanish under mmap_lock held for reading. Simplified: taking that lock, clearing
// and dropping it are one step; so are the look at all entries and the clearing.
enum class Tables : uint8_t { kKeep, kReclaim };

struct ZapDetails {
  Markers markers = Markers::kKeep;
  Tables tables = Tables::kKeep;
};

// Whether `op` may free page tables so, under some architecture of that kernel.
bool MayReclaimTables(const Op& op, KernelVersion kernel);

// Clears every leaf in `range`, which lies in one VMA, through the thread's live gather, and ends
// with tlb_end_vma(). A batch that fills up forces a flush before the page-table lock is dropped.
// At any other PTE that is not none the lock may be dropped without one (the detour need_resched):
// faithful to zap_pte_range() of 6.12, but that here the zap has done something first, so that it
// ends. Huge leaves that `range` covers in part are split first.
void ZapVma(const Thread& t, PageRange range, ZapDetails details = {});

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_ZAP_H_
