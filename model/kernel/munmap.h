// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What a munmap is beside its locks: for who calls it with mmap_lock held, too.
#ifndef GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_
#define GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_

#include "model/system.h"

namespace gatherfuzz {

// free_pgtables() of VMAs that had these pages and are out of the mm: unlinks every table below in
// whose span no VMA is left, into the thread's live gather.
void FreePgtables(const Thread& t, uint64_t pages);
// Takes the VMAs of all pages out of the mm, with mmap_lock held for writing; returns which pages
// they had. The step vma_detach.
uint64_t TakeOutAll(const Thread& t);

// VMAs that are out of the mm: all of them, as they were, and which pages they had.
struct Taken {
  Mm before;
  uint64_t detached;
};
// vms_gather_munmap_vmas(), with mmap_lock held for writing. The step vma_detach.
Taken TakeOut(const Thread& t, PageRange range);

// do_vmi_munmap() with mmap_lock held for writing, which stays so: no downgrade. Some of `range` is
// in a VMA.
void UnmapUnderWriteLock(const Thread& t, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_MUNMAP_H_
