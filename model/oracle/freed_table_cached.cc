// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// freed-table-cached: no page-table frame is freed while any walk cache, or a walk in flight,
// points at it as the table it is now.
#include "model/oracle/oracle.h"

namespace gatherfuzz {

void CheckFreeTable(System& system, CpuId cpu, FrameId table, int page) {
  const World& world = system.world;
  const uint16_t generation = world.at(table).generation;
  for (int i = 0; i < world.cpu_count; ++i) {
    const CpuState& holder = world.at(MakeCpu(i));
    const auto check = [&](const TablePointer& pointer, int page, const char* where) {
      if (pointer.generation != generation || pointer.frame != table) return;
      system.Report({.kind = ViolationKind::kFreedTableCached,
                     .page = page,
                     .frame = Index(table),
                     .cpu = Index(cpu),
                     .holder = i,
                     .detail = where});
    };
    for (int at = 0; const TablePointer& pointer : holder.walk_cache.pte_tables) {
      check(pointer, kPagesPerPmd * at++, "walk cache, pointer to a PTE table");
    }
    for (int at = 0; const TablePointer& pointer : holder.walk_cache.pmd_tables) {
      check(pointer, kPagesPerPud * at++, "walk cache, pointer to a PMD table");
    }
    check(holder.walks[kOwnWalk].at, page, "walk in flight, of an access");
    check(holder.walks[kWalkerWalk].at, page, "walk in flight, of the hardware walker");
  }
}

}  // namespace gatherfuzz
