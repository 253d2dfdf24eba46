// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A write fault on a leaf that is there and not writable: reuse, or copy on write.
//
// Faithful to do_wp_page() and wp_page_copy() of 6.12 (mm/memory.c): where userfaultfd may have
// write-protected the page and somebody owes a flush, the page is flushed first (5.13); what is
// exclusive is reused, as is what nobody else has a reference to; else a copy is made with no lock
// held, and the PTE is cleared and flushed before the copy is put there, if it is what it was.
// Simplified: every VMA is registered with userfaultfd (protect.cc); a huge leaf that is not
// exclusive is split first, and then copied page by page. Only where World::decides is set: else
// all that a VMA lets write is exclusive.
#ifndef GATHERFUZZ_MODEL_KERNEL_WP_PAGE_H_
#define GATHERFUZZ_MODEL_KERNEL_WP_PAGE_H_

#include "model/system.h"

namespace gatherfuzz {

enum class WpPage : uint8_t {
  kReuse,     // the lock is still held, and the caller gives the leaf the right to write
  kDone,      // copied, or changed meanwhile: the access will tell
  kNoMemory,  // for a copy
};
// With the lock of `table`, below `pmd_table`, held, which drops it unless it says kReuse; `seen`
// is the leaf of `page` there.
WpPage DoWpPage(const Thread& t, FrameId pmd_table, FrameId table, int page, Pte seen);

// Whether all that a huge leaf maps is exclusive.
bool IsExclusiveHuge(const World& world, Pte leaf);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_WP_PAGE_H_
