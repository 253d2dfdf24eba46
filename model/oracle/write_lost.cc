// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// write-lost: nobody decides on what a frame holds while a TLB can still change it unseen. To
// decide is to begin to write it out, to copy it to another frame that takes its place, or to
// compare it with one that is to.
//
// What can change it unseen is a translation that is writable and dirty: a write through it touches
// no PTE (H9), so nobody would know of it. Through a clean one the hardware asks the PTE, and
// whoever decides has taken the right to write from that first, or has taken it away. One that is
// read-only writes nothing.
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckDecision(System& system, CpuId cpu, FrameId frame, int page, const char* decides) {
  const auto judge = [&](const OneTlb& it, const Pte& entry, int frames, int at) {
    const int offset = Index(frame) - Index(entry.frame);
    if (offset < 0 || offset >= frames || !entry.dirty() || !entry.writable()) return;
    ReportHeld(system,
               {.kind = ViolationKind::kWriteLost,
                .page = page,
                .frame = Index(frame),
                .cpu = Index(cpu),
                .holder = it.cpu,
                .mapping = entry.mapping,
                .detail = decides},
               it, at);
  };
  ForEachTlb(system.world, [&](const OneTlb& it) {
    for (uint64_t bits = it.tlb->small_valid; bits != 0; bits &= bits - 1) {
      const int at = std::countr_zero(bits);
      judge(it, it.tlb->small[at], 1, SmallEntry(at));
    }
    for (uint64_t bits = it.tlb->huge_valid; bits != 0; bits &= bits - 1) {
      const int at = std::countr_zero(bits);
      judge(it, it.tlb->huge[at], kPagesPerPmd, HugeEntry(at));
    }
  });
}

}  // namespace gatherfuzz
