// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A change of a leaf that is a read and a store, where it has to be one atomic update: hardware
// that sets D in between has set it for nothing. Lines of the zoo (Z60, S5); no published policy
// makes these steps.
//
// Faithful in shape to pudp_huge_get_and_clear() of riscv before 546e42c8c6d9, and to its
// ptep_set_wrprotect() from 7.0 on (arch/riscv/include/asm/pgtable.h). The locks that keep other
// threads out are held; nothing keeps the hardware out.
#ifndef GATHERFUZZ_MODEL_KERNEL_LEAF_UPDATE_H_
#define GATHERFUZZ_MODEL_KERNEL_LEAF_UPDATE_H_

#include "model/system.h"

namespace gatherfuzz {

// The read: the step ptep_get. Returns the entry as it is.
Pte ReadLeaf(const Thread& t, FrameId table, int page);

// In the step of the store, before it: A and D of the leaf become what `read` says. If D had been
// set since, the oracle is told that the page is taken for clean.
void ForgetSince(const Thread& t, FrameId table, int page, Pte read);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_LEAF_UPDATE_H_
