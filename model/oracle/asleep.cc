// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "model/oracle/asleep.h"

#include <bit>

#include "model/oracle/oracle.h"

namespace gatherfuzz {
namespace {

template <typename SomeWorld>
auto& OwedUnder(SomeWorld& world, CpuId cpu, int slot) {
  if (slot == kGlobalSlot) return world.broadcast.at(cpu).owed;
  return world.switching.at(cpu).owed[static_cast<size_t>(slot)];
}

}  // namespace

void ReportHeld(System& system, const Violation& violation, const OneTlb& it, int entry) {
  if (Counts(system.world, it)) return system.Report(violation);
  // Nobody comes back there.
  if (system.world.switches == 0 || (system.world.exited >> it.cpu & 1) != 0) return;
  if ((system.ignored & Bit(violation.kind)) != 0) return;
  Owed& owed = OwedUnder(system.world, MakeCpu(it.cpu), it.slot);
  const auto at = static_cast<size_t>(entry);
  // Of several, a page that is free weighs most.
  const bool freed = owed.mapping[at] == violation.mapping &&
                     owed.kind[at] == static_cast<uint8_t>(ViolationKind::kFreedPageCached);
  if (freed) return;
  owed.mapping[at] = static_cast<Mapping>(violation.mapping);
  owed.kind[at] = static_cast<uint8_t>(violation.kind);
}

ViolationKind OwedFor(const World& world, CpuId cpu, int slot, int entry, Mapping mapping) {
  const Owed& owed = OwedUnder(world, cpu, slot);
  const auto at = static_cast<size_t>(entry);
  return owed.mapping[at] == mapping ? static_cast<ViolationKind>(owed.kind[at])
                                     : ViolationKind::kNone;
}

void CheckResume(System& system, CpuId cpu) {
  const Tlb& tlb = system.world.at(cpu).tlb;
  const auto judge = [&](int page, int entry, const Pte& pte) {
    const int loaded = system.world.switching.at(cpu).slot;
    const ViolationKind kind = OwedFor(system.world, cpu, loaded, entry, pte.mapping);
    if (kind == ViolationKind::kNone) return;
    system.Report({.kind = kind,
                   .page = page,
                   .frame = Index(pte.frame),
                   .cpu = Index(cpu),
                   .holder = Index(cpu),
                   .mapping = pte.mapping,
                   .moment = pte.mapping + 1u});
  };
  for (uint64_t pages = tlb.small_valid; pages != 0; pages &= pages - 1) {
    const int page = std::countr_zero(pages);
    judge(page, SmallEntry(page), tlb.small[page]);
  }
  for (uint64_t blocks = tlb.huge_valid; blocks != 0; blocks &= blocks - 1) {
    const int block = std::countr_zero(blocks);
    judge(block * kPagesPerPmd, HugeEntry(block), tlb.huge[block]);
  }
}

void CheckLoaded(System& system, CpuId cpu) {
  const WalkCache& cache = system.world.at(cpu).walk_cache;
  const auto judge = [&](const TablePointer& pointer, int page, const char* where) {
    const Frame& frame = system.world.at(pointer.frame);
    if (frame.state == FrameState::kTable && frame.generation == pointer.generation) return;
    system.Report({.kind = ViolationKind::kFreedTableCached,
                   .page = page,
                   .frame = Index(pointer.frame),
                   .cpu = Index(cpu),
                   .holder = Index(cpu),
                   .detail = where});
  };
  for (unsigned bits = cache.pte_valid; bits != 0; bits &= bits - 1) {
    const int i = std::countr_zero(bits);
    judge(cache.pte_tables[i], i * kPagesPerPmd, "walk cache, pointer to a PTE table");
  }
  for (unsigned bits = cache.pmd_valid; bits != 0; bits &= bits - 1) {
    const int i = std::countr_zero(bits);
    judge(cache.pmd_tables[i], i * kPagesPerPud, "walk cache, pointer to a PMD table");
  }
}

}  // namespace gatherfuzz
