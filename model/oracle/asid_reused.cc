// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// asid-reused: user code of an mm runs with what is cached of that mm only.
#include <bit>

#include "model/oracle/oracle.h"

namespace gatherfuzz {

// Only of mm0 is anything ever cached.
void CheckAsid(System& system, CpuId cpu) {
  const World& world = system.world;
  if (world.switching.asids.count == 0) return;
  if (world.switching.at(cpu).task_mm == MmId::kMm0) return;
  const CpuState& it = world.at(cpu);
  Violation violation{.kind = ViolationKind::kAsidReused, .cpu = Index(cpu), .holder = Index(cpu)};
  const auto leaf = [&](const Pte& pte, int page) {
    violation.page = page;
    violation.frame = Index(pte.frame);
    violation.mapping = pte.mapping;
    violation.detail = "a translation";
  };
  if (it.tlb.small_valid != 0) {
    const int page = std::countr_zero(it.tlb.small_valid);
    leaf(it.tlb.small[static_cast<size_t>(page)], page);
  } else if (it.tlb.huge_valid != 0) {
    const int block = std::countr_zero(it.tlb.huge_valid);
    leaf(it.tlb.huge[static_cast<size_t>(block)], block * kPagesPerPmd);
  } else if ((it.walk_cache.pte_valid | it.walk_cache.pmd_valid) != 0) {
    violation.detail = "a pointer to a page table";
  } else {
    return;
  }
  system.Report(violation);
}

}  // namespace gatherfuzz
