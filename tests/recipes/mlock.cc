// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// mlock: a system call that takes mmap_lock for writing, makes a step of its own, and changes
// nothing. With it, a kind of violation.
#include "model/kernel/locks.h"
#include "model/kernel/paths.h"

namespace gatherfuzz {

void MlockPath(const Thread& t, const Op& op) {
  MmapWriteLock(t);
  t.Step(Point::vma_lock, op.range.begin);
  if ((t.world().mm.vma_pages & MaskOf(op.range)) == 0) {
    t.system.Report({.kind = ViolationKind::kMlockOfNothing,
                     .page = op.range.begin,
                     .cpu = Index(t.cpu),
                     .detail = "nothing is mapped there"});
  }
  MmapWriteUnlock(t);
}

}  // namespace gatherfuzz
