// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Taking mappings away: unmap_page_range() and what is below it.
#ifndef GATHERFUZZ_MODEL_KERNEL_ZAP_H_
#define GATHERFUZZ_MODEL_KERNEL_ZAP_H_

#include "model/system.h"

namespace gatherfuzz {

// Clears every leaf in `range`, which lies in one VMA, through the thread's live gather, and ends
// with tlb_end_vma(). A batch that fills up forces a flush before the page-table lock is dropped.
// At any other PTE that is not none the lock may be dropped without one (the detour need_resched):
// faithful to zap_pte_range() of 6.12, but that here the zap has done something first, so that it
// ends. Huge leaves that `range` covers in part are split first.
void ZapVma(const Thread& t, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_ZAP_H_
