// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A kernel tree's own callers as the thing under test: policy `callers`.
//
// madvise(MADV_DONTNEED, MADV_FREE), mprotect() and mremap() run from their entry to their return
// as the tree's objects, which its own kbuild has made with CONFIG_KCSAN=y; munmap() and the OOM
// reaper from their gather on. So do the gather, the zap and the freeing of page tables below them.
// Faults, reclaim and all other operations are the model's, beside them, on the same World.
// docs/callers.md says what is whose, and what is left out.
#ifndef GATHERFUZZ_MODEL_CALLERS_CALLERS_H_
#define GATHERFUZZ_MODEL_CALLERS_CALLERS_H_

#include "model/kernel/mmu_gather.h"

namespace gatherfuzz {

struct Room;

class Callers final : public GatherProtocol {
 public:
  // A call that the tree has is made by it; what is not, or may not be (MayCall), by `path`.
  void Run(const Thread& t, const Op& op, Path path) const override;

 protected:
  void Finishing(const Thread& t) const override;  // of the model's own, as in 6.12
};

// Whether the tree makes that call. Not a remap by which addresses do not move as pages do, or
// which needs the lock of the rmap against reclaim.
bool MayCall(const Thread& t, const Op& op);

// do_vmi_munmap() with mmap_lock held for writing, in a call whose kernel code waits meanwhile:
// where it ends, that goes on.
void UnmapWithinCall(Room& room, PageRange range);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_MODEL_CALLERS_CALLERS_H_
