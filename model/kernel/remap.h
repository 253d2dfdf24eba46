// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The VMA of a new place, for who moves pages there: mremap() (remap.cc), and a kernel's own.
#ifndef GATHERFUZZ_MODEL_KERNEL_REMAP_H_
#define GATHERFUZZ_MODEL_KERNEL_REMAP_H_

#include "model/system.h"

namespace gatherfuzz {

// copy_vma(): `to` becomes a VMA like that of page `from`. It must be free.
void CopyVma(World& world, int from, PageRange to);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_REMAP_H_
