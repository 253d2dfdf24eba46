// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a munmap is beside its locks: for who calls it with mmap_lock held, too.
#ifndef GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_
#define GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_

#include "model/system.h"

namespace gatherfuzz {

// do_vmi_munmap() with mmap_lock held for writing, which stays so: no downgrade. Some of `range` is
// in a VMA.
void UnmapUnderWriteLock(const Thread& t, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_
