// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a VMA allows, for who changes that: mprotect() (protect.cc), and a kernel's own.
#ifndef GATHERFUZZ_MODEL_KERNEL_PROTECT_H_
#define GATHERFUZZ_MODEL_KERNEL_PROTECT_H_

#include "model/kernel/ops.h"

namespace gatherfuzz {

// vma_modify_flags(), which cuts the VMA: `piece` is one, or some of one.
void SetAllows(Mm& mm, PageRange piece, VmaFlags flags);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_PROTECT_H_
