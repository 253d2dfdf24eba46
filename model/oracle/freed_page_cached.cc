// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// freed-page-cached: no data frame is freed while any TLB still translates to it, and no TLB comes
// to translate to a frame that is not data in use (which only a walk through a dead table can do).
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

bool Overlap(int a, int a_count, FrameId b, int b_count) {
  return a < Index(b) + b_count && Index(b) < a + a_count;
}

}  // namespace

void CheckFreePage(System& system, CpuId cpu, FrameId frame, int page, Level level) {
  const int count = PagesAt(level);
  const auto report = [&](const OneTlb& it, int at, const Pte& entry) {
    ReportHeld(system,
               {.kind = ViolationKind::kFreedPageCached,
                .page = page,
                .frame = Index(frame),
                .cpu = Index(cpu),
                .holder = it.cpu,
                .mapping = entry.mapping},
               it, at);
  };
  ForEachTlb(system.world, [&](const OneTlb& it) {
    for (uint64_t bits = it.tlb->small_valid; bits != 0; bits &= bits - 1) {
      const int at = std::countr_zero(bits);
      const Pte& entry = it.tlb->small[at];
      if (Overlap(Index(frame), count, entry.frame, 1)) report(it, SmallEntry(at), entry);
    }
    for (uint64_t bits = it.tlb->huge_valid; bits != 0; bits &= bits - 1) {
      const int at = std::countr_zero(bits);
      const Pte& entry = it.tlb->huge[at];
      if (Overlap(Index(frame), count, entry.frame, kPagesPerPmd)) report(it, HugeEntry(at), entry);
    }
  });
}

void CheckFill(System& system, CpuId cpu, const Walk& walk, Pte leaf) {
  if (system.world.at(leaf.frame).state == FrameState::kData) return;
  const Violation violation{.kind = ViolationKind::kFreedPageCached,
                            .page = walk.page,
                            .frame = Index(leaf.frame),
                            .cpu = Index(cpu),
                            .holder = Index(cpu),
                            .mapping = leaf.mapping,
                            .detail = "filled from a frame that is not data"};
  if (system.world.sc()) return system.Report(violation);
  // By an old value: the hardware had it before the frame was freed.
  const bool huge = walk.level == Level::kPmd;
  const int slot = system.world.switches != 0 ? system.world.switching.at(cpu).slot : 0;
  ReportHeld(system, violation, {Index(cpu), true, &system.world.at(cpu).tlb, slot},
             huge ? HugeEntry(walk.page / kPagesPerPmd) : SmallEntry(walk.page));
}

}  // namespace gatherfuzz
