// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// level-hint: the level hint is given also if tables were freed.
//
// Base: full-mm. Published: Z36 (the free of a PTE table sets cleared_pmds; the hint then is the
// level above, at which there is no leaf, and the pointer to the table stays). To be seen: arm64,
// any order, one CPU, and a program: a munmap that frees PTE tables but no PMD table, or the other
// way round, with a walk cache that holds one. x86 knows no level and is clean.
#include "model/arch/arch.h"
#include "model/machine/invalidation.h"
#include "model/policies/planted/planted.h"

namespace gatherfuzz {
namespace {

class LevelHintDefect final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) MakeFullMm(t.gather());
  }
  void ArchFlush(const Thread& t, const MmuGather& gather) const override {
    Invalidation request{}, hinted{};
    MmuGather without_tables = gather;
    without_tables.freed_tables = 0;
    if (!ArchRequest(t, gather, request)) return;
    if (!t.system.arch->TlbFlush(without_tables, hinted)) hinted.level_hint = 0;
    if (hinted.level_hint != 0) {
      request.level_hint = hinted.level_hint;
      request.small &= hinted.small;
      request.huge &= hinted.huge;
      // Of the pointers to tables, those above the level.
      if (request.level_hint > 1 + static_cast<int>(Level::kPte)) request.pte_tables = 0;
      if (request.level_hint > 1 + static_cast<int>(Level::kPmd)) request.pmd_tables = 0;
    }
    Invalidate(t, request);
  }
};

const LevelHintDefect kProtocol{};
constexpr Policy kPolicy("level-hint", "as full-mm, with a level hint although tables were freed",
                         "Z36", kProtocol,
                         {.group = PolicyGroup::kPlanted, .base = "full-mm", .recalls = false});
const RegisterPolicy kRegistered(&kPolicy);

}  // namespace
}  // namespace gatherfuzz
