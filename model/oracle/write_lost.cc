// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// write-lost: no page begins to be written out while a TLB translates to it as dirty: a write
// through such an entry touches no PTE (H9), so nobody would know that the page has to be written
// once more. A clean entry does no harm: the PTE is gone, so a write through it faults.
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckStartIo(System& system, CpuId cpu, FrameId frame, int page) {
  ForEachTlb(system.world, [&](const OneTlb& it) {
    for (uint64_t bits = it.tlb->small_valid; bits != 0; bits &= bits - 1) {
      const int at = std::countr_zero(bits);
      const Pte& entry = it.tlb->small[at];
      if (entry.frame != frame || !entry.dirty()) continue;
      ReportHeld(system,
                 {.kind = ViolationKind::kWriteLost,
                  .page = page,
                  .frame = Index(frame),
                  .cpu = Index(cpu),
                  .holder = it.cpu,
                  .mapping = entry.mapping},
                 it, SmallEntry(at));
    }
  });
}

}  // namespace gatherfuzz
