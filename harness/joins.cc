// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/joins.h"

namespace gatherfuzz {
namespace {

constexpr PointMask kOfPtes =
    MaskOf(Point::pte_read) | MaskOf(Point::pte_clear) | MaskOf(Point::pte_set);

}  // namespace

Joins::Joins(const Schedule& schedule)
    : any_(schedule.memory == MemoryModel::kSc && !OnlySc(schedule)) {
  for (const auto& [agent, op] : schedule.program) {
    const OpInfo& info = Info(op.kind);
    const bool looks = KindOf(agent) == AgentKind::kWalker ||
                       info.is(effect::kAccesses | effect::kGuards | effect::kMoves);
    if (looks) seen_ |= MaskOf(op.range);
    if (info.is(effect::kMoves)) seen_ |= MaskOf(MovesTo(op));
  }
}

// As the rules of exploration have it (explore/clash.cc), where they name nobody.
bool Joins::Commutes(const World& world, CpuId cpu, PendingStep next) const {
  const CpuState& self = world.at(cpu);
  // With an invalidation that it does not wait for, what it does next depends on its deliveries.
  if (self.invalidation.undelivered != 0) return false;
  if (next.point == Point::pte_unlock) return true;
  if ((kOfPtes & MaskOf(next.point)) == 0 || (seen_ >> next.page & 1) != 0) return false;
  return next.point != Point::pte_clear || self.gather.page_count < kMaxBatch;
}

}  // namespace gatherfuzz
