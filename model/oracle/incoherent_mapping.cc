// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// incoherent-mapping: nobody maps a page to a frame while a TLB translates it to another, unless a
// call of the program that discards the page is under way.
//
// What the kernel does to a page on its own must not be seen: two CPUs of one mm that read one
// address read one page. Where munmap, MADV_DONTNEED or MADV_FREE of the page has not returned,
// what an access finds there is undefined, so a call that has examined the page and not returned
// excuses it. So is, of a page fault, what the CPU that faults has cached itself: its access walks
// once more. Judged where a write fault has copied a page, migration has moved it, or KSM has
// merged it. Of a page that comes back by a fault it is judged only under policies that hold page
// faults to it (UnmapBatching::held_coherent): every kernel of the model breaks it, for every page
// that is written again while reclaim owes its flush.
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

bool Discards(const World& world, int page) {
  for (int i = 0; i < world.cpu_count; ++i) {
    const Call& call = world.at(MakeCpu(i)).call;
    const bool discards = call.kind == CallKind::kRemove || call.kind == CallKind::kClean;
    if (discards && (call.examined & PageBit(page)) != 0) return true;
  }
  return false;
}

}  // namespace

void CheckCoherent(System& system, CpuId cpu, int page, FrameId frame, int excused) {
  const World& world = system.world;
  if (Discards(world, page)) return;
  ForEachTlb(world, [&](const OneTlb& it) {
    if (it.cpu == excused) return;
    const Tlb& tlb = *it.tlb;
    const bool is_small = (tlb.small_valid & PageBit(page)) != 0;
    const int block = page / kPagesPerPmd;
    if (!is_small && (tlb.huge_valid & PageBit(block)) == 0) return;
    const Pte& entry = is_small ? tlb.small[page] : tlb.huge[block];
    const int cached = Index(entry.frame) + (is_small ? 0 : page % kPagesPerPmd);
    if (cached == Index(frame)) return;
    ReportHeld(system,
               {.kind = ViolationKind::kIncoherentMapping,
                .page = page,
                .frame = cached,
                .cpu = Index(cpu),
                .holder = it.cpu,
                .mapping = entry.mapping},
               it, is_small ? SmallEntry(page) : HugeEntry(block));
  });
}

}  // namespace gatherfuzz
