// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// stale-after-return, stale-dirty-after-return and writable-after-return.
//
// When a call that removes mappings returns, no CPU's TLB holds, for a page whose PTE the call
// cleared or saw empty, a translation with a lower number than the next mapping had then. A mapping
// made since, by a fault on the same page, has that number or a higher one and is not its business.
// For MADV_FREE the same holds of dirty translations older than the mapping the cleaned PTE has:
// clean ones do no harm, because a write through them sets D in the PTE again (H9).
// What takes all access away is held to what removes is: older than the mapping that the PTE then
// has, or, where it was empty, than the next one. So is what takes the right to write away, of
// translations that are writable and dirty: a write through a clean one asks the PTE (H9).
// Pages of the range that the call did not examine, because no VMA was there, are not judged.
#include <bit>

#include "model/oracle/asleep.h"
#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

ViolationKind KindOf(CallKind call) {
  return call == CallKind::kClean     ? ViolationKind::kStaleDirtyAfterReturn
         : call == CallKind::kProtect ? ViolationKind::kWritableAfterReturn
                                      : ViolationKind::kStaleAfterReturn;
}

void Judge(System& system, CpuId cpu, const OneTlb& it, int at, const Pte& entry, int page) {
  const Call& call = system.world.at(cpu).call;
  if (!AnswersFor(call, entry, page)) return;
  ReportHeld(system,
             {.kind = KindOf(call.kind),
              .page = page,
              .frame = Index(entry.frame),
              .cpu = Index(cpu),
              .holder = it.cpu,
              .mapping = entry.mapping,
              .moment = call.moments[page]},
             it, at);
}

}  // namespace

bool AnswersFor(const Call& call, const Pte& entry, int page) {
  if (entry.mapping >= call.moments[page]) return false;
  switch (call.kind) {
    case CallKind::kRemove:
    case CallKind::kForbid: return true;
    case CallKind::kClean: return entry.dirty();
    case CallKind::kProtect: return entry.writable() && entry.dirty();
    case CallKind::kNone:
    case CallKind::kOther: break;
  }
  return false;
}

void CheckReturn(System& system, CpuId cpu) {
  const Call& call = system.world.at(cpu).call;
  if (call.kind == CallKind::kNone || call.kind == CallKind::kOther) return;
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
