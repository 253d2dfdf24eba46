// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Guard markers: PTEs that are not none, that no hardware translates, and on which a fault ends in
// SIGSEGV (MADV_GUARD_INSTALL, 6.13).
//
// Faithful to 6.13 to 7.1 (mm/madvise.c, mm/pagewalk.c): a walk under the read lock populates the
// page tables, and puts a marker wherever it finds a none PTE; at the first page that is there, or
// huge, it stops, the whole range is zapped with a gather of its own, and the walk begins again.
// Where nothing was in the way there is no gather, and nothing looks at tlb_flush_pending.
// Simplified: after three zaps in vain the kernel drops mmap_lock and begins the call anew; here it
// ends, and is held to nothing. Another guard in the program is what beginning anew would be. Left
// out: that files, too, may have guards (6.15).
#ifndef GATHERFUZZ_MODEL_KERNEL_GUARD_H_
#define GATHERFUZZ_MODEL_KERNEL_GUARD_H_

#include "model/system.h"

namespace gatherfuzz {

// Takes the marker of `page` away, with the lock of `table` held: the step pte_marker.
void DropMarker(const Thread& t, FrameId table, int page);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_KERNEL_GUARD_H_
