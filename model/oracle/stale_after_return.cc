// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// stale-after-return and stale-dirty-after-return.
//
// When a call that removes mappings returns, no CPU's TLB holds, for a page whose PTE the call
// cleared or saw empty, a translation with a lower number than the next mapping had then. A mapping
// made since, by a fault on the same page, has that number or a higher one and is not its business.
// For MADV_FREE the same holds of dirty translations older than the mapping the cleaned PTE has:
// clean ones do no harm, because a write through them sets D in the PTE again (H9).
// Pages of the range that the call did not examine, because no VMA was there, are not judged.
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

bool Stale(const Call& call, const Pte& entry, int page) {
  return entry.mapping < call.moments[page] && (call.kind == CallKind::kRemove || entry.dirty());
}

void Judge(System& system, CpuId cpu, const OneTlb& it, int at, const Pte& entry, int page) {
  const Call& call = system.world.at(cpu).call;
  if (!Stale(call, entry, page)) return;
  ReportHeld(system,
             {.kind = call.kind == CallKind::kRemove ? ViolationKind::kStaleAfterReturn
                                                     : ViolationKind::kStaleDirtyAfterReturn,
              .page = page,
              .frame = Index(entry.frame),
              .cpu = Index(cpu),
              .holder = it.cpu,
              .mapping = entry.mapping,
              .moment = call.moments[page]},
             it, at);
}

}  // namespace

void CheckReturn(System& system, CpuId cpu) {
  const Call& call = system.world.at(cpu).call;
  if (call.kind != CallKind::kRemove && call.kind != CallKind::kClean) return;
  ForEachTlb(system.world, [&](const OneTlb& it) {
    const Tlb& tlb = *it.tlb;
    for (uint64_t pages = tlb.small_valid & call.examined; pages != 0; pages &= pages - 1) {
      const int page = std::countr_zero(pages);
      Judge(system, cpu, it, SmallEntry(page), tlb.small[page], page);
    }
    for (uint64_t blocks = tlb.huge_valid; blocks != 0; blocks &= blocks - 1) {
      const int block = std::countr_zero(blocks);
      const int first = block * kPagesPerPmd;
      uint64_t pages = call.examined & MaskOf({first, first + kPagesPerPmd});
      for (; pages != 0; pages &= pages - 1) {
        Judge(system, cpu, it, HugeEntry(block), tlb.huge[block], std::countr_zero(pages));
      }
    }
  });
}

}  // namespace gatherfuzz
