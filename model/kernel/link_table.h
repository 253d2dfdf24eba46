// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Linking a page table that is missing, outside of page faults.
#ifndef GATHERFUZZ_MODEL_KERNEL_LINK_TABLE_H_
#define GATHERFUZZ_MODEL_KERNEL_LINK_TABLE_H_

#include "model/system.h"

namespace gatherfuzz {

// Links what is missing above the PTE of `page`, if anything is (__pmd_alloc(), __pte_alloc());
// false if there is no frame for it. `table` is the one whose entry for the page may be none.
// Simplified: to link a PMD table is one step, in place of lock, check and link.
bool LinkTable(const Thread& t, FrameId table, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_LINK_TABLE_H_
