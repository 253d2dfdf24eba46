// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A hugetlb file that another mm maps as well: PMD tables that two mms share, and how they part.
//
// Where some program has `unshare` or `othermunmap`, a range of either stands for a mapping of such
// a file that both mms have, from before the first step: in each span of a PUD entry that the range
// touches and in which no VMA is, one PMD table, full of huge leaves, to which the PUD entries of
// both mms point. Frame::mapped of the table counts them. None of the other operations finds that
// mapping, and nothing else is ever mapped there. The other mm has no page tables here but those,
// and no CPU has anything of it cached: what its flushes do is not seen.
//
// Faithful to 6.12.117 (the scheme of 8ce720d5bd91), mm/hugetlb.c and asm-generic/tlb.h:
// __unmap_hugepage_range(), __huge_pmd_unshare(), tlb_unshare_pmd_ptdesc() and
// huge_pmd_unshare_flush(): the i_mmap lock for writing over all of it, the lock of the PMD table,
// the entry cleared and the count lowered; the TLB flush, and where nobody shares the table any
// more an IPI to all CPUs, before the i_mmap lock is dropped. Who finds that nobody shares the
// table clears its leaves and frees them and the table. Simplified: the pages go with the last
// mapping, as those of a file that is unlinked and closed; a gather is of whole spans, since the
// kernel unshares a span before an end of a VMA comes to lie in it (hugetlb_split()), while a call
// is judged by its own range; nobody comes to share a table again; the other mm clears the leaves
// and its entry for the table in one step; the lock of the hugetlb VMA is left out, since mmap_lock
// is held.
#ifndef GATHERFUZZ_MODEL_KERNEL_HUGETLB_H_
#define GATHERFUZZ_MODEL_KERNEL_HUGETLB_H_

#include "model/system.h"

namespace gatherfuzz {

// Of an operation's `range`, before the first step and when VMAs are there: lets the mms share its
// tables, as far as memory suffices.
void InitShared(World& world, PageRange range);

// ptdesc_pmd_is_shared().
inline bool IsShared(const World& world, FrameId table) { return world.at(table).mapped > 1; }

// Whether some page of `range` is of the file, so that no VMA can be there.
bool OfHugetlb(const World& world, PageRange range);

// What a munmap of `range` does with the file, through the thread's live gather: its pages and
// shares in tables; then tables that nobody shared. Of no effect where there is no file.
void UnmapHugetlb(const Thread& t, PageRange range);
void FreeHugetlbTables(const Thread& t, PageRange range);

// tlb_remove_table_sync_one(): an IPI to all CPUs, which waits for those whose interrupts are off.
// The step of that name. Whom it is for, software that walks tables with interrupts off, is not in
// the model.
void SyncOne(const Thread& t);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_HUGETLB_H_
